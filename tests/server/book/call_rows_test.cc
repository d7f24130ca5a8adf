// Every state of a call, every method, every kind of asker: what is answered and who is told,
// written by hand from the protocol's rules. The machine's own table is in server/call; this one
// goes through the book, with bots and strangers.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "tests/server/book/world.h"

namespace trunkline::book {
namespace {

// A1 and B1 hold the call (B1 once it has accepted), A2 and B2 are their users' other devices, X is
// somebody else, Bot a bot.
enum Asker { A1, A2, B1, B2, X, Bot };
constexpr int kAskers = 6;
constexpr const char* kNames[kAskers] = {"A1", "A2", "B1", "B2", "X", "Bot"};

enum class Method { kReceived, kAccept, kConfirm, kDiscard, kSignal, kRate, kDebug, kLog };

enum Answer : std::uint8_t { Ok, NoPeer, Taken, Gone, Idle, NoBot };
constexpr Refusal kRefusals[] = {Refusal::kNone,
                                 Refusal::kCallPeerInvalid,
                                 Refusal::kCallAlreadyAccepted,
                                 Refusal::kCallAlreadyDeclined,
                                 Refusal::kCallNotActive,
                                 Refusal::kBotMethodInvalid};

struct Row {
  call::State state;
  Method method;
  Answer answer[kAskers];
  // Who hears of it when A1, A2, B1, B2 is answered Ok, apart from the answer.
  const char* told[4];
};

using S = call::State;
using M = Method;
// clang-format off
const Row kRows[] = {
  //                                 A1      A2      B1      B2      X       Bot      told by A1   A2  B1          B2
  {S::kRequested, M::kReceived, {NoPeer, NoPeer, Ok,     Ok,     NoPeer, NoBot}, {"",         "", "A1",       "A1"}},
  {S::kRequested, M::kAccept,   {NoPeer, NoPeer, Ok,     Ok,     NoPeer, NoBot}, {"",         "", "A1 B2",    "A1 B1"}},
  {S::kRequested, M::kConfirm,  {NoPeer, NoPeer, NoPeer, NoPeer, NoPeer, NoBot}, {"",         "", "",         ""}},
  {S::kRequested, M::kDiscard,  {Ok,     NoPeer, Ok,     Ok,     NoPeer, NoBot}, {"A2 B1 B2", "", "A1 A2 B2", "A1 A2 B1"}},
  {S::kRequested, M::kSignal,   {Idle,   NoPeer, NoPeer, NoPeer, NoPeer, NoBot}, {"",         "", "",         ""}},
  {S::kRequested, M::kRate,     {NoPeer, NoPeer, NoPeer, NoPeer, NoPeer, NoBot}, {"",         "", "",         ""}},
  {S::kRequested, M::kDebug,    {Ok,     Ok,     Ok,     Ok,     NoPeer, NoBot}, {"",         "", "",         ""}},
  {S::kRequested, M::kLog,      {Ok,     Ok,     Ok,     Ok,     NoPeer, NoBot}, {"",         "", "",         ""}},

  {S::kReceived,  M::kReceived, {NoPeer, NoPeer, Ok,     Ok,     NoPeer, NoBot}, {"",         "", "",         ""}},
  {S::kReceived,  M::kAccept,   {NoPeer, NoPeer, Ok,     Ok,     NoPeer, NoBot}, {"",         "", "A1 B2",    "A1 B1"}},
  {S::kReceived,  M::kConfirm,  {NoPeer, NoPeer, NoPeer, NoPeer, NoPeer, NoBot}, {"",         "", "",         ""}},
  {S::kReceived,  M::kDiscard,  {Ok,     NoPeer, Ok,     Ok,     NoPeer, NoBot}, {"A2 B1 B2", "", "A1 A2 B2", "A1 A2 B1"}},
  {S::kReceived,  M::kSignal,   {Idle,   NoPeer, NoPeer, NoPeer, NoPeer, NoBot}, {"",         "", "",         ""}},
  {S::kReceived,  M::kRate,     {NoPeer, NoPeer, NoPeer, NoPeer, NoPeer, NoBot}, {"",         "", "",         ""}},
  {S::kReceived,  M::kDebug,    {Ok,     Ok,     Ok,     Ok,     NoPeer, NoBot}, {"",         "", "",         ""}},
  {S::kReceived,  M::kLog,      {Ok,     Ok,     Ok,     Ok,     NoPeer, NoBot}, {"",         "", "",         ""}},

  {S::kAccepted,  M::kReceived, {NoPeer, NoPeer, Ok,     Ok,     NoPeer, NoBot}, {"",         "", "",         ""}},
  {S::kAccepted,  M::kAccept,   {NoPeer, NoPeer, Taken,  Taken,  NoPeer, NoBot}, {"",         "", "",         ""}},
  {S::kAccepted,  M::kConfirm,  {Ok,     NoPeer, NoPeer, NoPeer, NoPeer, NoBot}, {"B1",       "", "",         ""}},
  {S::kAccepted,  M::kDiscard,  {Ok,     NoPeer, Ok,     Taken,  NoPeer, NoBot}, {"A2 B1 B2", "", "A1 A2 B2", ""}},
  {S::kAccepted,  M::kSignal,   {Idle,   NoPeer, Idle,   NoPeer, NoPeer, NoBot}, {"",         "", "",         ""}},
  {S::kAccepted,  M::kRate,     {NoPeer, NoPeer, NoPeer, NoPeer, NoPeer, NoBot}, {"",         "", "",         ""}},
  {S::kAccepted,  M::kDebug,    {Ok,     Ok,     Ok,     Ok,     NoPeer, NoBot}, {"",         "", "",         ""}},
  {S::kAccepted,  M::kLog,      {Ok,     Ok,     Ok,     Ok,     NoPeer, NoBot}, {"",         "", "",         ""}},

  {S::kActive,    M::kReceived, {NoPeer, NoPeer, Ok,     Ok,     NoPeer, NoBot}, {"",         "", "",         ""}},
  {S::kActive,    M::kAccept,   {NoPeer, NoPeer, Taken,  Taken,  NoPeer, NoBot}, {"",         "", "",         ""}},
  {S::kActive,    M::kConfirm,  {Ok,     NoPeer, NoPeer, NoPeer, NoPeer, NoBot}, {"",         "", "",         ""}},
  {S::kActive,    M::kDiscard,  {Ok,     NoPeer, Ok,     Taken,  NoPeer, NoBot}, {"A2 B1 B2", "", "A1 A2 B2", ""}},
  {S::kActive,    M::kSignal,   {Ok,     NoPeer, Ok,     NoPeer, NoPeer, NoBot}, {"B1",       "", "A1",       ""}},
  {S::kActive,    M::kRate,     {NoPeer, NoPeer, NoPeer, NoPeer, NoPeer, NoBot}, {"",         "", "",         ""}},
  {S::kActive,    M::kDebug,    {Ok,     Ok,     Ok,     Ok,     NoPeer, NoBot}, {"",         "", "",         ""}},
  {S::kActive,    M::kLog,      {Ok,     Ok,     Ok,     Ok,     NoPeer, NoBot}, {"",         "", "",         ""}},

  {S::kEnded,     M::kReceived, {NoPeer, NoPeer, Gone,   Gone,   NoPeer, NoBot}, {"",         "", "",         ""}},
  {S::kEnded,     M::kAccept,   {NoPeer, NoPeer, Gone,   Gone,   NoPeer, NoBot}, {"",         "", "",         ""}},
  {S::kEnded,     M::kConfirm,  {Gone,   NoPeer, NoPeer, NoPeer, NoPeer, NoBot}, {"",         "", "",         ""}},
  {S::kEnded,     M::kDiscard,  {Ok,     NoPeer, Ok,     Ok,     NoPeer, NoBot}, {"",         "", "",         ""}},
  {S::kEnded,     M::kSignal,   {Idle,   NoPeer, Idle,   NoPeer, NoPeer, NoBot}, {"",         "", "",         ""}},
  {S::kEnded,     M::kRate,     {Ok,     Ok,     Ok,     Ok,     NoPeer, NoBot}, {"",         "", "",         ""}},
  {S::kEnded,     M::kDebug,    {Ok,     Ok,     Ok,     Ok,     NoPeer, NoBot}, {"",         "", "",         ""}},
  {S::kEnded,     M::kLog,      {Ok,     Ok,     Ok,     Ok,     NoPeer, NoBot}, {"",         "", "",         ""}},
};
// clang-format on
static_assert(std::size(kRows) == 5 * 8);  // no cell forgotten

class Scene {
 public:
  explicit Scene(call::State state) {
    for (const auto& [asker, number] : {std::pair(A1, "9996620001"),
                                        {A2, "9996620001"},
                                        {B1, "9996620002"},
                                        {B2, "9996620002"},
                                        {X, "9996620003"}}) {
      phones_[asker] = world_.SignedIn(number);
    }
    phones_[Bot] = world_.NewPhone();
    world_.Send(phones_[Bot], cmd::ImportBot{"1:token"});
    call_ = Dial(world_, phones_[A1], phones_[B1]);
    if (state >= S::kReceived) world_.Send(phones_[B1], cmd::ReceivedCall{call_.callee});
    if (state >= S::kAccepted) Accept(world_, phones_[B1], call_);
    if (state >= S::kActive) Confirm(world_, phones_[A1], call_);
    if (state == S::kEnded) {
      world_.Send(phones_[A1],
                  cmd::DiscardCall{call_.caller, false, 5, call::Reason::kHangup, 0, ""});
    }
  }

  Effects Ask(Asker asker, Method method) {
    const bool callee = asker == B1 || asker == B2;
    return world_.Send(phones_[asker], Command(method, callee ? call_.callee : call_.caller));
  }
  std::string Told(const Effects& effects) const {
    std::set<std::string> told;
    for (const auto& [asker, phone] : phones_) {
      if (!UpdatesTo(effects, phone).empty()) told.insert(kNames[asker]);
    }
    std::string text;
    for (const std::string& name : told) text += (text.empty() ? "" : " ") + name;
    return text;
  }
  std::size_t rows() const { return world_.journal().size(); }

 private:
  static CommandBody Command(Method method, const cmd::PeerCall& peer) {
    switch (method) {
      case M::kReceived:
        return cmd::ReceivedCall{peer};
      case M::kAccept:
        return cmd::AcceptCall{peer, Gb(), TestProtocol()};
      case M::kConfirm:
        return cmd::ConfirmCall{peer, Ga(), 77, TestProtocol()};
      case M::kDiscard:
        return cmd::DiscardCall{peer, false, 5, call::Reason::kHangup, 0, ""};
      case M::kSignal:
        return cmd::SendSignalling{peer, Bytes(3)};
      case M::kRate:
        return cmd::SetCallRating{peer, false, 5, "#echo"};
      case M::kDebug:
        return cmd::SaveCallDebug{peer, "{}"};
      case M::kLog:
        break;
    }
    return cmd::SaveCallLog{peer, 100};
  }

  World world_;
  std::map<Asker, Phone> phones_;
  Dialled call_;
};

class CallRowsTest : public testing::TestWithParam<Row> {};

TEST_P(CallRowsTest, AnswersAndTells) {
  const Row& row = GetParam();
  for (const Asker asker : {A1, A2, B1, B2, X, Bot}) {
    SCOPED_TRACE(kNames[asker]);
    Scene scene(row.state);
    const std::size_t rows = scene.rows();
    const Effects effects = scene.Ask(asker, row.method);
    ASSERT_NE(ReplyIn(effects), nullptr);
    EXPECT_EQ(RefusalIn(effects), kRefusals[row.answer[asker]]);
    EXPECT_EQ(scene.Told(effects), asker < X ? row.told[asker] : "");
    if (row.answer[asker] != Ok) {
      EXPECT_EQ(scene.rows(), rows) << "a refusal changes nothing";
    }
  }
}

std::string NameOf(const testing::TestParamInfo<Row>& info) {
  constexpr const char* kStates[] = {"Requested", "Received", "Accepted", "Active", "Ended"};
  constexpr const char* kMethods[] = {"Received", "Accept", "Confirm", "Discard",
                                      "Signal",   "Rate",   "Debug",   "Log"};
  return std::string(kMethods[static_cast<int>(info.param.method)]) + "When" +
         kStates[static_cast<int>(info.param.state)];
}

INSTANTIATE_TEST_SUITE_P(EveryRow, CallRowsTest, testing::ValuesIn(kRows), NameOf);

}  // namespace
}  // namespace trunkline::book
