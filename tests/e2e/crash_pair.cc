#include "tests/e2e/crash_pair.h"

#include "common/crypto/message_key.h"
#include "common/crypto/sha.h"

namespace trunkline::e2e {
namespace {

// Older ones are looked at now and then, and all of these at the end. Fewer than the messages that
// a box keeps at hand: the end of a call that is further back is told without its message.
constexpr std::size_t kCallsRemembered = 900;
constexpr int kOlderCallsChecked = 3;

}  // namespace

CrashPair::CrashPair(int number, std::uint64_t seed, load::ClientOptions options,
                     CrashTotals* totals)
    : choices_(seed),
      options_(std::move(options)),
      totals_(totals),
      a_{.number = "+99966" + std::to_string(3000000 + 2 * number),
         .name = "a" + std::to_string(number),
         .box = BoxLedger("a" + std::to_string(number), totals)},
      b_{.number = "+99966" + std::to_string(3000001 + 2 * number),
         .name = "b" + std::to_string(number),
         .box = BoxLedger("b" + std::to_string(number), totals)} {
  options_.transport = load::kAllTransports[Draw(std::size(load::kAllTransports))];
  options_.pfs = Draw(3) == 0;
  const crypto::DhPair a = crypto::MakeDhPair(entropy_), b = crypto::MakeDhPair(entropy_);
  g_a_ = AsText(a.public_value);
  g_b_ = AsText(b.public_value);
  g_a_hash_ = AsText(crypto::Sha256(a.public_value));
  fingerprint_ = crypto::AuthKeyIdOf(crypto::DhShared(b.public_value, a.secret));
}

bool CrashPair::SignIn(Side& side) {
  side.device = std::make_unique<Device>(io_, options_, &entropy_);
  if (side.device->Connect()) side.self = side.device->SignIn(side.number, "12345");
  if (side.self.id) return true;
  totals_->Wrong(side.name + " can't sign in: " + side.device->failure());
  return false;
}

bool CrashPair::SetUp() {
  if (!SignIn(a_) || !SignIn(b_)) return false;
  a_.other = a_.device->Find(b_.number);
  b_.other = b_.device->Find(a_.number);
  broken_ = !a_.other.id || !b_.other.id;
  if (broken_) totals_->Wrong(a_.name + " and " + b_.name + " don't find each other");
  return !broken_;
}

// The same device every time; in the session that it had, or in a new one.
bool CrashPair::Reconnect(Side& side) {
  side.box.TakeFrom(*side.device);
  if (Draw(2) == 0) {
    const auto key = *side.device->client().key();
    side.device = std::make_unique<Device>(io_, options_, &entropy_);
    side.device->client().UseKey(key);
  }
  if (!side.device->Connect()) {
    totals_->Wrong(side.name + " can't come back: " + side.device->failure());
    return false;
  }
  const load::Reply reply = side.device->Ask(fn::updates::GetState{});
  if (reply.ok()) return true;
  if (reply.code == 401) totals_->Lost(side.name + " is signed out: " + reply.Text());
  return Fail(side, {}, "updates.getState: " + reply.Text());
}

void CrashPair::Return() {
  if (broken_) return;
  broken_ = !Reconnect(a_) || !Reconnect(b_) || !CheckRecent() || !a_.box.Check(*a_.device) ||
            !b_.box.Check(*b_.device);
}

void CrashPair::Run() {
  while (!broken_) {
    if (!current_) current_ = NewCall();
    if (!Step(*current_)) return;
    ended_.push_back(*current_);
    current_.reset();
    if (ended_.size() > kCallsRemembered) {
      ended_.pop_front();
      if (checked_ > 0) --checked_;
    }
  }
}

CrashPair::Call CrashPair::NewCall() {
  Call call;
  const std::uint64_t kind = Draw(6);  // half of them are calls that get through
  call.plan.receive = kind != 0;
  call.plan.accept = kind > 1;
  call.plan.confirm = kind > 2;
  call.plan.caller_ends = kind == 0 || (kind != 1 && Draw(2) == 0);
  call.random_id = static_cast<std::int32_t>(choices_.U64());
  call.duration = static_cast<std::int32_t>(1 + Draw(3600));
  return call;
}

// The whole call, or what is left of it. An end that was tried may have been made, and then no
// step before it can be repeated.
bool CrashPair::Step(Call& call) {
  if (call.end.tried) return End(call);
  if (!Request(call)) return false;
  if (!call.accept.tried && !AwaitRing(call)) return false;
  if (call.plan.receive && !Receive(call)) return false;
  if (call.plan.accept && !(Accept(call) && AwaitKey(call))) return false;
  if (call.plan.confirm && !(Confirm(call) && AwaitActive(call))) return false;
  return End(call);
}

load::Reply CrashPair::AskRequest(const Call& call) {
  const api::InputUser user = InputOf(a_.other);
  const api::PhoneCallProtocol protocol = TestProtocol();
  return a_.device->Ask(fn::phone::RequestCall{
      .user_id = &user, .random_id = call.random_id, .g_a_hash = g_a_hash_, .protocol = &protocol});
}

bool CrashPair::Request(Call& call) {
  const load::Reply reply = AskRequest(call);
  const auto* waiting = a_.device->CallOf<api::PhoneCallWaiting>(reply);
  if (waiting == nullptr) return Fail(a_, call, "requestCall: " + reply.Text());
  if (call.id == 0) {
    call.id = waiting->id;
    call.a_hash = waiting->access_hash;
    call.date = waiting->date;
    totals_->Acknowledged(Told::kRequest);
    return true;
  }
  const bool same =
      waiting->id == call.id && waiting->access_hash == call.a_hash && waiting->date == call.date;
  if (!same)
    return Refuted(a_, call, "requestCall again makes call " + std::to_string(waiting->id));
  if (call.receive.told && !waiting->has_receive_date()) {
    return Refuted(a_, call, "no longer ringing");
  }
  totals_->Verified(call.receive.told ? 2 : 1);
  return true;
}

bool CrashPair::AwaitRing(Call& call) {
  if (call.b_hash != 0) return true;
  const auto* ring = AwaitCall<api::PhoneCallRequested>(b_, call.id);
  if (ring == nullptr) return Fail(b_, call, "doesn't ring");
  call.b_hash = ring->access_hash;
  return ring->g_a_hash == g_a_hash_ || Fail(b_, call, "rings with another g_a_hash");
}

bool CrashPair::Receive(Call& call) {
  if (call.receive.told || call.accept.tried) return true;
  const api::InputPhoneCall peer = PeerOf(call, b_);
  const load::Reply reply = b_.device->Ask(fn::phone::ReceivedCall{.peer = &peer});
  if (b_.device->Result<fn::phone::ReceivedCall>(reply) != true) {
    return Fail(b_, call, "receivedCall: " + reply.Text());
  }
  call.receive.told = true;
  totals_->Acknowledged(Told::kReceived);
  return true;
}

bool CrashPair::Accept(Call& call) {
  const bool repeat = call.accept.tried;
  call.accept.tried = true;
  const api::InputPhoneCall peer = PeerOf(call, b_);
  const api::PhoneCallProtocol protocol = TestProtocol();
  if (call.accept.told && call.confirm.told) return true;  // confirmCall shows it better
  const load::Reply reply =
      b_.device->Ask(fn::phone::AcceptCall{.peer = &peer, .g_b = g_b_, .protocol = &protocol});
  const bool taken = b_.device->CallOf<api::PhoneCallWaiting>(reply) != nullptr;
  if (taken && call.accept.told) return Refuted(b_, call, "could be accepted again");
  if (!taken && !(repeat && reply.Text() == "400 CALL_ALREADY_ACCEPTED")) {
    return Fail(b_, call, "acceptCall: " + reply.Text());
  }
  if (call.accept.told) {
    totals_->Verified();
  } else {
    call.accept.told = true;
    totals_->Acknowledged(Told::kAccept);
  }
  return true;
}

bool CrashPair::AwaitKey(Call& call) {
  if (call.key_known) return true;
  const auto* accepted = AwaitCall<api::PhoneCallAccepted>(a_, call.id);
  if (accepted == nullptr) return Fail(a_, call, "is not told that it was accepted");
  call.key_known = true;
  return accepted->g_b == g_b_ || Fail(a_, call, "gets another g_b");
}

bool CrashPair::Confirm(Call& call) {
  call.confirm.tried = true;
  const api::InputPhoneCall peer = PeerOf(call, a_);
  const api::PhoneCallProtocol protocol = TestProtocol();
  const load::Reply reply = a_.device->Ask(fn::phone::ConfirmCall{
      .peer = &peer, .g_a = g_a_, .key_fingerprint = fingerprint_, .protocol = &protocol});
  const auto* active = a_.device->CallOf<api::PhoneCall>(reply);
  if (active == nullptr) return Fail(a_, call, "confirmCall: " + reply.Text());
  if (active->g_a_or_b != g_b_ || active->key_fingerprint != fingerprint_) {
    return Fail(a_, call, "is confirmed with another key");
  }
  if (!call.confirm.told) {
    call.confirm.told = true;
    call.start_date = active->start_date;
    totals_->Acknowledged(Told::kConfirm);
    return true;
  }
  if (active->start_date != call.start_date) return Refuted(a_, call, "began at another time");
  totals_->Verified(2);
  return true;
}

bool CrashPair::AwaitActive(Call& call) {
  if (call.active_known) return true;
  const auto* active = AwaitCall<api::PhoneCall>(b_, call.id);
  if (active == nullptr) return Fail(b_, call, "is not told that it was confirmed");
  call.active_known = true;
  return active->g_a_or_b == g_a_ || Fail(b_, call, "gets another g_a");
}

bool CrashPair::End(Call& call) {
  call.end.tried = true;
  Side& side = call.plan.caller_ends ? a_ : b_;
  const load::Reply reply = AskDiscard(side, call);
  a_.box.TakeFrom(*a_.device);
  b_.box.TakeFrom(*b_.device);
  Ended ended;
  if (!ReadEnd(side, call, reply, ended)) return false;
  CheckTalked(call, ended);
  (call.plan.caller_ends ? call.a_end : call.b_end) = ended;
  call.end.told = true;
  totals_->Acknowledged(Told::kEnd);
  // What is left in the devices is of this call.
  a_.device->updates().clear();
  b_.device->updates().clear();
  return true;
}

// A repeated discard says the same.
bool CrashPair::CheckEnd(Call& call, Side& side) {
  Ended ended;
  if (!ReadEnd(side, call, AskDiscard(side, call), ended)) return false;
  std::optional<Ended>& known = &side == &a_ ? call.a_end : call.b_end;
  if (known && *known != ended) return Refuted(side, call, "ended otherwise");
  known = ended;
  totals_->Verified();
  return true;
}

bool CrashPair::CheckEnded(Call& call) {
  if (!CheckEnd(call, a_)) return false;
  if (call.b_hash != 0 && !CheckEnd(call, b_)) return false;
  const bool one_truth = !call.b_end || (call.a_end->reason == call.b_end->reason &&
                                         call.a_end->duration == call.b_end->duration);
  if (!one_truth) totals_->Wrong(Name(call, "ended differently for its sides"));
  // Its random id still finds it, so a client that repeats the request can't start another.
  const load::Reply reply = AskRequest(call);
  const auto* waiting = a_.device->CallOf<api::PhoneCallWaiting>(reply);
  if (waiting == nullptr) return Fail(a_, call, "requestCall: " + reply.Text());
  if (waiting->id != call.id) totals_->Doubled(Name(call, "its random id makes another"));
  totals_->Verified();
  return true;
}

bool CrashPair::CheckRecent() {
  for (; checked_ < ended_.size(); ++checked_) {
    if (!CheckEnded(ended_[checked_])) return false;
  }
  for (int i = 0; i < kOlderCallsChecked && !ended_.empty(); ++i) {
    if (!CheckEnded(ended_[Draw(ended_.size())])) return false;
  }
  return true;
}

void CrashPair::CheckAll() {
  if (broken_) return;
  checked_ = 0;
  const bool done = CheckRecent() && a_.box.Check(*a_.device, true) &&
                    b_.box.Check(*b_.device, true) && a_.box.CheckHistory(*a_.device, a_.other) &&
                    b_.box.CheckHistory(*b_.device, b_.other);
  if (!done) totals_->Wrong(a_.name + " and " + b_.name + " could not be checked to the end");
}

template <class Found>
const Found* CrashPair::AwaitCall(Side& side, std::int64_t id) {
  const auto* update =
      side.device->AwaitThat<api::UpdatePhoneCall>([id](const api::UpdatePhoneCall& update) {
        const auto* call = update.phone_call.As<Found>();
        return call != nullptr && call->id == id;
      });
  return update == nullptr ? nullptr : update->phone_call.template As<Found>();
}

load::Reply CrashPair::AskDiscard(Side& side, const Call& call) {
  const api::InputPhoneCall peer = PeerOf(call, side);
  const api::PhoneCallDiscardReasonHangup reason;
  return side.device->Ask(
      fn::phone::DiscardCall{.peer = &peer, .duration = call.duration, .reason = &reason});
}

bool CrashPair::ReadEnd(Side& side, const Call& call, const load::Reply& reply, Ended& ended) {
  const auto any = side.device->Result<fn::phone::DiscardCall>(reply);
  const auto* updates = any ? any->As<api::Updates>() : nullptr;
  if (updates == nullptr) return Fail(side, call, "discardCall: " + reply.Text());
  for (const api::AnyUpdate& update : updates->updates) {
    if (const auto* told = update.As<api::UpdatePhoneCall>()) {
      const auto* end = told->phone_call.As<api::PhoneCallDiscarded>();
      if (end == nullptr || end->id != call.id) return Refuted(side, call, "has not ended");
      ended.reason = end->reason().id();
      ended.duration = end->has_duration() ? end->duration() : -1;
    } else if (const auto* message = update.As<api::UpdateNewMessage>()) {
      ended.pts = message->pts;
      ended.message = CallMessageOf(message->message);
      side.box.Took(*message);
    }
  }
  const bool fits = ended.pts > 1 && ended.message.call == call.id &&
                    ended.message.reason == ended.reason &&
                    ended.message.duration == ended.duration;
  return fits || Fail(side, call, "its message does not fit its end");
}

// The end shows how far the call had come.
void CrashPair::CheckTalked(const Call& call, const Ended& ended) {
  if (call.confirm.told && ended.duration != call.duration) {
    totals_->Lost(Name(call, "ended as if nobody had talked"));
  }
  if (!call.confirm.tried && ended.duration != -1) {
    totals_->Wrong(Name(call, "lasted, and nobody had confirmed it"));
  }
}

api::InputPhoneCall CrashPair::PeerOf(const Call& call, const Side& side) const {
  return {.id = call.id, .access_hash = &side == &a_ ? call.a_hash : call.b_hash};
}

std::string CrashPair::Name(const Call& call, const std::string& what) const {
  return a_.name + " to " + b_.name + ", call " + std::to_string(call.id) + ": " + what;
}

bool CrashPair::Fail(const Side& side, const Call& call, const std::string& what) {
  if (!side.device->client().connected()) {
    totals_->ConnectionLost(side.name, side.device->failure());
    return false;
  }
  totals_->Wrong(Name(call, side.name + ' ' + what));
  broken_ = true;
  return false;
}

bool CrashPair::Refuted(const Side& side, const Call& call, const std::string& what) {
  totals_->Lost(Name(call, side.name + ' ' + what));
  broken_ = true;
  return false;
}

}  // namespace trunkline::e2e
