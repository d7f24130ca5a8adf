#include "tests/server/book/call_game.h"

#include <type_traits>
#include <utility>

namespace trunkline::book {
namespace {

constexpr Duration kBetweenRequests = std::chrono::seconds(1);
constexpr int kDeadlinesMax = 16;  // more in a row is one that never goes away

struct Cast {
  std::vector<Fact> journal;
  std::array<Phone, kPlayers> phones;
  WallTime now;
};

const Cast& TheCast() {
  static const Cast cast = [] {
    World world;
    Cast made;
    made.phones = {world.SignedIn("9996621001"), world.SignedIn("9996621003"),
                   world.SignedIn("9996621002"), world.SignedIn("9996621002")};
    made.journal = world.journal();
    made.now = world.now();
    return made;
  }();
  return cast;
}

const BookConfig& GameConfig() {
  static const BookConfig config = TestConfig();
  return config;
}

WordSet Bit(Move move) {
  return WordSet{1} << move;
}

MoveKind KindOf(Move move) {
  const bool caller = PlayerIn(move) == Player::kA1 || PlayerIn(move) == Player::kC1;
  switch (WordIn(move)) {
    case Word::kSignal:
      return MoveKind::kSignal;
    case Word::kDecline:
      return MoveKind::kCalleeDiscard;
    case Word::kDiscard:
      return caller ? MoveKind::kCallerDiscard : MoveKind::kCalleeDiscard;
    case Word::kRequest:
    case Word::kReceived:
    case Word::kAccept:
    case Word::kConfirm:
    case Word::kExcuse:
      return MoveKind::kFree;
  }
  return MoveKind::kFree;
}

template <class T>
void Append(std::string& out, const T& value) {
  static_assert(std::is_arithmetic_v<T> || std::is_enum_v<T>);
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void Append(std::string& out, const Seat& seat) {
  Append(out, seat.phase);
  Append(out, seat.reason);
  Append(out, seat.duration);
  Append(out, seat.signals);
  Append(out, seat.pts);
}

void Append(std::string& out, const Told& told) {
  const int flags = told.requested | told.received << 1 | told.accepted << 2 |
                    told.established << 3 | told.ended << 4;
  Append(out, static_cast<std::uint8_t>(flags));
  Append(out, told.taker);
  Append(out, told.reason);
  Append(out, told.duration);
  Append(out, told.caller_pts);
  Append(out, told.callee_pts);
  for (const std::int64_t ms :
       {told.requested_ms, told.received_ms, told.accepted_ms, told.confirmed_ms}) {
    Append(out, ms);
  }
}

}  // namespace

Move MoveOf(Player player, int call, Word word) {
  const int index = static_cast<int>(player) * kGameCalls + call;
  return static_cast<Move>(index * kWords + static_cast<int>(word));
}

std::string TextOf(Move move) {
  if (move == kDeadlineMove) return "deadline";
  constexpr std::array kNames = {"A1", "C1", "B1", "B2"};
  constexpr std::array kSaid = {"requests", "has received", "accepts",  "declines",
                                "confirms", "signals",      "hangs up", "excuses itself from"};
  const int player = static_cast<int>(PlayerIn(move));
  return std::string(kNames[static_cast<std::size_t>(player)]) + " " +
         kSaid[static_cast<std::size_t>(WordIn(move))] + (CallIn(move) == 0 ? " A's" : " C's") +
         " call";
}

const Phone& PhoneOf(Player player) {
  return TheCast().phones[static_cast<std::size_t>(player)];
}

std::optional<Player> PlayerOf(const SessionRef& session) {
  for (std::size_t i = 0; i < TheCast().phones.size(); ++i) {
    if (TheCast().phones[i].session == session) return static_cast<Player>(i);
  }
  return std::nullopt;
}

Game::Game(const GameRules& rules, Fault fault)
    : rules_(rules), fault_(fault), book_(GameConfig(), &entropy_) {
  for (const Fact& fact : TheCast().journal) book_.Restore(fact);
  board_.now_ms = UnixMillis(TheCast().now);
  board_.repeats = static_cast<std::uint8_t>(rules.repeats);
  board_.deadlines = static_cast<std::uint8_t>(rules.deadlines);
  board_.pts.fill(1);
  board_.words = {kPlayers * kGameCalls * kWords, static_cast<std::uint8_t>(rules.signals),
                  static_cast<std::uint8_t>(rules.caller_discards),
                  static_cast<std::uint8_t>(rules.callee_discards)};
  std::vector<Fact> facts;
  std::vector<Effect> effects;
  for (const Phone& phone : TheCast().phones) {
    const Command open{{phone.session, MessageId(1), phone.device}, cmd::SessionOpened{}};
    book_.Step(open, TheCast().now, facts, effects);
  }
  book_.CommitGroup();
  MaySay(Player::kA1, 0, Word::kRequest);
  if (rules.two_calls) MaySay(Player::kC1, 1, Word::kRequest);
}

void Game::MaySay(Player player, int call, Word word) {
  const Move move = MoveOf(player, call, word);
  const bool left = board_.words[static_cast<std::size_t>(KindOf(move))] > 0;
  if (left && (board_.said & Bit(move)) == 0) board_.sayable |= Bit(move);
}

std::vector<Move> Game::Moves() const {
  std::vector<Move> moves;
  if (board_.deadlines > 0 && book_.NextDeadline()) moves.push_back(kDeadlineMove);
  const WordSet words = board_.sayable | (board_.repeats > 0 ? board_.said : 0);
  for (Move move = 0; move < kDeadlineMove; ++move) {
    if ((words & Bit(move)) != 0) moves.push_back(move);
  }
  return moves;
}

void Game::Play(Move move) {
  Do(move);
  book_.CommitGroup();
}

std::string Game::DigestAfter(Move move) {
  const Board before = board_;
  Do(move);
  std::string digest = Digest();
  book_.RollbackGroup();
  board_ = before;
  return digest;
}

std::string Game::Digest() const {
  std::string digest;
  Append(digest, board_.sayable);
  Append(digest, board_.said);
  Append(digest, board_.repeats);
  Append(digest, board_.deadlines);
  for (const std::uint8_t left : board_.words) Append(digest, left);
  Append(digest, board_.now_ms);
  for (const auto& seats : board_.seats) {
    for (const Seat& seat : seats) Append(digest, seat);
  }
  for (const std::int32_t pts : board_.pts) Append(digest, pts);
  for (const Told& told : board_.journal) Append(digest, told);
  return digest;
}

void Game::Do(Move move) {
  entropy_ = SeededEntropy(move + 1u);
  if (move == kDeadlineMove) {
    --board_.deadlines;
    return Pass();
  }
  const int call = CallIn(move);
  if (!board_.journal[static_cast<std::size_t>(call)].ended) Say(move);
  const Phone& phone = PhoneOf(PlayerIn(move));
  Step step;
  const Command command{{phone.session, MessageId(move + 4), phone.device}, CommandOf(move)};
  book_.Step(command, FromUnixMillis(board_.now_ms), step.facts, step.effects);
  Spoil(fault_, move, board_.ids[static_cast<std::size_t>(call)], step.facts, step.effects);
  Watch(move, step);
}

void Game::Say(Move move) {
  const WordSet bit = Bit(move);
  if ((board_.said & bit) != 0) {
    --board_.repeats;
    return;
  }
  if (WordIn(move) == Word::kRequest) board_.now_ms += kBetweenRequests.count();
  board_.said |= bit;
  board_.sayable &= ~bit;
  // Who took the call can't have declined it, and the other way round.
  const Player player = PlayerIn(move);
  if (WordIn(move) == Word::kAccept) {
    board_.sayable &= ~Bit(MoveOf(player, CallIn(move), Word::kDecline));
  } else if (WordIn(move) == Word::kDecline) {
    board_.sayable &= ~Bit(MoveOf(player, CallIn(move), Word::kAccept));
  }
  const MoveKind kind = KindOf(move);
  if (kind == MoveKind::kFree || --board_.words[static_cast<std::size_t>(kind)] > 0) return;
  for (Move other = 0; other < kDeadlineMove; ++other) {
    if (KindOf(other) == kind) board_.sayable &= ~Bit(other);
  }
}

void Game::Pass() {
  board_.now_ms = std::max(board_.now_ms, UnixMillis(*book_.NextDeadline()));
  Step step;
  book_.FireDeadlines(FromUnixMillis(board_.now_ms), step.facts, step.effects);
  Spoil(fault_, kDeadlineMove, CallId(), step.facts, step.effects);
  Watch(kDeadlineMove, step);
}

void Game::PlayOut() {
  for (int passed = 0; broken_.empty() && book_.NextDeadline(); ++passed) {
    if (passed == kDeadlinesMax) return Expect(false, "no timer outlives its call");
    Pass();
    book_.CommitGroup();
  }
  Expect(book_.stats().live_calls == 0, "every call ends");
}

int Game::calls_ended() const {
  int ended = 0;
  for (const Told& told : board_.journal) ended += told.ended ? 1 : 0;
  return ended;
}

CommandBody Game::CommandOf(Move move) const {
  static const Bytes hash = HashOf(Ga());
  const auto call = static_cast<std::size_t>(CallIn(move));
  const bool caller = PlayerIn(move) == Player::kA1 || PlayerIn(move) == Player::kC1;
  const cmd::PeerCall& peer = (caller ? board_.caller_peer : board_.callee_peer)[call];
  switch (WordIn(move)) {
    case Word::kRequest:
      return cmd::RequestCall{PhoneOf(Player::kB1).query(), false, CallIn(move) + 1, hash,
                              TestProtocol()};
    case Word::kReceived:
      return cmd::ReceivedCall{peer};
    case Word::kAccept:
      return cmd::AcceptCall{peer, Gb(), TestProtocol()};
    case Word::kDecline:
      return cmd::DiscardCall{peer, false, 0, call::Reason::kBusy, 0};
    case Word::kConfirm:
      return cmd::ConfirmCall{peer, Ga(), 77, TestProtocol()};
    case Word::kSignal:
      return cmd::SendSignalling{peer, Bytes{static_cast<std::uint8_t>(PlayerIn(move))}};
    case Word::kDiscard:
      return cmd::DiscardCall{peer, false, 5, call::Reason::kHangup, 0};
    case Word::kExcuse:
      break;
  }
  return cmd::DiscardCall{peer, false, 0, call::Reason::kDisconnect, 0};
}

}  // namespace trunkline::book
