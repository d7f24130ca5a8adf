// Calls: phone.* and messages.getDhConfig. Bytes of the key agreement are taken verbatim, whatever
// their length: the book judges them, because a bad value ends the call for the other party too.
#include <algorithm>
#include <optional>
#include <string>

#include "common/crypto/dh.h"
#include "server/rpc/limits.h"
#include "server/rpc/requests.h"
#include "server/rpc/text.h"

namespace trunkline::rpc {
namespace {

namespace cmd = book::cmd;

constexpr std::int32_t kDhVersion = 1;  // g and p never change

Bytes Copy(std::string_view bytes) {
  const ByteView view = AsBytes(bytes);
  return {view.begin(), view.end()};
}

// inputPhoneCall has been the only constructor at all layers.
cmd::PeerCall PeerOf(const api::AnyInputPhoneCall& peer) {
  const auto* const call = peer.As<api::InputPhoneCall>();
  if (call == nullptr) return {};
  return {CallId(call->id), AccessHash(call->access_hash)};
}

bool IsVersion(std::string_view version) {
  return !version.empty() && version.size() <= kLibraryVersionBytesMax &&
         std::all_of(version.begin(), version.end(), [](char c) { return c > ' ' && c < 0x7F; });
}

// With more or longer versions than any client has, or something else than printable ASCII, which
// the other party's client would choke on, a protocol without any layer: the book refuses it, and
// ends the call for the other party where there is one.
book::Protocol ProtocolOf(const api::AnyPhoneCallProtocol& any) {
  const book::Protocol kNone{false, true, 1, 0, {}};
  const auto* const wire = any.As<api::PhoneCallProtocol>();
  if (wire == nullptr || wire->library_versions.size() > kLibraryVersionsMax) return kNone;
  book::Protocol protocol;
  protocol.udp_p2p = wire->udp_p2p();
  protocol.udp_reflector = wire->udp_reflector();
  protocol.min_layer = wire->min_layer;
  protocol.max_layer = wire->max_layer;
  for (const std::string_view version : wire->library_versions) {
    if (!IsVersion(version)) return kNone;
    protocol.library_versions.emplace_back(version);
  }
  return protocol;
}

struct UploadedFile {
  std::int64_t id = 0;
  std::int32_t parts = 0;
};

// Stories' documents are no uploads: no parts.
UploadedFile FileOf(const api::AnyInputFile& any) {
  if (const auto* const file = any.As<api::InputFile>()) return {file->id, file->parts};
  if (const auto* const big = any.As<api::InputFileBig>()) return {big->id, big->parts};
  return {};
}

call::Reason ReasonOf(const api::AnyPhoneCallDiscardReason& reason) {
  switch (reason.id()) {
    case api::PhoneCallDiscardReasonMissed::kId:
      return call::Reason::kMissed;
    case api::PhoneCallDiscardReasonDisconnect::kId:
      return call::Reason::kDisconnect;
    case api::PhoneCallDiscardReasonBusy::kId:
      return call::Reason::kBusy;
    case api::PhoneCallDiscardReasonMigrateConferenceCall::kId:
      return call::Reason::kMigrateConferenceCall;
    default:
      return call::Reason::kHangup;
  }
}

}  // namespace

// The random bytes are exactly as many as asked for: two official clients fail the call otherwise,
// with dhConfigNotModified too.
Outcome Run(const fn::messages::GetDhConfig& request, const Context& context) {
  if (request.random_length < 0 || request.random_length > kRandomLengthMax) {
    return Refuse(ErrorType::kRandomLengthInvalid);
  }
  Bytes random(static_cast<std::size_t>(request.random_length));
  context.entropy.Fill(random);
  if (request.version == kDhVersion) {
    api::messages::DhConfigNotModified same;
    same.random = AsText(random);
    return Give(same, context);
  }
  api::messages::DhConfig config;
  config.g = crypto::kDhG;
  config.p = AsText(crypto::DhPrime());
  config.version = kDhVersion;
  config.random = AsText(random);
  return Give(config, context);
}

Outcome Run(const fn::phone::GetCallConfig&, const Context& context) {
  api::DataJSON config;
  config.data = "{}";
  return Give(config, context);
}

Outcome Run(const fn::phone::RequestCall& request, const Context&) {
  const std::optional<book::UserQuery> user = QueryOf(request.user_id);
  if (!user) return Refuse(ErrorType::kUserIdInvalid);
  return Ask(cmd::RequestCall{*user, request.video(), request.random_id, Copy(request.g_a_hash),
                              ProtocolOf(request.protocol)});
}

Outcome Run(const fn::phone::ReceivedCall& request, const Context&) {
  return Ask(cmd::ReceivedCall{PeerOf(request.peer)});
}

Outcome Run(const fn::phone::AcceptCall& request, const Context&) {
  return Ask(
      cmd::AcceptCall{PeerOf(request.peer), Copy(request.g_b), ProtocolOf(request.protocol)});
}

Outcome Run(const fn::phone::ConfirmCall& request, const Context&) {
  return Ask(cmd::ConfirmCall{PeerOf(request.peer), Copy(request.g_a), request.key_fingerprint,
                              ProtocolOf(request.protocol)});
}

Outcome Run(const fn::phone::DiscardCall& request, const Context&) {
  using Migrate = api::PhoneCallDiscardReasonMigrateConferenceCall;
  const auto* const migrate = request.reason.As<Migrate>();
  return Ask(
      cmd::DiscardCall{PeerOf(request.peer), request.video(), request.duration,
                       ReasonOf(request.reason), request.connection_id,
                       migrate == nullptr ? "" : CleanText(migrate->slug, kSlugCharactersMax)});
}

Outcome Run(const fn::phone::SendSignalingData& request, const Context&) {
  return Ask(cmd::SendSignalling{PeerOf(request.peer), Copy(request.data)});
}

Outcome Run(const fn::phone::SetCallRating& request, const Context&) {
  return Ask(cmd::SetCallRating{PeerOf(request.peer), request.user_initiative(), request.rating,
                                CleanText(request.comment, kCommentCharactersMax)});
}

// What is wrong with it is for the book to say: it knows whether there is such a call, and its
// trace tells why something was refused.
Outcome Run(const fn::phone::SaveCallDebug& request, const Context&) {
  const auto* const debug = request.debug.As<api::DataJSON>();
  if (debug == nullptr) return Refuse(ErrorType::kDataJsonInvalid);
  const bool fits = debug->data.size() <= kDebugBytesMax;
  return Ask(cmd::SaveCallDebug{PeerOf(request.peer), std::string(debug->data),
                                !fits || IsJson(debug->data)});
}

// The parts were counted and thrown away (upload.saveFilePart); the trace tells that there was a
// log.
Outcome Run(const fn::phone::SaveCallLog& request, const Context& context) {
  const UploadedFile file = FileOf(request.file);
  if (file.parts < 1 || file.parts > kFilePartsMax) return Refuse(ErrorType::kFilePartsInvalid);
  return Ask(cmd::SaveCallLog{PeerOf(request.peer), context.uploads.Finish(file.id)});
}

}  // namespace trunkline::rpc
