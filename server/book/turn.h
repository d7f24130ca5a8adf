// One step of the book: the state, the moment, who asks, and what comes out. Handlers read the
// state, emit facts (which changes the state) and say whom to tell.
#pragma once

#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/entropy.h"
#include "server/book/apply.h"
#include "server/book/book.h"
#include "server/book/state.h"
#include "server/call/machine.h"

namespace trunkline::book {

class Turn {
 public:
  // All borrowed for the step. `from` is null when a deadline is the reason.
  Turn(State* state, const BookConfig* config, Entropy* entropy, call::Moment at,
       const Requester* from, std::vector<Fact>* facts, std::vector<Effect>* effects);

  State& state() { return *state_; }
  const BookConfig& config() const { return *config_; }
  Entropy& entropy() { return *entropy_; }
  // In whole milliseconds, as facts carry it: a restarted book sees the same times.
  WallTime now() const { return now_; }
  std::int64_t now_ms() const { return UnixMillis(now_); }
  std::int32_t date() const { return UnixDate(now_); }
  // For the machine: with the clock of deadlines.
  call::Moment at() const { return {now_, clock_}; }
  call::Timeouts timeouts() const;

  const Requester& from() const { return *from_; }
  DeviceId device() const { return from_->device; }
  UserId user() const { return user_; }  // of the device; 0 = nobody signed in
  // After sign-in or sign-out.
  void SetUser(UserId user) { user_ = user; }

  // Appends the fact and applies it.
  void Emit(FactBody body);

  void Answer(ReplyBody body);
  void Refuse(Refusal refusal, std::int32_t argument = 0);
  void Refuse(Refusal refusal, Why why, std::int32_t argument = 0);
  void Done(bool flag = true) { Answer(reply::Done{flag}); }
  // For keys; before the reply, so that a thread knows of a change before its client does.
  void Tell(Effect effect) { effects_->push_back(std::move(effect)); }
  // After the reply: its key must be there to carry it.
  void TellAfter(Effect effect) { pushes_.push_back(std::move(effect)); }
  // Held back until the reply is out (updates never overtake the result that caused them).
  void Push(std::vector<SessionRef> sessions, std::shared_ptr<const UpdateBatch> batch);
  void Push(std::vector<SessionRef> sessions, UpdateBatch batch);
  // Releases what was held back; last.
  void Finish();

  // -- the call's trace: what came is told by its handler, answers and news by the above
  void TraceRequest(CallId call, TraceEvent event, bool opens = false);
  void TraceServer(CallId call, TraceEvent event);

  // -- sessions
  std::span<const SessionRef> SessionsOf(DeviceId device) const;
  bool IsOnline(DeviceId device) const { return !SessionsOf(device).empty(); }
  std::span<const DeviceId> DevicesOf(UserId user) const;
  // All of the user's, the asking one left out.
  std::vector<SessionRef> OtherSessions(UserId user) const;
  bool IsAsking(const SessionRef& session) const;

  std::uint64_t NonZero();
  // A batch of now with these users as `viewer` sees them.
  UpdateBatch BatchFor(UserId viewer, std::initializer_list<UserId> users);

 private:
  void TraceAnswer(const ReplyBody& body);
  void TracePush(const book::Push& push);
  void TraceNews(const Update& update, DeviceId device, UserId user);
  TraceEvent LineOf(TraceKind kind, TraceWhat what) const;
  TraceParty PartyOf(CallId call, UserId user) const;
  DeviceId DeviceOf(const SessionRef& session) const;

  State* state_;
  const BookConfig* config_;
  Entropy* entropy_;
  WallTime now_, clock_;
  CallId traced_;  // the call that the command is about
  Why why_ = Why::kNone;
  const Requester* from_;
  UserId user_;
  std::vector<Fact>* facts_;
  std::vector<Effect>* effects_;
  std::vector<Effect> pushes_;
};

}  // namespace trunkline::book
