// All orders of two calls to one user, explored on the real book. Families, each complete, because
// everything at once takes half a minute (480,000 states; TRUNKLINE_LONG runs it). The output says
// how many states each has.

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "tests/server/book/call_game.h"

namespace trunkline::book {
namespace {

constexpr std::size_t kStatesMax = 1'000'000;  // more: the family is not what it was

struct Explored {
  std::size_t states = 0, steps = 0, endings = 0;
  std::string broken;
  std::string path;
};

std::string PathText(const std::vector<Move>& path) {
  std::string text;
  for (const Move move : path) text += "\n  " + TextOf(move);
  return text;
}

// Depth first. A state is reached again by playing its path from the start; its moves are tried
// and undone. Each state is also an end: from there on nobody says anything.
Explored Explore(const GameRules& rules, Fault fault = Fault::kNone) {
  Explored explored;
  absl::flat_hash_set<std::string> seen;
  std::vector<std::vector<Move>> open = {{}};
  const auto failed = [&explored](const Game& game, const std::vector<Move>& path) {
    if (game.broken().empty()) return false;
    explored.broken = game.broken();
    explored.path = PathText(path);
    return true;
  };
  while (!open.empty() && explored.states < kStatesMax) {
    std::vector<Move> path = std::move(open.back());
    open.pop_back();
    Game game(rules, fault);
    for (const Move move : path) game.Play(move);
    if (failed(game, path)) return explored;
    if (path.empty()) seen.insert(game.Digest());
    if (!seen.contains(game.Digest())) {
      explored.broken = "a step that was undone is the same when it is done again";
      explored.path = PathText(path);
      return explored;
    }
    ++explored.states;
    for (const Move move : game.Moves()) {
      ++explored.steps;
      path.push_back(move);
      const bool fresh = seen.insert(game.DigestAfter(move)).second;
      if (failed(game, path)) return explored;
      if (fresh) open.push_back(path);
      path.pop_back();
    }
    game.PlayOut();
    explored.endings += game.calls_ended() > 0 ? 1 : 0;
    if (failed(game, path)) return explored;
  }
  return explored;
}

// Which runs explore it: all, those without a sanitizer (which takes forty times as long and finds
// its faults in the small families as well), or only those with TRUNKLINE_LONG.
enum class When { kAlways, kPlain, kLong };

struct Family {
  const char* name;
  When when;
  GameRules rules;
};
void PrintTo(const Family& family, std::ostream* out) {
  *out << family.name;
}

const Family kFamilies[] = {
    {"one_call",
     When::kAlways,
     {.repeats = 2,
      .deadlines = 1,
      .signals = 2,
      .caller_discards = 1,
      .callee_discards = 2,
      .report_first = false}},
    {"two_calls",
     When::kPlain,
     {.two_calls = true, .deadlines = 1, .signals = 1, .caller_discards = 1, .callee_discards = 1}},
    {"two_calls_repeats", When::kAlways, {.two_calls = true, .repeats = 1, .callee_discards = 1}},
    {"everything",
     When::kLong,
     {.two_calls = true,
      .repeats = 1,
      .deadlines = 1,
      .signals = 1,
      .caller_discards = 1,
      .callee_discards = 1}},
};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

std::vector<Family> FamiliesOfThisRun() {
  std::vector<Family> families;
  for (const Family& family : kFamilies) {
    const bool wanted = family.when == When::kAlways ||
                        (family.when == When::kPlain && !kSanitized) ||
                        std::getenv("TRUNKLINE_LONG") != nullptr;
    if (wanted) families.push_back(family);
  }
  return families;
}

class InterleavingsTest : public testing::TestWithParam<Family> {};

TEST_P(InterleavingsTest, EveryOrderKeepsTheRules) {
  const Explored explored = Explore(GetParam().rules);
  EXPECT_EQ(explored.broken, "") << explored.path;
  EXPECT_LT(explored.states, kStatesMax);
  std::printf("%s: %zu states, %zu steps, %zu endings\n", GetParam().name, explored.states,
              explored.steps, explored.endings);
}

// Each rule's watch sees what breaks it.
struct Planted {
  Fault fault;
  const char* rule;
};
void PrintTo(const Planted& planted, std::ostream* out) {
  *out << planted.rule;
}

const Planted kPlanted[] = {
    {Fault::kAcceptTwice, "at most one device accepts"},
    {Fault::kEndTwice, "a call ends once, with one record"},
    {Fault::kTwoReasons, "both sides learn one reason"},
    {Fault::kRingOn, "nobody rings after the end"},
    {Fault::kMessageLost, "one service message for each side"},
    {Fault::kPtsGap, "pts has no gap"},
    {Fault::kResultLate, "who knows nothing of a call isn't told of its end"},
    {Fault::kAcceptedTwice, "phoneCallAccepted is told once"},
    {Fault::kEarlySignal, "signalling follows phoneCall"},
    {Fault::kTimerStays, "no timer outlives its call"},
    {Fault::kStrangerEnds, "only its parties end a call in progress"},
    {Fault::kRefusalChanges, "a refused word changes nothing"},
};

class PlantedTest : public testing::TestWithParam<Planted> {};

TEST_P(PlantedTest, IsFound) {
  const GameRules rules = {
      .two_calls = true, .repeats = 1, .caller_discards = 1, .callee_discards = 1};
  const Explored explored = Explore(rules, GetParam().fault);
  EXPECT_EQ(explored.broken, GetParam().rule) << explored.path;
  EXPECT_NE(explored.path, "");
}

INSTANTIATE_TEST_SUITE_P(Faults, PlantedTest, testing::ValuesIn(kPlanted));
INSTANTIATE_TEST_SUITE_P(Families, InterleavingsTest, testing::ValuesIn(FamiliesOfThisRun()),
                         [](const auto& family) { return std::string(family.param.name); });

}  // namespace
}  // namespace trunkline::book
