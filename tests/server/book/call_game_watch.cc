// What the phones of the game hear, what the journal says, and every rule that both must keep.

#include <utility>

#include "tests/server/book/call_game.h"

namespace trunkline::book {
namespace {

constexpr std::array kCallees = {Player::kB1, Player::kB2};

Player CallerOf(int call) {
  return call == 0 ? Player::kA1 : Player::kC1;
}
bool IsCallee(Player player) {
  return player == Player::kB1 || player == Player::kB2;
}
bool IsBetween(Phase phase, Phase first, Phase last) {
  return phase >= first && phase <= last;
}

// What a word may be refused with, however late it comes.
bool MayRefuse(Word word, Refusal refusal) {
  switch (word) {
    case Word::kReceived:
    case Word::kConfirm:
      return refusal == Refusal::kCallAlreadyDeclined;
    case Word::kAccept:
      return refusal == Refusal::kCallAlreadyDeclined || refusal == Refusal::kCallAlreadyAccepted;
    case Word::kDecline:
    case Word::kExcuse:
      return refusal == Refusal::kCallAlreadyAccepted;
    case Word::kSignal:
      return refusal == Refusal::kCallNotActive;
    case Word::kRequest:
    case Word::kDiscard:
      return false;
  }
  return false;
}

}  // namespace

void Game::Expect(bool held, const char* rule) {
  if (!held && broken_.empty()) broken_ = rule;
}

int Game::CallOf(CallId id) const {
  for (int call = 0; call < kGameCalls; ++call) {
    if (board_.ids[static_cast<std::size_t>(call)] == id) return call;
  }
  return -1;
}

Seat& Game::SeatOf(Player player, int call) {
  return board_.seats[static_cast<std::size_t>(player)][static_cast<std::size_t>(call)];
}

void Game::Watch(Move move, const Step& step) {
  for (const Fact& fact : step.facts) Read(move, fact);
  for (const Effect& effect : step.effects) {
    if (const auto* reply = std::get_if<Reply>(&effect)) {
      HearReply(move, step, reply->body);
    } else if (const auto* push = std::get_if<Push>(&effect)) {
      for (const SessionRef& session : push->sessions) {
        if (const auto player = PlayerOf(session)) HearBatch(*player, *push->batch);
      }
    }
  }
  CheckAll();
}

// ---- The journal

void Game::Read(Move move, const Fact& fact) {
  if (const auto* requested = std::get_if<fact::CallRequested>(&fact.body)) {
    const int call = requested->random_id - 1;
    const auto at = static_cast<std::size_t>(call);
    Expect(!board_.journal[at].requested, "one request makes one call");
    board_.journal[at].requested = true;
    board_.journal[at].requested_ms = requested->at_ms;
    board_.ids[at] = requested->id;
    board_.caller_peer[at] = {requested->id, requested->caller_hash};
    board_.callee_peer[at] = {requested->id, requested->callee_hash};
    return;
  }
  if (const auto* ended = std::get_if<fact::CallEnded>(&fact.body)) return ReadEnd(move, *ended);
  if (const auto* received = std::get_if<fact::CallReceived>(&fact.body)) {
    Told& told = board_.journal[static_cast<std::size_t>(CallOf(received->id))];
    Expect(!told.received && !told.accepted && !told.ended, "a ringing call is received once");
    told.received = true;
    told.received_ms = received->at_ms;
  } else if (const auto* accepted = std::get_if<fact::CallAccepted>(&fact.body)) {
    Told& told = board_.journal[static_cast<std::size_t>(CallOf(accepted->id))];
    Expect(!told.accepted && !told.ended, "at most one device accepts");
    told.accepted = true;
    told.taker = PlayerIn(move);
    told.accepted_ms = accepted->at_ms;
  } else if (const auto* confirmed = std::get_if<fact::CallConfirmed>(&fact.body)) {
    Told& told = board_.journal[static_cast<std::size_t>(CallOf(confirmed->id))];
    Expect(told.accepted && !told.established && !told.ended, "an accepted call is confirmed once");
    told.established = true;
    told.confirmed_ms = confirmed->at_ms;
  }
}

void Game::ReadEnd(Move move, const fact::CallEnded& ended) {
  const int call = CallOf(ended.id);
  Told& told = board_.journal[static_cast<std::size_t>(call)];
  Expect(!told.ended, "a call ends once, with one record");
  const bool bound =
      move == kDeadlineMove || PlayerIn(move) == CallerOf(call) || PlayerIn(move) == told.taker;
  Expect(!told.accepted || bound, "only its parties end a call in progress");
  told.ended = true;
  told.reason = ended.reason;
  told.callee_missed = ended.callee_missed;
  told.duration = ended.duration;
  told.caller_pts = ended.caller_pts;
  told.callee_pts = ended.callee_pts;
  Expect(ended.established == told.established, "the record knows whether they talked");
}

// ---- Answers

void Game::HearReply(Move move, const Step& step, const ReplyBody& reply) {
  if (const auto* refused = std::get_if<reply::Refused>(&reply)) {
    return HearRefusal(move, step, refused->refusal);
  }
  const Player player = PlayerIn(move);
  if (const auto* call = std::get_if<reply::Call>(&reply)) return HearAnswer(move, call->call);
  if (const auto* batch = std::get_if<UpdateBatch>(&reply)) return HearBatch(player, *batch);
  if (WordIn(move) == Word::kReceived && rules_.report_first) {
    MaySay(player, CallIn(move), Word::kAccept);
    MaySay(player, CallIn(move), Word::kDecline);
  }
}

void Game::HearRefusal(Move move, const Step& step, Refusal refusal) {
  Expect(MayRefuse(WordIn(move), refusal), "a refusal that the word can't meet");
  Expect(step.facts.empty() && step.effects.size() == 1, "a refused word changes nothing");
  // acceptCall that arrives twice is refused the second time to the device that took the call.
  const Told& told = board_.journal[static_cast<std::size_t>(CallIn(move))];
  const bool own = told.accepted && told.taker == PlayerIn(move);
  if (WordIn(move) == Word::kAccept && !own) MaySay(PlayerIn(move), CallIn(move), Word::kExcuse);
}

void Game::HearAnswer(Move move, const CallView& view) {
  const int call = CallIn(move);
  Seat& seat = SeatOf(PlayerIn(move), call);
  switch (WordIn(move)) {
    case Word::kRequest:
      Expect(view.kind == CallView::Kind::kWaiting, "requestCall answers phoneCallWaiting");
      if (seat.phase == Phase::kNone) seat.phase = Phase::kWaiting;
      return MaySay(PlayerIn(move), call, Word::kDiscard);
    case Word::kAccept:
      Expect(view.kind == CallView::Kind::kWaiting, "acceptCall answers phoneCallWaiting");
      Expect(seat.phase == Phase::kRinging, "a call is taken while it rings");
      seat.phase = Phase::kTaking;
      return MaySay(PlayerIn(move), call, Word::kDiscard);
    case Word::kConfirm:
      Expect(view.kind == CallView::Kind::kActive, "confirmCall answers phoneCall");
      Expect(IsBetween(seat.phase, Phase::kTaking, Phase::kTalking), "phoneCall follows the key");
      seat.phase = Phase::kTalking;
      return MaySay(PlayerIn(move), call, Word::kSignal);
    case Word::kReceived:
    case Word::kDecline:
    case Word::kSignal:
    case Word::kDiscard:
    case Word::kExcuse:
      return Expect(false, "an answer that the word doesn't have");
  }
}

// ---- Updates

void Game::HearBatch(Player player, const UpdateBatch& batch) {
  for (const Update& update : batch.updates) {
    if (update.kind == Update::Kind::kSignalling) {
      HearSignal(player, update);
    } else if (update.kind == Update::Kind::kNewMessage) {
      HearMessage(player, update);
    } else if (update.kind == Update::Kind::kPhoneCall) {
      const int call = CallOf(update.call.id);
      Expect(call >= 0, "an update of a call that isn't");
      if (call < 0) continue;
      if (update.call.kind == CallView::Kind::kDiscarded) {
        HearEnd(player, call, update.call);
      } else if (IsCallee(player)) {
        HearCallee(player, call, update.call);
      } else {
        HearCaller(call, update.call);
      }
    }
  }
}

void Game::HearCaller(int call, const CallView& view) {
  Seat& seat = SeatOf(CallerOf(call), call);
  Expect(seat.phase != Phase::kNone, "the result of requestCall comes before updates of the call");
  Expect(seat.phase != Phase::kOver, "nothing follows the end of a call");
  if (view.kind == CallView::Kind::kWaiting) {
    Expect(seat.phase == Phase::kWaiting && view.receive_date.has_value(), "it rings once");
    seat.phase = Phase::kRinging;
  } else if (view.kind == CallView::Kind::kAccepted) {
    Expect(IsBetween(seat.phase, Phase::kWaiting, Phase::kRinging),
           "phoneCallAccepted is told once");
    seat.phase = Phase::kTaking;
    MaySay(CallerOf(call), call, Word::kConfirm);
  } else {
    Expect(false, "a caller is told what isn't for callers");
  }
}

void Game::HearCallee(Player player, int call, const CallView& view) {
  Seat& seat = SeatOf(player, call);
  if (view.kind == CallView::Kind::kRequested) {
    Expect(seat.phase == Phase::kNone, "a device rings once, and not after the end");
    seat.phase = Phase::kRinging;
    MaySay(player, call, Word::kReceived);
    if (rules_.report_first) return;
    MaySay(player, call, Word::kAccept);
    MaySay(player, call, Word::kDecline);
  } else if (view.kind == CallView::Kind::kActive) {
    Expect(seat.phase == Phase::kTaking, "phoneCall is told once, after acceptCall was answered");
    seat.phase = Phase::kTalking;
    MaySay(player, call, Word::kSignal);
  } else {
    Expect(false, "a callee is told what isn't for callees");
  }
}

void Game::HearEnd(Player player, int call, const CallView& view) {
  Seat& seat = SeatOf(player, call);
  Expect(seat.phase != Phase::kNone, "who knows nothing of a call isn't told of its end");
  const call::Reason reason = view.reason.value_or(call::Reason::kMigrateConferenceCall);
  Expect(view.reason.has_value(), "an end has a reason");
  if (seat.phase == Phase::kOver) {
    // A device that stopped ringing may hang up as well; it then learns how the call really ended.
    const Told& told = board_.journal[static_cast<std::size_t>(call)];
    const bool same = reason == seat.reason && view.duration.value_or(-1) == seat.duration;
    Expect(same || (IsCallee(player) && reason == told.reason), "both sides learn one reason");
    return;
  }
  seat.phase = Phase::kOver;
  seat.reason = reason;
  seat.duration = view.duration.value_or(-1);
}

void Game::HearSignal(Player player, const Update& update) {
  const int call = CallOf(update.call_id);
  Expect(call >= 0, "signalling of a call that isn't");
  if (call < 0) return;
  Seat& seat = SeatOf(player, call);
  Expect(seat.phase == Phase::kTalking, "signalling follows phoneCall");
  const auto from = static_cast<std::uint8_t>(
      IsCallee(player) ? CallerOf(call) : board_.journal[static_cast<std::size_t>(call)].taker);
  Expect(update.data == Bytes{from}, "signalling is passed on as it is");
  ++seat.signals;
}

void Game::HearMessage(Player player, const Update& update) {
  const int call = CallOf(update.message.call_id);
  Expect(call >= 0, "a message of a call that isn't");
  if (call < 0) return;
  Seat& seat = SeatOf(player, call);
  std::int32_t& last = board_.pts[static_cast<std::size_t>(player)];
  Expect(update.pts <= last + 1, "pts has no gap");
  if (update.pts == last + 1) {
    Expect(seat.pts == 0, "one service message for each side");
    seat.pts = last = update.pts;
  }
  Expect(seat.pts == update.pts, "a message keeps its pts");
  const Told& told = board_.journal[static_cast<std::size_t>(call)];
  // Who was busy and never rang has missed the call.
  const bool missed = told.callee_missed && IsCallee(player);
  const bool same = update.message.reason == (missed ? call::Reason::kMissed : told.reason) &&
                    update.message.duration.has_value() == told.established &&
                    update.message.duration.value_or(0) == (told.established ? told.duration : 0);
  Expect(same, "the message tells the record's reason and duration");
  Expect(update.message.out == !IsCallee(player), "the caller's copy is the outgoing one");
}

// ---- After every step

void Game::CheckAll() {
  for (int call = 0; call < kGameCalls; ++call) {
    const Told& told = board_.journal[static_cast<std::size_t>(call)];
    int takers = 0;
    for (const Player player : kCallees) {
      takers += IsBetween(SeatOf(player, call).phase, Phase::kTaking, Phase::kTalking) ? 1 : 0;
    }
    Expect(takers <= 1, "at most one device accepts");
    if (told.requested && !told.ended) CheckLive(call);
    if (told.ended) CheckEnded(call);
  }
  CheckTimers();
}

void Game::CheckLive(int call) {
  const Told& told = board_.journal[static_cast<std::size_t>(call)];
  Expect(SeatOf(CallerOf(call), call).phase != Phase::kOver, "a live call isn't over");
  for (const Player player : kCallees) {
    const Seat& seat = SeatOf(player, call);
    const bool other = told.accepted && told.taker != player;
    Expect((seat.phase == Phase::kOver) == other, "nobody rings after another device has accepted");
    Expect(!other || (seat.reason == call::Reason::kHangup && seat.duration == -1),
           "answered elsewhere is told as a hang-up");
  }
}

void Game::CheckEnded(int call) {
  const Told& told = board_.journal[static_cast<std::size_t>(call)];
  const std::int32_t duration = told.established ? told.duration : -1;
  const Seat& caller = SeatOf(CallerOf(call), call);
  Expect(caller.phase == Phase::kOver, "nobody rings after the end");
  Expect(caller.reason == told.reason && caller.duration == duration,
         "both sides learn one reason");
  Expect(caller.pts == told.caller_pts, "one service message for each side");
  bool one_knows = false;
  for (const Player player : kCallees) {
    const Seat& seat = SeatOf(player, call);
    Expect(seat.phase == Phase::kOver || seat.phase == Phase::kNone, "nobody rings after the end");
    Expect(seat.pts == told.callee_pts, "one service message for each side");
    const bool same = seat.reason == told.reason && seat.duration == duration;
    const bool elsewhere = seat.reason == call::Reason::kHangup && seat.duration == -1;
    const bool party = told.accepted && told.taker == player;
    one_knows |= same && (party || !told.accepted);
    if (seat.phase == Phase::kOver) {
      Expect(same || (elsewhere && !party), "both sides learn one reason");
    } else {
      one_knows = true;
    }
  }
  Expect(one_knows, "both sides learn one reason");
}

void Game::CheckTimers() {
  std::size_t live = 0;
  bool any = false;
  for (const Told& told : board_.journal) {
    live += told.requested && !told.ended ? 1 : 0;
    any |= told.ended;
  }
  const bool timer =
      book_.NextDeadline().has_value() || (fault_ == Fault::kTimerStays && any && live == 0);
  Expect(book_.stats().live_calls == live, "the book counts its live calls");
  Expect(live == 0 || timer, "every live call has a timer");
  Expect(live != 0 || !timer, "no timer outlives its call");
}

}  // namespace trunkline::book
