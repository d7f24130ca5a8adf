// phone.receivedCall, acceptCall, confirmCall, discardCall: what the state machine decides, made
// durable and told to both sides.

#include <algorithm>
#include <utility>

#include "common/crypto/dh.h"
#include "common/crypto/sha.h"
#include "common/secret.h"
#include "server/book/call_common.h"
#include "server/book/handlers.h"
#include "server/book/privacy.h"
#include "server/book/protocol.h"
#include "server/book/relay_desk.h"

namespace trunkline::book {
namespace {

call::Step Advance(Turn& turn, const FoundCall& found, call::Event event) {
  event.role = found.role;
  event.device = turn.device();
  return call::Advance(found.record->call, event, turn.at(), turn.timeouts());
}

// An error ends the call at the client that gets it, so the other side must hear of it.
void RefuseAndEnd(Turn& turn, const call::Call& call, Refusal refusal, Why why) {
  turn.Refuse(refusal, why);
  EndCall(turn, call::End(call, call::Reason::kDisconnect, turn.now()), {.why = why});
}

void AnswerCall(Turn& turn, const CallRecord& record, CallView view) {
  reply::Call reply;
  reply.call = std::move(view);
  reply.users = turn.BatchFor(turn.user(), {record.call.caller, record.call.callee}).users;
  turn.Answer(std::move(reply));
}

bool IsKeyPart(const Bytes& number) {
  return !number.empty() && number.size() <= kGBytesMax && crypto::DhPublicInRange(number);
}

// Everybody else's phone stops ringing.
void TellOtherDevices(Turn& turn, const CallRecord& record) {
  for (const DeviceId device : std::vector<DeviceId>(record.rang)) {
    if (device != record.call.callee_device) TellDevice(turn, record, device);
  }
}

bool AllowP2p(const State& state, const call::Call& call) {
  return Allows(state, call.caller, PrivacyKey::kPhoneP2p, call.callee) &&
         Allows(state, call.callee, PrivacyKey::kPhoneP2p, call.caller);
}

std::int32_t LayerOf(Turn& turn, DeviceId device) {
  const Key* const key = turn.state().keys.Find(device);
  return key != nullptr && key->client ? key->client->layer : 0;
}

// Both must be able to: clients of older layers have no such thing.
bool AllowConference(Turn& turn, const call::Call& call) {
  if (!turn.config().conference_supported) return false;
  return LayerOf(turn, call.caller_device) >= kConferenceLayerMin &&
         LayerOf(turn, call.callee_device) >= kConferenceLayerMin;
}

// What was considered, those that were taken first.
void TraceRelays(Turn& turn, CallId id) {
  std::size_t lines = 0;
  for (const picker::Verdict& verdict : turn.state().relays.VerdictsOf(id)) {
    if (lines++ == kRelayLinesMax) break;
    const bool offered = picker::IsOffered(verdict.why);
    turn.TraceServer(id, {.what = offered ? TraceWhat::kRelayOffered : TraceWhat::kRelayLeftOut,
                          .why = WhyOf(verdict.why),
                          .number = verdict.id.value(),
                          .duration = verdict.rtt_ms});
  }
}

Relays OfferRelays(Turn& turn, CallId id, bool p2p) {
  const CallRecord& record = *turn.state().calls.Find(id);
  const std::vector<std::string>& versions = record.answer->protocol.library_versions;
  const bool libtgvoip = versions.front() == kLibtgvoipVersion;
  picker::Request who;
  who.p2p = p2p;
  who.stack = libtgvoip ? picker::kLibtgvoip : picker::kTgcalls;
  who.tcp_entries = LayerOf(turn, record.call.caller_device) >= kTcpEntriesLayerMin &&
                    LayerOf(turn, record.call.callee_device) >= kTcpEntriesLayerMin;
  Relays relays = turn.state().relays.Offer(id, who, turn.now(), turn.entropy());
  TraceRelays(turn, id);
  return relays;
}

void EmitConfirmed(Turn& turn, const call::Call& call, const cmd::ConfirmCall& command) {
  fact::CallConfirmed confirmed;
  confirmed.id = call.id;
  confirmed.g_a = command.g_a;
  confirmed.key_fingerprint = command.key_fingerprint;
  confirmed.p2p_allowed = AllowP2p(turn.state(), call);
  Relays relays = OfferRelays(turn, call.id, confirmed.p2p_allowed);
  confirmed.caller_connections = std::move(relays.caller);
  confirmed.callee_connections = std::move(relays.callee);
  confirmed.conference_supported = call.conference;
  confirmed.at_ms = turn.now_ms();
  confirmed.deadline_ms = UnixMillis(call.deadline);
  turn.Emit(std::move(confirmed));
}

}  // namespace

void Handle(Turn& turn, const cmd::ReceivedCall& command) {
  const FoundCall found = FindCall(turn, command.peer, {.what = TraceWhat::kReceivedCall});
  if (found.record == nullptr) return;
  const call::Step step = Advance(turn, found, {.kind = call::EventKind::kReceived});
  if (step.outcome == call::Outcome::kRefused)
    return RefuseCall(turn, found, call::EventKind::kReceived, step.refusal);
  turn.Done();
  if (step.outcome != call::Outcome::kReceived) return;
  turn.Emit(fact::CallReceived{step.next.id, UnixMillis(step.next.received),
                               UnixMillis(step.next.deadline)});
  TellDevice(turn, *found.record, found.record->call.caller_device);
}

void Handle(Turn& turn, const cmd::AcceptCall& command) {
  const FoundCall found = FindCall(turn, command.peer, {.what = TraceWhat::kAcceptCall});
  if (found.record == nullptr) return;
  const CallRecord& record = *found.record;
  const call::Step step = Advance(turn, found, {.kind = call::EventKind::kAccept});
  if (step.outcome == call::Outcome::kRefused)
    return RefuseCall(turn, found, call::EventKind::kAccept, step.refusal);
  if (!IsKeyPart(command.g_b)) {
    return RefuseAndEnd(turn, record.call, Refusal::kGBInvalid, Why::kBadGB);
  }
  const Refusal refusal = CheckProtocol(command.protocol);
  if (refusal != Refusal::kNone) {
    return RefuseAndEnd(turn, record.call, refusal, Why::kBadProtocol);
  }
  std::optional<Protocol> merged = MergeProtocols(record.offer->protocol, command.protocol,
                                                  turn.config().prefer_versions_below_10);
  if (!merged) {
    return RefuseAndEnd(turn, record.call, Refusal::kCallProtocolCompatLayerInvalid,
                        Why::kNoCommonProtocol);
  }
  turn.state().relays.SetAddress(step.next.id, relay::Side::kCallee, command.address);
  turn.Emit(fact::CallAccepted{step.next.id, turn.device(), command.g_b, std::move(*merged),
                               UnixMillis(step.next.accepted), UnixMillis(step.next.deadline)});
  AnswerCall(turn, record, WaitingView(record, false));
  TellDevice(turn, record, record.call.caller_device);
  TellOtherDevices(turn, record);
}

void Handle(Turn& turn, const cmd::ConfirmCall& command) {
  const FoundCall found = FindCall(turn, command.peer, {.what = TraceWhat::kConfirmCall});
  if (found.record == nullptr) return;
  const CallRecord& record = *found.record;
  const bool repeat = record.keys && record.keys->g_a == command.g_a &&
                      record.keys->key_fingerprint == command.key_fingerprint;
  const call::Step step = Advance(turn, found,
                                  {.kind = call::EventKind::kConfirm,
                                   .repeat = repeat,
                                   .conference = AllowConference(turn, record.call)});
  if (step.outcome == call::Outcome::kRefused)
    return RefuseCall(turn, found, call::EventKind::kConfirm, step.refusal);
  if (step.outcome == call::Outcome::kRepeated) {
    return AnswerCall(turn, record, ViewOfCall(record, call::Role::kCaller));
  }
  // The hash is over the bytes as sent: B compares the same.
  const bool fits =
      IsKeyPart(command.g_a) && SecretEquals(crypto::Sha256(command.g_a), record.offer->g_a_hash);
  if (!fits) return RefuseAndEnd(turn, record.call, Refusal::kGAInvalid, Why::kBadGA);
  EmitConfirmed(turn, step.next, command);
  AnswerCall(turn, record, ViewOfCall(record, call::Role::kCaller));
  TellDevice(turn, record, record.call.callee_device);
}

void Handle(Turn& turn, const cmd::DiscardCall& command) {
  const FoundCall found = FindCall(turn, command.peer,
                                   {.what = TraceWhat::kDiscardCall,
                                    .reason = command.reason,
                                    .video = command.video,
                                    .number = command.connection_id,
                                    .duration = std::max(command.duration, 0)});
  if (found.record == nullptr) return;
  const call::Step step = Advance(turn, found,
                                  {.kind = call::EventKind::kDiscard,
                                   .video = command.video,
                                   .duration = command.duration,
                                   .reason = command.reason});
  if (step.outcome == call::Outcome::kRefused)
    return RefuseCall(turn, found, call::EventKind::kDiscard, step.refusal);
  if (step.outcome == call::Outcome::kEnded) {
    const bool migrates = step.next.reason == call::Reason::kMigrateConferenceCall;
    EndCall(turn, step,
            {.in_reply = true,
             .connection_id = command.connection_id,
             .slug = migrates ? command.slug.substr(0, kSlugBytesMax) : ""});
  }
  turn.Answer(EndBatch(turn, *found.record, turn.user()));
}

}  // namespace trunkline::book
