// A phone's links, session, queries and message box.
#include <utility>

#include "server/mtproto/envelope.h"
#include "tests/sim/phone.h"

namespace trunkline::sim {

namespace api = tl::api;
namespace fn = tl::api::fn;
using namespace std::chrono_literals;  // NOLINT

namespace {

constexpr Nanos kAckLater = 3s;
constexpr unsigned kForgetful = 300;  // of a thousand reconnects begin a new session
constexpr unsigned kSlow = 100;       // of a thousand reconnects take long
constexpr std::int64_t kFirstSession = 1;

SessionId RandomSession(Dice& dice) {
  return SessionId(static_cast<std::int64_t>(dice.entropy()->U64() | kFirstSession));
}

}  // namespace

Phone::Phone(Identity identity, Outside outside)
    : me_(std::move(identity)),
      out_(std::move(outside)),
      session_(RandomSession(*out_.dice), 0),
      arena_(4096) {}

void Phone::Expect(bool held, std::string_view rule) {
  if (held) return;
  out_.complain(std::string(rule) + " [pts " + std::to_string(pts_) + ", layer " +
                std::to_string(me_.layer) + ", " + std::to_string(session_.unanswered()) +
                " unanswered" + (asking_difference_ ? ", asking the difference" : "") +
                ", disturbed " + std::to_string(disturbed_) + "]");
}

void Phone::Start() {
  out_.timeline->In(out_.dice->Between(0s, 2s), [this] {
    Connect();
    Act();
  });
}

// ---- Links

void Phone::Connect() {
  if (connected_ || signed_out_) return;
  if (!out_.connect()) {
    out_.timeline->In(1s, [this] { Connect(); });
    return;
  }
  connected_ = true;
  session_.Reconnected();
  GetDifference();
  Flush();
}

void Phone::LinkLost() {
  if (!connected_) return;
  connected_ = false;
  if (out_.dice->Chance(kForgetful)) NewSession();
  const bool slow = !settling_ && out_.dice->Chance(kSlow);
  const Nanos pause = slow ? out_.dice->Between(5s, 60s) : out_.dice->Between(10ms, 3s);
  out_.timeline->In(pause, [this] { Connect(); });
}

void Phone::NewSession() {
  session_.StartNewSession(RandomSession(*out_.dice));
  ++disturbed_;
  // What was pushed to a session whose link the server still believes in stays there.
  if (back_) ForgetOwed();
}

void Phone::ForgetOwed() {
  for (auto& [id, call] : calls_) call.owed_end = false;
}

void Phone::Receive(Bytes packet) {
  if (signed_out_) return;
  const auto opened = mtproto::OpenMessage(me_.key, crypto::Direction::kToClient, packet);
  if (!opened) return;  // a transport error, or something for another session
  if (opened->header.session != session_.id()) return;
  const std::string_view rule =
      session_.Receive(opened->header, opened->body, out_.timeline->now());
  Expect(rule.empty(), rule);
  Deliver();
  Flush();
  AcknowledgeLater();
}

// Also when there is nothing else to say: a session follows its client to another link with the
// first new message there, and the repeat of an old one isn't new.
void Phone::AcknowledgeLater() {
  if (std::exchange(acknowledging_, true)) return;
  out_.timeline->In(kAckLater, [this] {
    acknowledging_ = false;
    Flush(true);
  });
}

void Phone::Flush(bool acks_alone) {
  if (!connected_) return;
  load::OutgoingPacket packet;
  while (session_.TakePacket(out_.timeline->now(), acks_alone, packet)) {
    Bytes sealed;
    mtproto::SealMessage(me_.id, me_.key, crypto::Direction::kToServer, packet.header, packet.body,
                         *out_.dice->entropy(), sealed);
    // A container that comes again is refused with its own code (19), which no client survives.
    const bool single = LoadLittle<std::uint32_t>(packet.body.data()) != tl::mt::MsgContainer::kId;
    out_.send(std::move(sealed), single);
  }
}

// ---- Queries

void Phone::Send(Bytes body, Done done) {
  // Until the server is known to know who we are.
  if (!introduced_) body = load::Introduced(body, me_.layer, "sim");
  waiting_[session_.Send(std::move(body))] = std::move(done);
}

void Phone::Deliver() {
  load::SessionEvent event;
  while (!signed_out_ && session_.Poll(event)) {
    if (auto* answered = std::get_if<load::Answered>(&event)) {
      const auto waiting = waiting_.extract(answered->request);
      if (!waiting.empty()) waiting.mapped()(load::ReplyOf(std::move(answered->body)));
    } else if (const auto* updates = std::get_if<load::UpdatesArrived>(&event)) {
      OnUpdates(updates->body);
    } else if (std::holds_alternative<load::SessionCreated>(event)) {
      GetDifference();
    } else {
      const std::string code = std::to_string(std::get<load::Rejected>(event).code);
      Expect(false, "a query was refused for its numbers: bad_msg_notification " + code);
    }
  }
}

// ---- The message box

void Phone::GetDifference() {
  if (std::exchange(asking_difference_, true)) {
    behind_ = true;
    return;
  }
  behind_ = false;
  rang_when_asked_ = out_.disk->RingingTo(user());
  Bytes body;
  tl::AppendTo(body, fn::updates::GetDifference{.pts = pts_, .date = 1, .qts = 0}, me_.layer);
  Send(std::move(body),
       [this, asked = pts_](const load::Reply& reply) { OnDifference(reply, asked); });
}

void Phone::OnDifference(const load::Reply& reply, std::int32_t asked) {
  asking_difference_ = false;
  arena_.Reset();
  api::updates::AnyDifference difference;
  const bool read = load::ReadResult<fn::updates::GetDifference>(reply, arena_, difference);
  if (!read) {
    ExpectRefusal(reply, "updates.getDifference", {});
    out_.timeline->In(1s, [this] { GetDifference(), Flush(); });
    return;
  }
  introduced_ = back_ = true;
  Expect(asked == pts_, "nothing else moves pts while the difference is asked for");
  bool more = behind_;
  if (const auto* all = difference.As<api::updates::Difference>()) {
    AddMessages(all->new_messages);
    const auto* state = all->state.As<api::updates::State>();
    Expect(state != nullptr && state->pts == pts_, "the difference has no gap");
    for (const api::AnyUpdate& update : all->other_updates) OnUpdate(update);
  } else if (const auto* slice = difference.As<api::updates::DifferenceSlice>()) {
    AddMessages(slice->new_messages);
    more = true;
  } else {
    Expect(difference.As<api::updates::DifferenceEmpty>() != nullptr,
           "a box of some hundred messages is never too long");
  }
  CheckRings();
  if (more) GetDifference();
}

// Pushes may be lost with a session or a process; the difference has every call that still rings.
void Phone::CheckRings() {
  for (const CallId id : out_.disk->RingingTo(user())) {
    if (!rang_when_asked_.contains(id)) continue;
    ++rings_offered_;
    Expect(Find(id) != nullptr, "the difference offers a call that rings");
  }
}

void Phone::AddMessages(std::span<const api::AnyMessage> messages) {
  for (const api::AnyMessage& message : messages) {
    ++pts_;
    OnMessage(message);
  }
}

void Phone::OnNewMessage(const api::UpdateNewMessage& update) {
  Expect(update.pts_count == 1, "a message counts one");
  if (asking_difference_) {
    behind_ = true;
  } else if (update.pts == pts_ + 1) {
    ++pts_;
    OnMessage(update.message);
  } else if (update.pts > pts_) {
    GetDifference();
  }
}

void Phone::OnMessage(const api::AnyMessage& any) {
  const auto* message = any.As<api::MessageService>();
  const auto* action =
      message == nullptr ? nullptr : message->action.As<api::MessageActionPhoneCall>();
  Expect(action != nullptr, "every message is of a call");
  if (action == nullptr) return;
  const CallId id(action->call_id);
  box_.push_back(id);
  const CallLife* life = out_.disk->Find(id);
  Expect(life != nullptr && life->end, "who is told of an end finds it on disk");
  if (life == nullptr || !life->end) return;
  Expect(message->out() == (life->caller == user()), "the caller's copy is the outgoing one");
  Expect(action->has_duration() == life->end->established, "the record knows whether they talked");
  if (Call* call = Find(id)) call->phase = Phase::kOver;
}

// ---- Updates

void Phone::OnUpdates(ByteView body) {
  tl::Arena arena(4096);
  tl::Reader reader(body, &arena);
  const auto updates = tl::Read<api::AnyUpdates>(reader);
  Expect(reader.ExpectEnd(), "updates can be read");
  OnBatch(updates);
}

void Phone::OnBatch(const api::AnyUpdates& updates) {
  if (const auto* one = updates.As<api::UpdateShort>()) return OnUpdate(one->update);
  if (updates.As<api::UpdatesTooLong>() != nullptr) {
    ForgetOwed();  // pushes were dropped, and it is said: the box has to do
    return GetDifference();
  }
  const auto* many = updates.As<api::Updates>();
  if (many == nullptr) return;
  for (const api::AnyUpdate& update : many->updates) OnUpdate(update);
}

void Phone::OnUpdate(const api::AnyUpdate& update) {
  if (const auto* call = update.As<api::UpdatePhoneCall>()) return OnCall(call->phone_call);
  if (const auto* message = update.As<api::UpdateNewMessage>()) return OnNewMessage(*message);
  const auto* signal = update.As<api::UpdatePhoneCallSignalingData>();
  if (signal != nullptr) OnSignal(*signal);
}

}  // namespace trunkline::sim
