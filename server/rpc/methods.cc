// The table of methods: who may call which. Allowed without a user, as the API documents it:
// signing in, and what a client needs to show its first screen. 401 only where a user is really
// needed: the official client logs out on any other.
#include <algorithm>
#include <array>

#include "server/rpc/requests.h"

namespace trunkline::rpc {
namespace {

using Access = Method::Access;

template <class M>
constexpr Method Row(Access access, bool unbound = false) {
  return {M::kId, access, unbound, [](const api::AnyMethod& method, const Context& context) {
            return Run(*method.As<M>(), context);
          }};
}

constexpr auto Sorted(auto rows) {
  std::sort(rows.begin(), rows.end(), [](const Method& a, const Method& b) { return a.id < b.id; });
  return rows;
}

constexpr auto kMethods = Sorted(std::array{
    Row<fn::help::GetConfig>(Access::kAnyone, true),
    Row<fn::help::GetNearestDc>(Access::kAnyone, true),
    Row<fn::help::GetAppConfig>(Access::kAnyone),
    Row<fn::help::GetCountriesList>(Access::kAnyone),
    Row<fn::help::GetTermsOfServiceUpdate>(Access::kAnyone),
    Row<fn::help::AcceptTermsOfService>(Access::kAnyone),
    Row<fn::help::GetPromoData>(Access::kAnyone),
    Row<fn::help::GetInviteText>(Access::kAnyone),
    Row<fn::help::SaveAppLog>(Access::kAnyone),
    Row<fn::langpack::GetLangPack>(Access::kAnyone),
    Row<fn::langpack::GetStrings>(Access::kAnyone),
    Row<fn::langpack::GetDifference>(Access::kAnyone),
    Row<fn::langpack::GetLanguages>(Access::kAnyone),
    Row<fn::langpack::GetLanguage>(Access::kAnyone),
    Row<fn::messages::GetDialogs>(Access::kUserNotBot),
    Row<fn::messages::GetDialogFilters>(Access::kUserNotBot),
    Row<fn::messages::GetPeerSettings>(Access::kUserNotBot),
    Row<fn::contacts::GetStatuses>(Access::kUserNotBot),
    Row<fn::contacts::ResolveUsername>(Access::kUser),
    Row<fn::account::RegisterDevice>(Access::kUserNotBot),
    Row<fn::account::UnregisterDevice>(Access::kUserNotBot),
    Row<fn::upload::SaveFilePart>(Access::kUser),
    Row<fn::upload::SaveBigFilePart>(Access::kUser),

    Row<fn::auth::BindTempAuthKey>(Access::kAnyone, true),
    Row<fn::auth::DropTempAuthKeys>(Access::kAnyone),
    Row<fn::auth::SendCode>(Access::kAnyone),
    Row<fn::auth::ResendCode>(Access::kAnyone),
    Row<fn::auth::CancelCode>(Access::kAnyone),
    Row<fn::auth::SignIn>(Access::kAnyone),
    Row<fn::auth::SignUp>(Access::kAnyone),
    Row<fn::auth::ImportBotAuthorization>(Access::kAnyone),
    Row<fn::auth::LogOut>(Access::kUser),
    Row<fn::auth::ExportAuthorization>(Access::kUser),
    Row<fn::auth::ImportAuthorization>(Access::kAnyone),
    Row<fn::account::UpdateStatus>(Access::kUserNotBot),
    Row<fn::account::GetAuthorizations>(Access::kUserNotBot),
    Row<fn::account::ChangeAuthorizationSettings>(Access::kUserNotBot),

    Row<fn::users::GetUsers>(Access::kUser),
    Row<fn::users::GetFullUser>(Access::kUser),
    Row<fn::contacts::ImportContacts>(Access::kUserNotBot),
    Row<fn::contacts::ResolvePhone>(Access::kUserNotBot),
    Row<fn::contacts::GetContacts>(Access::kUserNotBot),
    Row<fn::contacts::AddContact>(Access::kUserNotBot),
    Row<fn::contacts::DeleteContacts>(Access::kUserNotBot),
    Row<fn::contacts::Block>(Access::kUserNotBot),
    Row<fn::contacts::Unblock>(Access::kUserNotBot),
    Row<fn::contacts::GetBlocked>(Access::kUserNotBot),
    Row<fn::account::GetPrivacy>(Access::kUserNotBot),
    Row<fn::account::SetPrivacy>(Access::kUserNotBot),
    Row<fn::updates::GetState>(Access::kUser),
    Row<fn::updates::GetDifference>(Access::kUser),
    Row<fn::messages::GetHistory>(Access::kUserNotBot),

    Row<fn::messages::GetDhConfig>(Access::kUserNotBot),
    Row<fn::phone::GetCallConfig>(Access::kUserNotBot),
    Row<fn::phone::RequestCall>(Access::kUserNotBot),
    Row<fn::phone::ReceivedCall>(Access::kUserNotBot),
    Row<fn::phone::AcceptCall>(Access::kUserNotBot),
    Row<fn::phone::ConfirmCall>(Access::kUserNotBot),
    Row<fn::phone::DiscardCall>(Access::kUserNotBot),
    Row<fn::phone::SendSignalingData>(Access::kUserNotBot),
    Row<fn::phone::SetCallRating>(Access::kUserNotBot),
    Row<fn::phone::SaveCallDebug>(Access::kUserNotBot),
    Row<fn::phone::SaveCallLog>(Access::kUserNotBot),
});

}  // namespace

const Method* FindMethod(std::uint32_t id) {
  const auto at =
      std::lower_bound(kMethods.begin(), kMethods.end(), id,
                       [](const Method& row, std::uint32_t wanted) { return row.id < wanted; });
  return at != kMethods.end() && at->id == id ? &*at : nullptr;
}

}  // namespace trunkline::rpc
