#include "server/book/book.h"

#include <algorithm>
#include <type_traits>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "server/book/call_common.h"
#include "server/book/handlers.h"
#include "server/book/sessions.h"

namespace trunkline::book {
namespace {

// Who may send a command.
enum class Access : std::uint8_t {
  kAnyKey,    // before sign-in too
  kSignedIn,  // users and bots
  kPerson,    // users: phone.*, contacts.*, privacy
};

template <class T, class... Options>
constexpr bool kIsOneOf = (std::is_same_v<T, Options> || ...);

template <class T>
constexpr Access kAccess =
    kIsOneOf<T, cmd::CreateKey, cmd::DestroyKey, cmd::InitConnection, cmd::BindTempKey,
             cmd::DropTempKeys, cmd::SessionOpened, cmd::SessionClosed, cmd::SendCode,
             cmd::ResendCode, cmd::CancelCode, cmd::SignIn, cmd::SignUp, cmd::ImportBot,
             cmd::UpdatesLost>
        ? Access::kAnyKey
    : kIsOneOf<T, cmd::LogOut, cmd::GetUsers, cmd::GetFullUser, cmd::UpdateStatus,
               cmd::GetAuthorizations, cmd::GetState, cmd::GetDifference, cmd::GetHistory>
        ? Access::kSignedIn
        : Access::kPerson;

template <class T>
constexpr bool kIsCallMethod = kIsOneOf<T, cmd::RequestCall, cmd::ReceivedCall, cmd::AcceptCall,
                                        cmd::ConfirmCall, cmd::DiscardCall, cmd::SendSignalling,
                                        cmd::SetCallRating, cmd::SaveCallDebug, cmd::SaveCallLog>;

Refusal CheckAccess(Turn& turn, Access access) {
  if (access == Access::kAnyKey) return Refusal::kNone;
  const User* user = turn.user() ? turn.state().users.Find(turn.user()) : nullptr;
  if (user == nullptr) return Refusal::kAuthKeyUnregistered;
  if (access == Access::kPerson && user->bot) return Refusal::kBotMethodInvalid;
  return Refusal::kNone;
}

template <class T>
void Dispatch(Turn& turn, const T& command) {
  const Refusal refusal = CheckAccess(turn, kAccess<T>);
  if (refusal != Refusal::kNone) return turn.Refuse(refusal);
  Handle(turn, command);
}

void FireCode(Turn& turn, const Deadline& deadline) {
  const PhoneKey phone(deadline.id);
  const Code* code = turn.state().codes.Find(phone);
  if (code != nullptr && code->live) {
    turn.Emit(fact::CodeEnded{code->phone});
  } else {
    turn.state().codes.Erase(phone);
  }
}

void Fire(Turn& turn, const Deadline& deadline) {
  switch (deadline.kind) {
    case Deadline::Kind::kCall:
      FireCallDeadline(turn, CallId(deadline.id));
      break;
    case Deadline::Kind::kCode:
      FireCode(turn, deadline);
      break;
    case Deadline::Kind::kTempKey:
      DestroyKey(turn, AuthKeyId(deadline.id));
      break;
  }
  // Whatever it was for has moved on; it must not fire for ever.
  const bool call = deadline.kind == Deadline::Kind::kCall;
  (call ? turn.state().call_deadlines : turn.state().deadlines)
      .Move(deadline.kind, deadline.id, deadline.at_ms, 0);
}

void RestoreRelays(RelayDesk& relays, const FactBody& fact) {
  if (const auto* confirmed = std::get_if<fact::CallConfirmed>(&fact)) {
    relays.Restore(confirmed->id, confirmed->caller_connections, FromUnixMillis(confirmed->at_ms));
  } else if (const auto* ended = std::get_if<fact::CallEnded>(&fact)) {
    relays.Forget(ended->id);
  }
}

}  // namespace

struct Book::Impl {
  Impl(BookConfig the_config, Entropy* the_entropy)
      : config(std::move(the_config)), entropy(the_entropy) {
    for (const RelayConfig& relay : config.relays) CHECK(!state.relays.Configure(relay));
  }

  void EvictEnded();
  void KeepFlows(Turn& turn);
  call::Moment At(WallTime now) const { return {now, test_clock.value_or(now)}; }
  void KeepTraces(std::vector<Fact>& facts, std::size_t from);

  BookConfig config;
  Entropy* entropy;
  State state;
  WallTime last_now{};
  std::optional<WallTime> test_clock;
  // After a group that could not be committed, deadlines wait until then.
  WallTime rest_until{};
  // Sessions that this group opened; welcomed again if it is undone, because what they were told
  // never left.
  std::vector<std::pair<SessionRef, DeviceId>> opened, unwelcomed;
  // Only from Restore until the first Step.
  absl::flat_hash_map<AuthKeyId, fact::KeyCreated> restored_keys;
};

// Ended calls stay for ratings, debug data and repeated hang-ups, within bounds.
void Book::Impl::EvictEnded() {
  while (state.first_ended < state.next_ended) {
    const CallId* id = state.ended.Find(state.first_ended);
    const CallRecord* record = id == nullptr ? nullptr : state.calls.Find(*id);
    if (record != nullptr) {
      const bool many = state.next_ended - state.first_ended > kEndedCallsMax;
      if (!many && record->call.ended + kEndedCallLife > last_now) return;
      const std::pair key(record->call.caller_device, record->random_id);
      const CallId* newest = state.random_ids.Find(key);
      if (newest != nullptr && *newest == *id) state.random_ids.Drop(key);
      state.calls.Drop(*id);
    }
    if (id != nullptr) state.ended.Drop(state.first_ended);
    ++state.first_ended;
  }
}

// Of calls that are evicted nothing is kept.
void Book::Impl::KeepFlows(Turn& turn) {
  for (fact::CallRelayed& flow : state.relays.ended_flows().Take()) {
    if (state.calls.Find(flow.id) != nullptr) turn.Emit(std::move(flow));
  }
}

// The store gets the trace of each call that ended in this step, whole.
void Book::Impl::KeepTraces(std::vector<Fact>& facts, std::size_t from) {
  for (std::size_t i = from; i < facts.size(); ++i) {
    auto* ended = std::get_if<fact::CallEnded>(&facts[i].body);
    if (ended != nullptr) ended->trace = EncodeTrace(state.tracer.Of(ended->id));
  }
}

Book::Book(BookConfig config, Entropy* entropy)
    : impl_(std::make_unique<Impl>(std::move(config), entropy)) {}
Book::~Book() = default;

void Book::Restore(const BoxMessage& message) {
  Apply(impl_->state, message);
  impl_->state.group.Commit();
}

void Book::Restore(const Fact& fact) {
  Apply(impl_->state, fact);
  if (const auto* created = std::get_if<fact::KeyCreated>(&fact.body)) {
    impl_->restored_keys.insert_or_assign(created->id, *created);
  } else if (const auto* destroyed = std::get_if<fact::KeyDestroyed>(&fact.body)) {
    impl_->restored_keys.erase(destroyed->id);
  } else if (fact.stream == Stream::kCall) {
    RestoreRelays(impl_->state.relays, fact.body);
    OweAfterRestart(impl_->state, fact.body);
    TraceRestored(impl_->state, fact.body);
  }
  CommitGroup();
}

void Book::Restored(WallTime now) {
  State& state = impl_->state;
  TraceEvent event;
  event.at_ms = UnixMillis(now);
  event.what = TraceWhat::kRestarted;
  state.live_calls.ForEach([&](UserId user, const std::vector<CallId>& calls) {
    for (const CallId id : calls) {
      if (state.calls.Find(id)->call.caller == user) state.tracer.Add(id, event);
    }
  });
  state.tracer.Commit();
}

void Book::Step(const Command& command, WallTime now, std::vector<Fact>& facts,
                std::vector<Effect>& effects) {
  if (!impl_->restored_keys.empty()) impl_->restored_keys = {};
  impl_->last_now = now;
  const std::size_t facts_before = facts.size();
  Turn turn(&impl_->state, &impl_->config, impl_->entropy, impl_->At(now), &command.from, &facts,
            &effects);
  std::visit([&turn](const auto& body) { Dispatch(turn, body); }, command.body);
  turn.Finish();
  impl_->KeepTraces(facts, facts_before);
  if (std::holds_alternative<cmd::SessionOpened>(command.body)) {
    impl_->opened.emplace_back(command.from.session, command.from.device);
  }
}

void Book::FireDeadlines(WallTime now, std::vector<Fact>& facts, std::vector<Effect>& effects) {
  impl_->last_now = now;
  if (now < impl_->rest_until) return;
  const std::size_t facts_before = facts.size();
  Turn turn(&impl_->state, &impl_->config, impl_->entropy, impl_->At(now), nullptr, &facts,
            &effects);
  for (const auto& [session, device] : std::exchange(impl_->unwelcomed, {})) {
    const std::span<const SessionRef> open = turn.SessionsOf(device);
    if (std::find(open.begin(), open.end(), session) == open.end()) continue;
    Welcome(turn, session, device);
    impl_->opened.emplace_back(session, device);
  }
  impl_->KeepFlows(turn);
  const auto fire = [&turn](const Deadlines& deadlines, WallTime until) {
    for (int fired = 0; fired < kDeadlinesPerGroupMax; ++fired) {
      const std::optional<Deadline> first = deadlines.First();
      if (!first || first->at_ms > UnixMillis(until)) break;
      Fire(turn, *first);
    }
  };
  fire(impl_->state.deadlines, turn.now());
  fire(impl_->state.call_deadlines, turn.at().clock);
  turn.Finish();
  impl_->KeepTraces(facts, facts_before);
}

bool Book::HangUp(CallId call, WallTime now, std::vector<Fact>& facts,
                  std::vector<Effect>& effects) {
  const CallRecord* record = impl_->state.calls.Find(call);
  if (record == nullptr || record->call.state == call::State::kEnded) return false;
  impl_->last_now = now;
  const std::size_t facts_before = facts.size();
  Turn turn(&impl_->state, &impl_->config, impl_->entropy, impl_->At(now), nullptr, &facts,
            &effects);
  EndCall(turn, call::End(record->call, call::Reason::kHangup, turn.now()),
          {.why = Why::kRecordDiscarded});
  turn.Finish();
  impl_->KeepTraces(facts, facts_before);
  return true;
}

bool Book::DeleteMessage(UserId owner, std::int32_t message_id, WallTime now,
                         std::vector<Fact>& facts, std::vector<Effect>& effects) {
  impl_->last_now = now;
  Turn turn(&impl_->state, &impl_->config, impl_->entropy, impl_->At(now), nullptr, &facts,
            &effects);
  const bool deleted = book::DeleteMessage(turn, owner, message_id);
  turn.Finish();
  return deleted;
}

AddedPerson Book::AddPerson(const NewPerson& person, WallTime now, std::vector<Fact>& facts,
                            std::vector<Effect>& effects) {
  impl_->last_now = now;
  Turn turn(&impl_->state, &impl_->config, impl_->entropy, impl_->At(now), nullptr, &facts,
            &effects);
  const AddedPerson added = book::AddPerson(turn, person);
  turn.Finish();
  return added;
}

std::optional<WallTime> Book::NextDeadline() const {
  const bool any_flow = !impl_->state.relays.ended_flows().empty();
  if (any_flow || !impl_->unwelcomed.empty()) return impl_->rest_until;
  const std::optional<Deadline> other = impl_->state.deadlines.First();
  std::optional<Deadline> call = impl_->state.call_deadlines.First();
  if (call && impl_->test_clock) {
    // Due at once or not before the clock is set again.
    if (call->at_ms > UnixMillis(*impl_->test_clock)) call.reset();
  }
  if (!other && !call) return std::nullopt;
  const std::int64_t at_ms =
      std::min(other ? other->at_ms : call->at_ms, call ? call->at_ms : other->at_ms);
  return std::max(FromUnixMillis(at_ms), impl_->rest_until);
}

void Book::SetTestClock(WallTime clock) {
  impl_->test_clock = clock;
}

const CallTrace* Book::TraceOf(CallId call) const {
  return impl_->state.tracer.Find(call);
}

std::optional<Book::CallSummary> Book::SummaryOf(CallId call) const {
  const CallRecord* record = impl_->state.calls.Find(call);
  if (record == nullptr) return std::nullopt;
  return CallSummary{record->call.caller, record->call.callee, record->call.state};
}

RelayDesk& Book::relays() {
  return impl_->state.relays;
}

const RelayDesk& Book::relays() const {
  return impl_->state.relays;
}

void Book::FollowTraces(bool on) {
  impl_->state.tracer.Follow(on);
}

std::vector<Tracer::Line> Book::TakeTraceLines() {
  return impl_->state.tracer.TakeFollowed();
}

void Book::CommitGroup() {
  impl_->state.group.Commit();
  impl_->state.tracer.Commit();
  impl_->state.relays.Commit(impl_->last_now);
  impl_->opened.clear();
  CloseLeaving(impl_->state);
  impl_->EvictEnded();
}

void Book::RollbackGroup() {
  impl_->state.tracer.Rollback(UnixMillis(impl_->last_now));
  UndoGroup();
}

void Book::UndoGroup() {
  impl_->state.group.Rollback();
  impl_->state.tracer.Undo(UnixMillis(impl_->last_now));
  impl_->state.relays.Rollback();
  impl_->state.presence.leaving.clear();
  impl_->rest_until = impl_->last_now + kDeadlineRest;
  for (const auto& opened : std::exchange(impl_->opened, {})) {
    impl_->unwelcomed.push_back(opened);
  }
}

std::optional<Effect> Book::RefusalOf(const Command& command) {
  return std::visit(
      [&command](const auto& body) -> std::optional<Effect> {
        using T = std::decay_t<decltype(body)>;
        if constexpr (kIsOneOf<T, cmd::SessionOpened, cmd::SessionClosed, cmd::UpdatesLost>) {
          return std::nullopt;
        } else if constexpr (std::is_same_v<T, cmd::CreateKey>) {
          // The exchange answers dh_gen_retry, and the client tries again.
          return KeyStored{body.nonce,      body.id,         body.key, body.created_ms,
                           body.expires_ms, body.first_salt, true};
        } else {
          const Refusal refusal =
              kIsCallMethod<T> ? Refusal::kCallOccupyFailed : Refusal::kInternal;
          return Reply{command.from.session, command.from.msg_id, reply::Refused{refusal, 0}};
        }
      },
      command.body);
}

std::vector<KeyStored> Book::StoredKeys() const {
  std::vector<KeyStored> keys;
  keys.reserve(impl_->restored_keys.size());
  for (const auto& [id, key] : impl_->restored_keys) {
    keys.push_back(KeyStored{{}, id, key.key, key.created_ms, key.expires_ms, 0, false});
  }
  return keys;
}

std::vector<KeyInfo> Book::KeyInfos() const {
  std::vector<KeyInfo> infos;
  infos.reserve(impl_->state.keys.size());
  impl_->state.keys.ForEach(
      [&](AuthKeyId id, const Key&) { infos.push_back(KeyInfoOf(impl_->state, id)); });
  return infos;
}

Book::Stats Book::stats() const {
  Stats stats;
  stats.users = impl_->state.users.size();
  impl_->state.devices.ForEach(
      [&stats](UserId, const std::vector<DeviceId>& devices) { stats.devices += devices.size(); });
  stats.sessions = impl_->state.presence.count;
  stats.live_calls = impl_->state.calls.size() - impl_->state.ended.size();
  return stats;
}

}  // namespace trunkline::book
