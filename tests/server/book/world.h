// A book with a clock, a journal in memory and some phones. Every command is a group of its own
// unless a test says otherwise.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/crypto/sha.h"
#include "common/entropy.h"
#include "server/book/book.h"

namespace trunkline::book {

inline constexpr char kTestCode[] = "22222";

// One device with one session.
struct Phone {
  DeviceId device;
  SessionRef session;
  UserId user;
  AccessHash access_hash;
  std::string number;

  UserQuery query() const { return {false, user, access_hash}; }
};

inline BookConfig TestConfig() {
  BookConfig config;
  config.test_code = kTestCode;
  config.slot = 5;
  config.bot_tokens = {"1:token"};
  RelayConfig reflector;
  reflector.id = 1;
  reflector.ip = "192.0.2.1";
  reflector.port = 4431;
  config.relays.push_back(reflector);
  RelayConfig stun;
  stun.kind = Connection::Kind::kWebrtc;
  stun.id = 2;
  stun.ip = "192.0.2.2";
  stun.port = 3478;
  stun.stun = true;
  config.relays.push_back(stun);
  RelayConfig turn = stun;
  turn.id = 3;
  turn.stun = false;
  turn.turn = true;
  turn.turn_secret = "secret";
  config.relays.push_back(turn);
  return config;
}

inline Protocol TestProtocol(std::vector<std::string> versions = {"2.4.4", "9.0.0", "11.0.0"}) {
  return {true, true, 65, 92, std::move(versions)};
}

// In the safe range of the Diffie-Hellman group.
inline Bytes KeyPart(std::uint8_t fill) {
  return Bytes(256, static_cast<std::uint8_t>(fill | 1));
}
inline Bytes HashOf(const Bytes& bytes) {
  const crypto::Sha256Digest digest = crypto::Sha256(bytes);
  return {digest.begin(), digest.end()};
}
inline const Bytes& Ga() {
  static const Bytes value = KeyPart(0x40);
  return value;
}
inline const Bytes& Gb() {
  static const Bytes value = KeyPart(0x60);
  return value;
}

using Effects = std::vector<Effect>;

inline const ReplyBody* ReplyIn(const Effects& effects) {
  for (const Effect& effect : effects) {
    if (const auto* reply = std::get_if<Reply>(&effect)) return &reply->body;
  }
  return nullptr;
}
template <class T>
const T* ReplyAs(const Effects& effects) {
  const ReplyBody* body = ReplyIn(effects);
  return body == nullptr ? nullptr : std::get_if<T>(body);
}
// kNone when the answer is no refusal.
inline Refusal RefusalIn(const Effects& effects) {
  const auto* refused = ReplyAs<reply::Refused>(effects);
  return refused == nullptr ? Refusal::kNone : refused->refusal;
}
inline std::vector<UpdateBatch> PushesTo(const Effects& effects, const SessionRef& session) {
  std::vector<UpdateBatch> batches;
  for (const Effect& effect : effects) {
    const auto* push = std::get_if<Push>(&effect);
    if (push == nullptr) continue;
    const auto& to = push->sessions;
    if (std::find(to.begin(), to.end(), session) != to.end()) batches.push_back(*push->batch);
  }
  return batches;
}
// All updates pushed to a phone, in order.
inline std::vector<Update> UpdatesTo(const Effects& effects, const Phone& phone) {
  std::vector<Update> updates;
  for (const UpdateBatch& batch : PushesTo(effects, phone.session)) {
    updates.insert(updates.end(), batch.updates.begin(), batch.updates.end());
  }
  return updates;
}
// The call view pushed to a phone, if there is exactly one.
inline std::optional<CallView> CallTo(const Effects& effects, const Phone& phone) {
  std::optional<CallView> view;
  for (const Update& update : UpdatesTo(effects, phone)) {
    if (update.kind != Update::Kind::kPhoneCall) continue;
    if (view) return std::nullopt;
    view = update.call;
  }
  return view;
}
inline std::optional<Update> MessageIn(const std::vector<Update>& updates) {
  for (const Update& update : updates) {
    if (update.kind == Update::Kind::kNewMessage) return update;
  }
  return std::nullopt;
}
template <class T>
std::size_t Count(const std::vector<Fact>& facts) {
  return static_cast<std::size_t>(std::count_if(facts.begin(), facts.end(), [](const Fact& fact) {
    return std::holds_alternative<T>(fact.body);
  }));
}

class World {
 public:
  explicit World(BookConfig config = TestConfig()) : config_(std::move(config)) { Restart(); }

  Book& book() { return *book_; }
  WallTime now() const { return now_; }
  const std::vector<Fact>& journal() const { return journal_; }

  // The process dies and comes back with what the journal holds.
  void Restart() {
    book_ = std::make_unique<Book>(config_, &entropy_);
    for (const Fact& fact : journal_) book_->Restore(fact);
    book_->Restored(now_);
  }

  Effects Send(const Phone& phone, CommandBody body) {
    Effects effects;
    std::vector<Fact> facts;
    Reseed();
    book_->Step(CommandFrom(phone, std::move(body)), now_, facts, effects);
    Keep(std::move(facts));
    return effects;
  }
  // The same, but the store refuses the group.
  Effects SendInVain(const Phone& phone, CommandBody body) {
    Effects effects;
    std::vector<Fact> facts;
    Reseed();
    book_->Step(CommandFrom(phone, std::move(body)), now_, facts, effects);
    book_->RollbackGroup();
    --last_message_;  // as if it had never been sent
    return effects;
  }
  Effects Wait(Duration time) {
    std::vector<Fact> facts;
    Effects effects = Fire(time, facts);
    Keep(std::move(facts));
    return effects;
  }
  // The same, but the store refuses the group.
  void WaitInVain(Duration time) {
    std::vector<Fact> facts;
    Fire(time, facts);
    EXPECT_FALSE(facts.empty());
    book_->UndoGroup();
  }

  // What the back office does. nullopt: there was nothing to be done.
  std::optional<Effects> HangUp(CallId call) {
    return Office(
        [&](auto& facts, auto& effects) { return book_->HangUp(call, now_, facts, effects); });
  }
  std::optional<Effects> DeleteMessage(UserId owner, std::int32_t id) {
    return Office([&](auto& facts, auto& effects) {
      return book_->DeleteMessage(owner, id, now_, facts, effects);
    });
  }
  AddedPerson AddPerson(const NewPerson& person) {
    AddedPerson added;
    Office([&](auto& facts, auto& effects) {
      added = book_->AddPerson(person, now_, facts, effects);
      return !facts.empty();
    });
    return added;
  }
  // Both, but the store refuses the group.
  void OfficeInVain(CallId call, UserId owner, std::int32_t id) {
    std::vector<Fact> facts;
    Effects effects;
    Reseed();
    book_->HangUp(call, now_, facts, effects);
    book_->DeleteMessage(owner, id, now_, facts, effects);
    book_->RollbackGroup();
  }

  AuthKeyId NewKey(std::int64_t expires_ms = 0) {
    cmd::CreateKey create{};
    create.id = AuthKeyId(++last_key_ * 1000 + 1);
    create.created_ms = UnixMillis(now_);
    create.expires_ms = expires_ms;
    Send(Phone{}, create);
    return create.id;
  }
  Phone NewPhone() {
    Phone phone;
    phone.device = NewKey();
    phone.session = {phone.device, SessionId(++last_session_)};
    return phone;
  }
  // Signed in with an open session. A number of its own, or a second device of one.
  Phone SignedIn(const std::string& number) {
    Phone phone = NewPhone();
    phone.number = number;
    const Effects code = Send(phone, cmd::SendCode{number});
    const std::string hash = ReplyAs<reply::SentCode>(code)->phone_code_hash;
    const Effects in = Send(phone, cmd::SignIn{number, hash, kTestCode});
    const UserView& user = ReplyAs<reply::Authorization>(in)->user;
    phone.user = user.id;
    phone.access_hash = user.access_hash;
    Send(phone, cmd::SessionOpened{});
    return phone;
  }

  cmd::RequestCall Request(const Phone& callee) {
    return {callee.query(), false, ++last_random_, HashOf(Ga()), TestProtocol()};
  }

 private:
  Command CommandFrom(const Phone& phone, CommandBody body) {
    return {{phone.session, MessageId(++last_message_), phone.device}, std::move(body)};
  }
  template <class Change>
  std::optional<Effects> Office(Change change) {
    std::vector<Fact> facts;
    Effects effects;
    Reseed();
    const bool changed = change(facts, effects);
    EXPECT_EQ(changed, !facts.empty());
    Keep(std::move(facts));
    if (!changed) return std::nullopt;
    return effects;
  }
  // What a step draws follows from the journal alone, so that worlds with equal journals agree.
  void Reseed() { entropy_ = SeededEntropy(journal_.size() + 1); }
  Effects Fire(Duration time, std::vector<Fact>& facts) {
    now_ += time;
    Effects effects;
    Reseed();
    book_->FireDeadlines(now_, facts, effects);
    return effects;
  }
  void Keep(std::vector<Fact> facts) {
    for (Fact& fact : facts) journal_.push_back(std::move(fact));
    book_->CommitGroup();
  }

  BookConfig config_;
  SeededEntropy entropy_{1};
  std::unique_ptr<Book> book_;
  std::vector<Fact> journal_;
  WallTime now_ = FromUnixSeconds(1'700'000'000);
  std::int64_t last_key_ = 0, last_session_ = 0, last_message_ = 0;
  std::int32_t last_random_ = 0;
};

// A call as its two parties know it.
struct Dialled {
  cmd::PeerCall caller, callee;
  Effects effects;
};

inline Dialled Dial(World& world, const Phone& from, const Phone& to) {
  Dialled dialled;
  dialled.effects = world.Send(from, world.Request(to));
  const auto* reply = ReplyAs<reply::Call>(dialled.effects);
  if (reply == nullptr) return dialled;
  dialled.caller = {reply->call.id, reply->call.access_hash};
  const std::optional<CallView> ring = CallTo(dialled.effects, to);
  if (ring) dialled.callee = {ring->id, ring->access_hash};
  return dialled;
}
inline Effects Accept(World& world, const Phone& phone, const Dialled& call) {
  return world.Send(phone, cmd::AcceptCall{call.callee, Gb(), TestProtocol()});
}
inline Effects Confirm(World& world, const Phone& phone, const Dialled& call) {
  return world.Send(phone, cmd::ConfirmCall{call.caller, Ga(), 77, TestProtocol()});
}
inline Effects Discard(World& world, const Phone& phone, const cmd::PeerCall& peer,
                       call::Reason reason = call::Reason::kHangup, std::int32_t duration = 0) {
  return world.Send(phone, cmd::DiscardCall{peer, false, duration, reason, 0});
}
// Up to kActive.
inline Dialled Connect(World& world, const Phone& from, const Phone& to) {
  Dialled call = Dial(world, from, to);
  world.Send(to, cmd::ReceivedCall{call.callee});
  Accept(world, to, call);
  Confirm(world, from, call);
  return call;
}

}  // namespace trunkline::book
