// What a phone does in calls, and what it holds the server to.
#include <algorithm>
#include <utility>

#include "common/crypto/sha.h"
#include "tests/sim/phone.h"

namespace trunkline::sim {

namespace api = tl::api;
namespace fn = tl::api::fn;
using namespace std::chrono_literals;  // NOLINT

namespace {

constexpr std::string_view kVersions[] = {"9.0.0", "11.0.0"};

// In the safe range of the group; the same for all, because nobody here has secrets.
const Bytes& KeyPart() {
  static const Bytes value(256, 0x41);
  return value;
}
std::string_view KeyHash() {
  static const crypto::Sha256Digest hash = crypto::Sha256(KeyPart());
  return AsText(hash);
}

const api::PhoneCallProtocol& TheProtocol() {
  static const api::PhoneCallProtocol protocol =
      api::PhoneCallProtocol{.min_layer = 65, .max_layer = 92, .library_versions = kVersions}
          .set_udp_p2p()
          .set_udp_reflector();
  return protocol;
}

std::uint32_t ReasonId(call::Reason reason) {
  switch (reason) {
    case call::Reason::kMissed:
      return api::PhoneCallDiscardReasonMissed::kId;
    case call::Reason::kDisconnect:
      return api::PhoneCallDiscardReasonDisconnect::kId;
    case call::Reason::kBusy:
      return api::PhoneCallDiscardReasonBusy::kId;
    case call::Reason::kHangup:
    case call::Reason::kMigrateConferenceCall:
      break;
  }
  return api::PhoneCallDiscardReasonHangup::kId;
}

}  // namespace

template <class M>
void Phone::Ask(const M& method, Done done) {
  Bytes body;
  tl::AppendTo(body, method, me_.layer);
  Send(std::move(body), std::move(done));
}

Phone::Call* Phone::Find(CallId id) {
  const auto at = calls_.find(id);
  return at == calls_.end() ? nullptr : &at->second;
}

// 500 says that a repeat may succeed; the caller of this has seen to that.
void Phone::ExpectRefusal(const load::Reply& reply, std::string_view method,
                          std::initializer_list<std::string_view> allowed) {
  const bool fine = std::find(allowed.begin(), allowed.end(), reply.error) != allowed.end();
  Expect(fine || reply.code == 500 || (leaving_ && reply.code == 401),
         std::string(method) + " is refused: " + reply.Text());
}

// ---- What to do next

void Phone::Act() {
  if (settling_ || signed_out_) return;
  out_.timeline->In(out_.dice->Between(100ms, 8s), [this] { Act(); });
  std::vector<Call*> live;
  for (auto& [id, call] : calls_) {
    if (call.phase != Phase::kOver) live.push_back(&call);
  }
  for (Call* call : live) ActInCall(*call);
  const std::uint64_t throw_of = out_.dice->Below(1000);
  if (throw_of < 30) {
    if (connected_) out_.hang_up();
  } else if (throw_of < 40) {
    GetDifference();
  } else if (throw_of < 44) {
    SignOut();
  } else if (throw_of < 54) {
    BlockSomebody();
  } else if (live.empty() || throw_of < 80) {
    Dial();
  }
  Flush();
}

void Phone::ActInCall(Call& call) {
  const std::uint64_t throw_of = out_.dice->Below(10);
  if (call.phase == Phase::kTalking && throw_of < 6) {
    for (std::uint64_t i = out_.dice->Below(4); i > 0; --i) Signal(call);
  } else if (call.phase != Phase::kRinging && throw_of < 8) {
    const bool waits = call.caller && call.phase == Phase::kWaiting;
    HangUp(call,
           waits ? api::PhoneCallDiscardReasonMissed::kId : api::PhoneCallDiscardReasonHangup::kId);
  }
}

void Phone::Settle() {
  settling_ = true;
  for (auto& [id, call] : calls_) {
    const bool talks = call.phase == Phase::kTalking || call.phase == Phase::kTaking;
    if (talks) HangUp(call, api::PhoneCallDiscardReasonHangup::kId);
  }
  if (connected_) GetDifference();
  Connect();
  Flush();
}

void Phone::ServerDied() {
  ++disturbed_;
  back_ = false;
  for (auto& [id, call] : calls_) {
    if (call.phase == Phase::kOver || std::exchange(call.owed_end, true)) continue;
    ++ends_owed_;
  }
}

void Phone::SignOut() {
  leaving_ = true;
  Ask(fn::auth::LogOut{}, [this](const load::Reply& reply) {
    // 401: it had happened, and the answer was lost with a session.
    if (!reply.ok() && reply.code != 401) return;
    signed_out_ = true;
    connected_ = false;
    out_.hang_up();
  });
}

void Phone::BlockSomebody() {
  const Account& other = (*out_.accounts)[out_.dice->Below(out_.accounts->size())];
  const api::InputPeerUser peer{.user_id = other.user.value(),
                                .access_hash = other.access_hash.value()};
  // Soon taken back, or nobody would talk any more.
  Ask(fn::contacts::Block{.id = &peer}, [](const load::Reply&) {});
  Ask(fn::contacts::Unblock{.id = &peer}, [](const load::Reply&) {});
}

// ---- The caller

void Phone::Dial() {
  const Account& other = (*out_.accounts)[out_.dice->Below(out_.accounts->size())];
  if (dialling_ || other.user == user()) return;
  dialling_ = true;
  Request(++last_random_, other.user, other.access_hash);
}

void Phone::Request(int random_id, UserId to, AccessHash hash) {
  const api::InputUser peer{.user_id = to.value(), .access_hash = hash.value()};
  Ask(fn::phone::RequestCall{.user_id = &peer,
                             .random_id = random_id,
                             .g_a_hash = KeyHash(),
                             .protocol = &TheProtocol()},
      [this, random_id](const load::Reply& reply) { OnRequested(reply, random_id); });
}

void Phone::OnRequested(const load::Reply& reply, int random_id) {
  dialling_ = false;
  tl::Arena arena(4096);
  api::phone::AnyPhoneCall result;
  if (!load::ReadResult<fn::phone::RequestCall>(reply, arena, result)) {
    return ExpectRefusal(reply, "phone.requestCall", {"USER_IS_BLOCKED"});
  }
  const auto* boxed = result.As<api::phone::PhoneCall>();
  const auto* waiting = boxed == nullptr ? nullptr : boxed->phone_call.As<api::PhoneCallWaiting>();
  Expect(waiting != nullptr, "requestCall answers phoneCallWaiting");
  if (waiting == nullptr) return;
  const CallId id(waiting->id);
  const CallLife* life = out_.disk->Find(id);
  Expect(life != nullptr && life->caller_device == me_.id, "who waits finds the call on disk");
  // Its end may have been told before, to the session that asked first.
  const bool over = std::find(box_.begin(), box_.end(), id) != box_.end();
  Call& call = calls_[id];
  call.id = id;
  call.access_hash = waiting->access_hash;
  call.caller = true;
  call.random_id = random_id;
  if (over) call.phase = Phase::kOver;
  if (call.told_accepted && call.phase == Phase::kWaiting) Confirm(id);
  if (settling_) HangUp(call, api::PhoneCallDiscardReasonMissed::kId);
}

void Phone::OnAccepted(const api::PhoneCallAccepted& told) {
  const CallId id(told.id);
  Call* call = Find(id);
  if (call == nullptr) {
    // Only a query that went out twice can be answered after this.
    Expect(disturbed_ > 0, "the result of requestCall comes before updates of the call");
    Call early;
    early.id = id;
    early.access_hash = told.access_hash;
    early.caller = true;
    call = &calls_.emplace(id, early).first->second;
  }
  const CallLife* life = out_.disk->Find(id);
  Expect(life != nullptr && life->accepted, "who is told of an accept finds it on disk");
  Expect(!call->told_accepted || disturbed_ > 0, "phoneCallAccepted is told once");
  if (call->phase == Phase::kOver || std::exchange(call->told_accepted, true)) return;
  Confirm(id);
}

void Phone::Confirm(CallId id) {
  Call* call = Find(id);
  if (call == nullptr || call->phase == Phase::kOver || signed_out_) return;
  call->phase = Phase::kTaking;
  const api::InputPhoneCall peer{.id = id.value(), .access_hash = call->access_hash};
  Ask(fn::phone::ConfirmCall{.peer = &peer,
                             .g_a = AsText(KeyPart()),
                             .key_fingerprint = 77,
                             .protocol = &TheProtocol()},
      [this, id](const load::Reply& reply) {
        tl::Arena arena(4096);
        api::phone::AnyPhoneCall result;
        if (load::ReadResult<fn::phone::ConfirmCall>(reply, arena, result)) {
          return OnCall(result.As<api::phone::PhoneCall>()->phone_call);
        }
        ExpectRefusal(reply, "phone.confirmCall", {"CALL_ALREADY_DECLINED"});
        if (reply.code == 500) out_.timeline->In(1s, [this, id] { Confirm(id), Flush(); });
      });
}

// ---- The callee

void Phone::OnRing(const api::PhoneCallRequested& ring) {
  const CallId id(ring.id);
  Expect(out_.disk->Find(id) != nullptr, "who is rung finds the call on disk");
  const bool over = std::find(box_.begin(), box_.end(), id) != box_.end();
  if (over || Find(id) != nullptr) return;  // told again: harmless
  Call& call = calls_[id];
  call.id = id;
  call.access_hash = ring.access_hash;
  call.phase = Phase::kRinging;
  const api::InputPhoneCall peer{.id = ring.id, .access_hash = ring.access_hash};
  Ask(fn::phone::ReceivedCall{.peer = &peer}, [this](const load::Reply& reply) {
    if (!reply.ok()) ExpectRefusal(reply, "phone.receivedCall", {"CALL_ALREADY_DECLINED"});
  });
  out_.timeline->In(out_.dice->Between(50ms, 6s), [this, id] { Decide(id); });
}

void Phone::Decide(CallId id) {
  Call& call = calls_.at(id);
  if (call.phase != Phase::kRinging || settling_ || signed_out_) return;
  const std::uint64_t throw_of = out_.dice->Below(10);
  if (throw_of < 6) {
    Accept(call);
  } else if (throw_of < 8) {
    HangUp(call, api::PhoneCallDiscardReasonBusy::kId);
  }
  Flush();
}

void Phone::Accept(Call& call) {
  call.phase = Phase::kTaking;
  const CallId id = call.id;
  const api::InputPhoneCall peer{.id = id.value(), .access_hash = call.access_hash};
  Ask(fn::phone::AcceptCall{.peer = &peer, .g_b = AsText(KeyPart()), .protocol = &TheProtocol()},
      [this, id](const load::Reply& reply) {
        Call& taken = calls_.at(id);
        tl::Arena arena(4096);
        api::phone::AnyPhoneCall result;
        if (load::ReadResult<fn::phone::AcceptCall>(reply, arena, result)) {
          const CallLife* life = out_.disk->Find(id);
          Expect(life->accepted && life->callee_device == me_.id,
                 "who takes a call has it on disk");
          return;
        }
        ExpectRefusal(reply, "phone.acceptCall",
                      {"CALL_ALREADY_DECLINED", "CALL_ALREADY_ACCEPTED"});
        // As stock clients do. It must not end a call that another device took.
        HangUp(taken, api::PhoneCallDiscardReasonDisconnect::kId);
      });
}

// ---- Both

void Phone::OnCall(const api::AnyPhoneCall& any) {
  if (const auto* ring = any.As<api::PhoneCallRequested>()) return OnRing(*ring);
  if (const auto* accepted = any.As<api::PhoneCallAccepted>()) return OnAccepted(*accepted);
  if (const auto* talking = any.As<api::PhoneCall>()) return OnTalking(*talking);
  if (const auto* end = any.As<api::PhoneCallDiscarded>()) return OnEnd(*end);
  Expect(any.As<api::PhoneCallWaiting>() != nullptr, "an updatePhoneCall with a call");
}

void Phone::OnTalking(const api::PhoneCall& told) {
  Call* call = Find(CallId(told.id));
  const CallLife* life = out_.disk->Find(CallId(told.id));
  Expect(life != nullptr && life->confirmed, "who talks finds the key exchange on disk");
  Expect(call != nullptr, "only parties are told of phoneCall");
  if (call == nullptr || call->phase == Phase::kOver || call->phase == Phase::kTalking) return;
  Expect(call->phase == Phase::kTaking || disturbed_ > 0,
         "phoneCall comes after acceptCall was answered");
  call->phase = Phase::kTalking;
  if (settling_) HangUp(*call, api::PhoneCallDiscardReasonHangup::kId);
}

void Phone::OnEnd(const api::PhoneCallDiscarded& told) {
  const CallId id(told.id);
  const CallLife* life = out_.disk->Find(id);
  Expect(life != nullptr, "who is told of an end finds the call on disk");
  Call* call = Find(id);
  if (life == nullptr || call == nullptr) return;
  const std::uint32_t reason = told.reason().id();
  const bool party = call->caller || life->callee_device == me_.id;
  const bool elsewhere = !party && reason == api::PhoneCallDiscardReasonHangup::kId;
  Expect(elsewhere || life->end, "who is told of an end finds it on disk");
  if (!elsewhere && life->end) {
    Expect(reason == ReasonId(life->end->reason), "both sides learn one reason");
    const bool same = told.has_duration() == life->end->established &&
                      (!told.has_duration() || told.duration() == life->end->duration);
    Expect(same, "both sides learn one duration");
  }
  call->phase = Phase::kOver;
  call->told_end = true;
}

// Only on a link: what was said without one would go out ahead of what is repeated.
void Phone::Signal(Call& call) {
  if (!connected_) return;
  Bytes data(8);
  StoreLittle(data.data(), ++call.sent);
  const api::InputPhoneCall peer{.id = call.id.value(), .access_hash = call.access_hash};
  Ask(fn::phone::SendSignalingData{.peer = &peer, .data = AsText(data)},
      [this](const load::Reply& reply) {
        if (!reply.ok()) ExpectRefusal(reply, "phone.sendSignalingData", {"CALL_NOT_ACTIVE"});
      });
}

// Every packet, in order, as long as no process died, no group was refused, and both sides kept
// their sessions: what a client repeats in a new session comes twice.
void Phone::OnSignal(const api::UpdatePhoneCallSignalingData& signal) {
  Call* call = Find(CallId(signal.phone_call_id));
  Expect(call != nullptr && signal.data.size() == 8, "signalling is of a call");
  if (call == nullptr || signal.data.size() != 8) return;
  ++signals_heard_;
  const auto number = LoadLittle<std::uint64_t>(AsBytes(signal.data).data());
  const CallLife* life = out_.disk->Find(call->id);
  const Phone* peer = find_phone(call->caller ? life->callee_device : life->caller_device);
  const bool calm = disturbed_ == 0 && peer != nullptr && peer->disturbed_ == 0 &&
                    out_.disk->groups_refused() == 0;
  Expect(!calm || call->phase != Phase::kTaking, "signalling follows phoneCall");
  Expect(!calm || number == call->heard + 1,
         "signalling arrives whole and in order: " + std::to_string(number) + " after " +
             std::to_string(call->heard));
  call->heard = number;
}

void Phone::HangUp(Call& call, std::uint32_t reason) {
  if (call.phase == Phase::kOver || std::exchange(call.discarding, true)) return;
  const CallId id = call.id;
  const api::InputPhoneCall peer{.id = id.value(), .access_hash = call.access_hash};
  const api::PhoneCallDiscardReasonMissed missed;
  const api::PhoneCallDiscardReasonBusy busy;
  const api::PhoneCallDiscardReasonDisconnect disconnect;
  const api::PhoneCallDiscardReasonHangup hangup;
  api::AnyPhoneCallDiscardReason why = &hangup;
  if (reason == api::PhoneCallDiscardReasonMissed::kId) why = &missed;
  if (reason == api::PhoneCallDiscardReasonBusy::kId) why = &busy;
  if (reason == api::PhoneCallDiscardReasonDisconnect::kId) why = &disconnect;
  Ask(fn::phone::DiscardCall{.peer = &peer, .duration = 3, .reason = why},
      [this, id, reason](const load::Reply& reply) {
        Call& ended = calls_.at(id);
        ended.discarding = false;
        tl::Arena arena(4096);
        api::AnyUpdates result;
        if (load::ReadResult<fn::phone::DiscardCall>(reply, arena, result)) return OnBatch(result);
        ExpectRefusal(reply, "phone.discardCall", {"CALL_ALREADY_ACCEPTED"});
        if (reply.code != 500) {
          ended.phase = Phase::kOver;
          ended.told_end = true;
          return;
        }
        out_.timeline->In(1s, [this, id, reason] { HangUp(calls_.at(id), reason), Flush(); });
      });
}

void Phone::CheckAtEnd() {
  if (signed_out_) return;
  Expect(connected_, "who has a server to talk to talks to it");
  for (const auto& [id, call] : calls_) {
    const CallLife* life = out_.disk->Find(id);
    Expect(life != nullptr && life->end && call.phase == Phase::kOver,
           "nobody rings or talks after the end: phase " +
               std::to_string(static_cast<int>(call.phase)) +
               (call.caller ? " caller" : " callee"));
    // Its service message, which comes with the box, isn't what stops a phone from ringing.
    Expect(!call.owed_end || call.told_end,
           "who was in a call when the process died is told of its end by a phoneCallDiscarded");
  }
  Expect(box_ == out_.disk->BoxOf(user()),
         "the box is whole and in order: " + std::to_string(box_.size()) + " messages of " +
             std::to_string(out_.disk->BoxOf(user()).size()));
}

}  // namespace trunkline::sim
