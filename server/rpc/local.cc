// Methods that need nobody else: configuration, language packs, and the lists that this server
// always has empty because official-style clients ask for them after signing in.
#include <algorithm>
#include <cstdlib>
#include <vector>

#include "server/rpc/limits.h"
#include "server/rpc/requests.h"

namespace trunkline::rpc {
namespace {

constexpr std::int32_t kConfigLifetime = 3600;      // seconds
constexpr std::int32_t kTermsLifetime = 24 * 3600;  // seconds until asked again
constexpr std::int32_t kTestDcOffset = 10'000;      // added to the DC id by clients in test mode
constexpr std::int32_t kAppConfigHash = 1;          // ours never changes

// The DC id of a key exchange is negative for media connections.
std::int64_t PlainDc(std::int32_t dc) {
  return std::abs(std::int64_t{dc});
}
bool IsTestDc(std::int32_t dc) {
  return PlainDc(dc) > kTestDcOffset;
}

// The DC that the client believes to be at: with another it asks for the configuration without end.
std::int32_t ThisDc(const Context& context) {
  const std::int64_t dc = PlainDc(context.dc) - (IsTestDc(context.dc) ? kTestDcOffset : 0);
  return dc == 0 ? context.config.dc.value() : static_cast<std::int32_t>(dc);
}

std::int32_t Milliseconds(Duration duration) {
  return static_cast<std::int32_t>(duration.count());
}

void SetTypicalLimits(api::Config& config) {
  config.dc_txt_domain_name = "localhost";
  config.chat_size_max = 200;
  config.megagroup_size_max = 200'000;
  config.forwarded_count_max = 100;
  config.online_update_period_ms = 210'000;
  config.offline_blur_timeout_ms = 5'000;
  config.offline_idle_timeout_ms = 30'000;
  config.online_cloud_timeout_ms = 300'000;
  config.notify_cloud_delay_ms = 30'000;
  config.notify_default_delay_ms = 1'500;
  config.push_chat_period_ms = 60'000;
  config.push_chat_limit = 2;
  config.edit_time_limit = 172'800;
  config.revoke_time_limit = 2'147'483'647;
  config.revoke_pm_time_limit = 2'147'483'647;
  config.rating_e_decay = 2'419'200;
  config.stickers_recent_limit = 200;
  config.channels_read_media_period = 604'800;
  config.me_url_prefix = "https://t.me/";
  config.caption_length_max = 1'024;
  config.message_length_max = 4'096;
}

// config had phonecalls_enabled:flags.1?true until layer 152, and clients of those layers hide
// calls without it. The newest form doesn't know it, so it is set in the flags word behind the id.
void SetPhoneCallsEnabled(Bytes& config, int layer) {
  constexpr int kLastLayer = 152;
  constexpr std::uint32_t kPhoneCallsEnabled = 1u << 1;
  if (layer > kLastLayer || config.size() < 8) return;
  StoreLittle(config.data() + 4, LoadLittle<std::uint32_t>(config.data() + 4) | kPhoneCallsEnabled);
}

api::LangPackDifference NoStrings(std::string_view lang_code, std::int32_t version) {
  api::LangPackDifference difference;
  difference.lang_code = lang_code;
  difference.from_version = version;
  difference.version = version;
  return difference;
}

bool IsUsername(std::string_view name) {
  constexpr std::size_t kUsernameMax = 32;
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  if (name.empty() || name.size() > kUsernameMax || !is_letter(name[0])) return false;
  return std::all_of(name.begin(), name.end(),
                     [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '_'; });
}

}  // namespace

Outcome Run(const fn::help::GetConfig&, const Context& context) {
  std::vector<api::DcOption> options(context.config.addresses.size());
  std::vector<api::AnyDcOption> boxed;
  for (std::size_t i = 0; i < options.size(); ++i) {
    const DcAddress& address = context.config.addresses[i];
    options[i].set_static();  // one library uses only these
    options[i].set_ipv6(address.ipv6);
    options[i].id = ThisDc(context);
    options[i].ip_address = address.ip;
    options[i].port = address.port;
    boxed.emplace_back(&options[i]);
  }
  api::Config config;
  SetTypicalLimits(config);
  config.date = UnixDate(context.now);
  config.expires = config.date + kConfigLifetime;
  config.test_mode = IsTestDc(context.dc);
  config.this_dc = ThisDc(context);
  config.webfile_dc_id = config.this_dc;
  config.dc_options = boxed;
  config.call_receive_timeout_ms = Milliseconds(context.config.receive_timeout);
  config.call_ring_timeout_ms = Milliseconds(context.config.ring_timeout);
  config.call_connect_timeout_ms = Milliseconds(context.config.connect_timeout);
  config.call_packet_timeout_ms = Milliseconds(context.config.packet_timeout);
  Bytes out;
  ::tl::AppendTo(out, config, context.layer);
  SetPhoneCallsEnabled(out, context.layer);
  return out;
}

Outcome Run(const fn::help::GetNearestDc&, const Context& context) {
  api::NearestDc nearest;
  nearest.country = "XX";
  nearest.this_dc = nearest.nearest_dc = ThisDc(context);
  return Give(nearest, context);
}

// Until layer 152 the configuration came alone, under another method id.
Outcome Run(const fn::help::GetAppConfig& request, const Context& context) {
  const api::JsonObject nothing;
  if (context.wire_id != fn::help::GetAppConfig::kId) return Give(nothing, context);
  if (request.hash == kAppConfigHash) return Give(api::help::AppConfigNotModified(), context);
  api::help::AppConfig config;
  config.hash = kAppConfigHash;
  config.config = &nothing;
  return Give(config, context);
}

Outcome Run(const fn::help::GetCountriesList&, const Context& context) {
  return Give(api::help::CountriesList(), context);
}

Outcome Run(const fn::help::GetTermsOfServiceUpdate&, const Context& context) {
  api::help::TermsOfServiceUpdateEmpty none;
  none.expires = UnixDate(context.now) + kTermsLifetime;
  return Give(none, context);
}

Outcome Run(const fn::help::AcceptTermsOfService&, const Context&) {
  return GiveBool(true);
}

Outcome Run(const fn::help::GetPromoData&, const Context& context) {
  api::help::PromoDataEmpty none;
  none.expires = UnixDate(context.now) + kTermsLifetime;
  return Give(none, context);
}

Outcome Run(const fn::help::GetInviteText&, const Context& context) {
  return Give(api::help::InviteText(), context);
}

Outcome Run(const fn::help::SaveAppLog&, const Context&) {
  return GiveBool(true);
}

Outcome Run(const fn::langpack::GetLangPack& request, const Context& context) {
  api::LangPackDifference difference = NoStrings(request.lang_code, 1);
  difference.from_version = 0;
  return Give(difference, context);
}

Outcome Run(const fn::langpack::GetStrings&, const Context& context) {
  return GiveEmptyVector<api::AnyLangPackString>(context);
}

Outcome Run(const fn::langpack::GetDifference& request, const Context& context) {
  return Give(NoStrings(request.lang_code, request.from_version), context);
}

Outcome Run(const fn::langpack::GetLanguages&, const Context& context) {
  return GiveEmptyVector<api::AnyLangPackLanguage>(context);
}

Outcome Run(const fn::langpack::GetLanguage& request, const Context& context) {
  api::LangPackLanguage language;
  language.name = language.native_name = request.lang_code;
  language.lang_code = language.plural_code = request.lang_code;
  return Give(language, context);
}

Outcome Run(const fn::messages::GetDialogs&, const Context& context) {
  return Give(api::messages::Dialogs(), context);
}

// Until layer 175 a bare vector, under another method id.
Outcome Run(const fn::messages::GetDialogFilters&, const Context& context) {
  if (context.wire_id != fn::messages::GetDialogFilters::kId) {
    return GiveEmptyVector<api::AnyDialogFilter>(context);
  }
  return Give(api::messages::DialogFilters(), context);
}

// Until layer 134 the settings came alone, under another method id.
Outcome Run(const fn::messages::GetPeerSettings&, const Context& context) {
  const api::PeerSettings none;
  if (context.wire_id != fn::messages::GetPeerSettings::kId) return Give(none, context);
  api::messages::PeerSettings settings;
  settings.settings = &none;
  return Give(settings, context);
}

Outcome Run(const fn::contacts::GetStatuses&, const Context& context) {
  return GiveEmptyVector<api::AnyContactStatus>(context);
}

Outcome Run(const fn::contacts::ResolveUsername& request, const Context&) {
  return Refuse(IsUsername(request.username) ? ErrorType::kUsernameNotOccupied
                                             : ErrorType::kUsernameInvalid);
}

// Push notifications through third parties are not sent; the registration is taken and forgotten.
Outcome Run(const fn::account::RegisterDevice&, const Context&) {
  return GiveBool(true);
}
Outcome Run(const fn::account::UnregisterDevice&, const Context&) {
  return GiveBool(true);
}

Outcome Run(const fn::upload::SaveFilePart& request, const Context& context) {
  const auto refused = context.uploads.TakePart(request.file_id, request.file_part,
                                                request.bytes.size(), context.now);
  return refused ? Outcome(*refused) : GiveBool(true);
}

Outcome Run(const fn::upload::SaveBigFilePart& request, const Context& context) {
  const auto refused = context.uploads.TakePart(request.file_id, request.file_part,
                                                request.bytes.size(), context.now);
  return refused ? Outcome(*refused) : GiveBool(true);
}

}  // namespace trunkline::rpc
