// What each method of the surface turns into: an error, an answer at once, a command for the book,
// or a binding to check. One overload of Run a method; methods.cc has the table of who may call
// which. Form is checked here (lengths, counts, constructors), meaning by the book.
#pragma once

#include <cstdint>
#include <variant>

#include "common/bytes.h"
#include "common/entropy.h"
#include "common/time.h"
#include "server/book/command.h"
#include "server/rpc/dispatcher.h"
#include "server/rpc/error.h"
#include "server/rpc/uploads.h"
#include "tl/api_types.h"

namespace trunkline::rpc {

namespace api = ::tl::api;
namespace fn = ::tl::api::fn;

struct Context {
  const DispatcherConfig& config;
  Entropy& entropy;
  WallTime now;
  int layer = 0;              // of the session
  std::uint32_t wire_id = 0;  // the method's id as received
  std::int32_t dc = 0;        // DC id of the key exchange as sent, 0 = none
  Uploads& uploads;           // of the key
};

// Bytes: the boxed result. CheckBinding: session and msg_id are filled in by the caller.
using Outcome = std::variant<RpcError, Bytes, book::CommandBody, CheckBinding>;

struct Method {
  enum class Access : std::uint8_t { kAnyone, kUser, kUserNotBot };
  std::uint32_t id;  // the newest
  Access access;
  bool unbound;  // allowed over a temporary key that isn't bound yet
  Outcome (*run)(const api::AnyMethod& method, const Context& context);
};
// nullptr: read by tl, not answered by this server.
const Method* FindMethod(std::uint32_t id);

// local.cc: answered here.
Outcome Run(const fn::help::GetConfig&, const Context&);
Outcome Run(const fn::help::GetNearestDc&, const Context&);
Outcome Run(const fn::help::GetAppConfig&, const Context&);
Outcome Run(const fn::help::GetCountriesList&, const Context&);
Outcome Run(const fn::help::GetTermsOfServiceUpdate&, const Context&);
Outcome Run(const fn::help::AcceptTermsOfService&, const Context&);
Outcome Run(const fn::help::GetPromoData&, const Context&);
Outcome Run(const fn::help::GetInviteText&, const Context&);
Outcome Run(const fn::help::SaveAppLog&, const Context&);
Outcome Run(const fn::langpack::GetLangPack&, const Context&);
Outcome Run(const fn::langpack::GetStrings&, const Context&);
Outcome Run(const fn::langpack::GetDifference&, const Context&);
Outcome Run(const fn::langpack::GetLanguages&, const Context&);
Outcome Run(const fn::langpack::GetLanguage&, const Context&);
Outcome Run(const fn::messages::GetDialogs&, const Context&);
Outcome Run(const fn::messages::GetDialogFilters&, const Context&);
Outcome Run(const fn::messages::GetPeerSettings&, const Context&);
Outcome Run(const fn::contacts::GetStatuses&, const Context&);
Outcome Run(const fn::contacts::ResolveUsername&, const Context&);
Outcome Run(const fn::account::RegisterDevice&, const Context&);
Outcome Run(const fn::account::UnregisterDevice&, const Context&);
Outcome Run(const fn::upload::SaveFilePart&, const Context&);
Outcome Run(const fn::upload::SaveBigFilePart&, const Context&);

// auth.cc
Outcome Run(const fn::auth::BindTempAuthKey&, const Context&);
Outcome Run(const fn::auth::DropTempAuthKeys&, const Context&);
Outcome Run(const fn::auth::SendCode&, const Context&);
Outcome Run(const fn::auth::ResendCode&, const Context&);
Outcome Run(const fn::auth::CancelCode&, const Context&);
Outcome Run(const fn::auth::SignIn&, const Context&);
Outcome Run(const fn::auth::SignUp&, const Context&);
Outcome Run(const fn::auth::ImportBotAuthorization&, const Context&);
Outcome Run(const fn::auth::LogOut&, const Context&);
Outcome Run(const fn::auth::ExportAuthorization&, const Context&);
Outcome Run(const fn::auth::ImportAuthorization&, const Context&);
Outcome Run(const fn::account::UpdateStatus&, const Context&);
Outcome Run(const fn::account::GetAuthorizations&, const Context&);
Outcome Run(const fn::account::ChangeAuthorizationSettings&, const Context&);

// people.cc
Outcome Run(const fn::users::GetUsers&, const Context&);
Outcome Run(const fn::users::GetFullUser&, const Context&);
Outcome Run(const fn::contacts::ImportContacts&, const Context&);
Outcome Run(const fn::contacts::ResolvePhone&, const Context&);
Outcome Run(const fn::contacts::GetContacts&, const Context&);
Outcome Run(const fn::contacts::AddContact&, const Context&);
Outcome Run(const fn::contacts::DeleteContacts&, const Context&);
Outcome Run(const fn::contacts::Block&, const Context&);
Outcome Run(const fn::contacts::Unblock&, const Context&);
Outcome Run(const fn::contacts::GetBlocked&, const Context&);
Outcome Run(const fn::account::GetPrivacy&, const Context&);
Outcome Run(const fn::account::SetPrivacy&, const Context&);
Outcome Run(const fn::updates::GetState&, const Context&);
Outcome Run(const fn::updates::GetDifference&, const Context&);
Outcome Run(const fn::messages::GetHistory&, const Context&);

// phone.cc
Outcome Run(const fn::messages::GetDhConfig&, const Context&);
Outcome Run(const fn::phone::GetCallConfig&, const Context&);
Outcome Run(const fn::phone::RequestCall&, const Context&);
Outcome Run(const fn::phone::ReceivedCall&, const Context&);
Outcome Run(const fn::phone::AcceptCall&, const Context&);
Outcome Run(const fn::phone::ConfirmCall&, const Context&);
Outcome Run(const fn::phone::DiscardCall&, const Context&);
Outcome Run(const fn::phone::SendSignalingData&, const Context&);
Outcome Run(const fn::phone::SetCallRating&, const Context&);
Outcome Run(const fn::phone::SaveCallDebug&, const Context&);
Outcome Run(const fn::phone::SaveCallLog&, const Context&);

// Parts of the above.

// inputUser, inputUserSelf; the others have no id that could be checked: nullopt.
std::optional<book::UserQuery> QueryOf(const api::AnyInputUser& user);
std::optional<book::UserQuery> QueryOf(const api::AnyInputPeer& peer);

// `error` stands for a request that the book will not see.
inline Outcome Refuse(ErrorType type, std::uint32_t argument = 0) {
  return RpcError{type, argument};
}

template <class Command>
Outcome Ask(Command command) {
  return book::CommandBody(std::move(command));
}

template <class T>
Outcome Give(const T& value, const Context& context) {
  Bytes out;
  ::tl::AppendTo(out, value, context.layer);
  return out;
}

inline Outcome GiveBool(bool value) {
  Bytes out;
  ::tl::AppendBool(out, value);
  return out;
}

template <class T>
Outcome GiveEmptyVector(const Context& context) {
  Bytes out;
  ::tl::AppendVector(out, std::span<const T>(), context.layer);
  return out;
}

}  // namespace trunkline::rpc
