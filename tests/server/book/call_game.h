// Two calls to one user as a game that can be played in every order: A1 and C1 call B, whose
// devices B1 and B2 ring. Each phone does what it has been told to: rung, it reports and takes or
// declines; taken, the caller confirms; talking, each side signals once; everybody may hang up.
//
// The server hears what phones say in any order, however late, and some of it twice. What the
// server says arrives at once: a phone that hears late and acts is to the server the same as one
// that hears at once and whose words travel late. So a word stays sayable for ever from the moment
// its phone has a reason for it, and a phone's choice is made when its word arrives.
// Words about a call that has ended are never used up: they change nothing, which is checked.
//
// The book is the real one. Everything it does is watched, and the first rule broken is named.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/server/book/world.h"

namespace trunkline::book {

enum class Player : std::uint8_t { kA1, kC1, kB1, kB2 };
inline constexpr int kPlayers = 4;
inline constexpr int kGameCalls = 2;  // of A1, of C1

enum class Word : std::uint8_t {
  kRequest,
  kReceived,
  kAccept,
  kDecline,  // discardCall(Busy) of a device that rings
  kConfirm,
  kSignal,
  kDiscard,  // discardCall(Hangup) of a party
  kExcuse,   // discardCall(Disconnect) that clients send by themselves after a refused acceptCall
};
inline constexpr int kWords = 8;

// A word of a player about a call, or the passing of the first deadline.
using Move = std::uint8_t;
inline constexpr Move kDeadlineMove = kPlayers * kGameCalls * kWords;
using WordSet = std::uint64_t;
static_assert(kDeadlineMove == 64);  // a WordSet has a bit for each

Move MoveOf(Player player, int call, Word word);
inline Player PlayerIn(Move move) {
  return static_cast<Player>(move / (kGameCalls * kWords));
}
inline int CallIn(Move move) {
  return move / kWords % kGameCalls;
}
inline Word WordIn(Move move) {
  return static_cast<Word>(move % kWords);
}
std::string TextOf(Move move);

struct GameRules {
  bool two_calls = false;
  // How often, in all calls together:
  int repeats = 0;    // a word arrives twice
  int deadlines = 0;  // the first deadline passes, besides those at the end
  int signals = 0;    // somebody who talks says a word of signalling
  int caller_discards = 0;
  int callee_discards = 0;   // a device of B declines or hangs up
  bool report_first = true;  // a device takes or declines only after receivedCall was answered
};

// Words that share a limit.
enum class MoveKind : std::uint8_t { kFree, kSignal, kCallerDiscard, kCalleeDiscard };
inline constexpr int kKinds = 4;

// What happens to a step on its way from the book to the phones and the journal: proof that the
// watch sees what it is there to see.
enum class Fault : std::uint8_t {
  kNone,
  kAcceptTwice,     // a refused acceptCall is written down all the same
  kEndTwice,        // CallEnded is written twice
  kTwoReasons,      // the callee is told another reason
  kRingOn,          // phoneCallDiscarded for B2 is lost
  kMessageLost,     // a service message is left out
  kPtsGap,          // a service message skips a pts
  kResultLate,      // updates overtake the result that caused them
  kAcceptedTwice,   // phoneCallAccepted is told twice
  kEarlySignal,     // signalling arrives before phoneCall
  kTimerStays,      // a deadline remains after the last call's end
  kStrangerEnds,    // a call in progress is ended by the device that did not take it
  kRefusalChanges,  // a refused command changes something all the same
};

enum class Phase : std::uint8_t {
  kNone,
  kWaiting,  // caller: phoneCallWaiting
  kRinging,  // caller: with receive_date; callee: phoneCallRequested
  kTaking,   // callee: acceptCall was answered; caller: phoneCallAccepted
  kTalking,  // phoneCall
  kOver,
};

// What one phone knows of one call.
struct Seat {
  Phase phase = Phase::kNone;
  call::Reason reason = call::Reason::kHangup;  // kOver
  std::int32_t duration = -1;                   // kOver; -1: none told
  std::uint8_t signals = 0;
  std::int32_t pts = 0;  // of the service message
};

// What the journal says of one call.
struct Told {
  bool requested = false, received = false, accepted = false, established = false, ended = false;
  bool callee_missed = false;
  Player taker = Player::kB1;  // accepted
  call::Reason reason = call::Reason::kHangup;
  std::int32_t duration = 0;
  std::int32_t caller_pts = 0, callee_pts = 0;
  std::int64_t requested_ms = 0, received_ms = 0, accepted_ms = 0, confirmed_ms = 0;
};

// Everything but the book: small, copied to look one move ahead.
struct Board {
  WordSet sayable = 0, said = 0;
  std::uint8_t repeats = 0, deadlines = 0;   // still to come
  std::array<std::uint8_t, kKinds> words{};  // still to be said, of each kind
  std::int64_t now_ms = 0;
  std::array<std::array<Seat, kGameCalls>, kPlayers> seats{};
  std::array<std::int32_t, kPlayers> pts{};
  std::array<Told, kGameCalls> journal{};
  std::array<CallId, kGameCalls> ids{};
  std::array<cmd::PeerCall, kGameCalls> caller_peer{}, callee_peer{};
};

class Game {
 public:
  Game(const GameRules& rules, Fault fault);

  std::vector<Move> Moves() const;
  // Plays and commits.
  void Play(Move move);
  // What Play would lead to; the book and the board are as before afterwards.
  std::string DigestAfter(Move move);
  // Equal digests: equal futures.
  std::string Digest() const;
  // From here on nobody says anything any more: deadlines pass until there is none.
  void PlayOut();

  // The rule that was broken first; empty: none.
  const std::string& broken() const { return broken_; }
  int calls_ended() const;

 private:
  struct Step {
    std::vector<Fact> facts;
    std::vector<Effect> effects;
  };

  // Playing (call_game.cc).
  void Do(Move move);
  void Pass();
  CommandBody CommandOf(Move move) const;
  void MaySay(Player player, int call, Word word);
  void Say(Move move);

  // Watching (call_game_watch.cc).
  void Watch(Move move, const Step& step);
  void Read(Move move, const Fact& fact);
  void ReadEnd(Move move, const fact::CallEnded& ended);
  void HearReply(Move move, const Step& step, const ReplyBody& reply);
  void HearRefusal(Move move, const Step& step, Refusal refusal);
  void HearBatch(Player player, const UpdateBatch& batch);
  void HearAnswer(Move move, const CallView& view);
  void HearCaller(int call, const CallView& view);
  void HearCallee(Player player, int call, const CallView& view);
  void HearEnd(Player player, int call, const CallView& view);
  void HearSignal(Player player, const Update& update);
  void HearMessage(Player player, const Update& update);
  void CheckAll();
  void CheckLive(int call);
  void CheckEnded(int call);
  void CheckTimers();
  void Expect(bool held, const char* rule);
  int CallOf(CallId id) const;
  Seat& SeatOf(Player player, int call);

  const GameRules rules_;
  const Fault fault_;
  SeededEntropy entropy_{1};
  Book book_;
  Board board_;
  std::string broken_;
};

// The same phones in every game.
const Phone& PhoneOf(Player player);
std::optional<Player> PlayerOf(const SessionRef& session);
// The call that the move is about.
void Spoil(Fault fault, Move move, CallId about, std::vector<Fact>& facts,
           std::vector<Effect>& effects);

}  // namespace trunkline::book
