// A book that comes back from a half projected store goes on exactly like one that replays every
// fact it ever made: same answers, same pushes, same new facts.
#include <gtest/gtest.h>

#include <span>
#include <string>
#include <vector>

#include "tests/server/book/describe.h"
#include "tests/server/book/world.h"
#include "tests/server/store/scratch_dir.h"

namespace trunkline::store {
namespace {

using book::Phone;

// An evening: sign-ins, contacts, privacy, one call over, one in progress, one ringing.
struct Evening {
  book::World world;
  Phone anna = world.SignedIn("99966101");
  Phone bert = world.SignedIn("99966102");
  Phone carl = world.SignedIn("99966103");
  Phone carl_too = world.SignedIn("99966103");
  book::Dialled over, active, ringing;

  Evening() {
    world.Send(anna, book::cmd::InitConnection{{201, 4, "Phone", "1", "2", "en", "", "de"}});
    world.Send(anna, book::cmd::AddContact{bert.query(), "Bert", "", ""});
    world.Send(anna, book::cmd::AddContact{carl.query(), "Carl", "", ""});
    world.Send(bert, book::cmd::Block{anna.query(), true});
    world.Send(bert, book::cmd::Block{anna.query(), false});
    world.Send(carl, book::cmd::Block{bert.query(), true});
    world.Send(anna, book::cmd::SetPrivacy{book::PrivacyKey::kPhoneP2p,
                                           {{book::PrivacyRule::Kind::kAllowContacts, {}}}});
    over = Connect(world, anna, bert);
    Discard(world, bert, over.callee, call::Reason::kHangup, 3);
    world.Send(anna, book::cmd::SetCallRating{over.caller, true, 4, "#echo"});
    world.Send(bert, book::cmd::SaveCallDebug{over.callee, "{}"});
    active = Connect(world, bert, anna);
    ringing = Dial(world, carl, bert);
  }

  // What happens after the restart, in order.
  std::vector<book::Command> FollowUp() const {
    std::vector<book::Command> commands;
    const auto add = [&commands](const Phone& phone, book::CommandBody body) {
      const auto number = static_cast<std::int64_t>(commands.size());
      commands.push_back({{phone.session, MessageId(900 + number), phone.device}, std::move(body)});
    };
    for (const Phone* phone : {&anna, &bert, &carl, &carl_too}) {
      add(*phone, book::cmd::SessionOpened{});
      add(*phone, book::cmd::GetDifference{1});
      add(*phone, book::cmd::GetContacts{});
      add(*phone, book::cmd::GetBlocked{});
      add(*phone, book::cmd::GetAuthorizations{});
      add(*phone, book::cmd::GetPrivacy{book::PrivacyKey::kPhoneP2p});
    }
    add(anna, book::cmd::SendSignalling{active.callee, {1, 2, 3}});
    add(bert, book::cmd::DiscardCall{over.callee, false, 9, call::Reason::kBusy, 0});
    add(bert, book::cmd::DiscardCall{active.caller, false, 5, call::Reason::kHangup, 0});
    add(anna, book::cmd::SetCallRating{active.callee, false, 5, ""});
    add(bert, book::cmd::ReceivedCall{ringing.callee});
    add(bert, book::cmd::AcceptCall{ringing.callee, book::Gb(), book::TestProtocol()});
    add(carl, book::cmd::ConfirmCall{ringing.caller, book::Ga(), 78, book::TestProtocol()});
    add(carl, book::cmd::DiscardCall{ringing.caller, false, 2, call::Reason::kHangup, 0});
    add(anna, book::cmd::SendCode{"99966101"});
    add(anna, book::cmd::AddContact{carl.query(), "Carlo", "", ""});
    add(carl, book::cmd::LogOut{});
    add(bert, book::cmd::GetState{});
    return commands;
  }
};

std::string GoOn(book::Book& book, SeededEntropy& entropy, const Evening& evening) {
  std::string text;
  WallTime now = evening.world.now();
  for (const book::Command& command : evening.FollowUp()) {
    std::vector<book::Fact> facts;
    std::vector<book::Effect> effects;
    entropy = SeededEntropy(static_cast<std::uint64_t>(command.from.msg_id.value()));
    now += Duration(10);
    book.Step(command, now, facts, effects);
    book.CommitGroup();
    text += book::Describe(effects) + book::Describe(facts);
  }
  std::vector<book::Fact> facts;
  std::vector<book::Effect> effects;
  book.FireDeadlines(now + std::chrono::hours(2), facts, effects);
  return text + book::Describe(effects) + book::Describe(facts);
}

class BookRestartTest : public ScratchDir {};

TEST_F(BookRestartTest, GoesOnAsIfNothingHadHappened) {
  const Evening evening;
  const std::vector<book::Fact>& journal = evening.world.journal();
  SeededEntropy entropy(1);
  book::Book replayed(book::TestConfig(), &entropy);
  for (const book::Fact& fact : journal) replayed.Restore(fact);
  const std::string expected = GoOn(replayed, entropy, evening);
  ASSERT_GT(expected.size(), 2'000u);

  auto store = MustOpen();
  for (const book::Fact& fact : journal) ASSERT_TRUE(store->Append(std::span(&fact, 1)).ok());
  for (std::size_t projected = 0;; ++projected) {
    book::Book restored(book::TestConfig(), &entropy);
    ASSERT_TRUE(
        store->Restore([&restored](const book::Fact& fact) { restored.Restore(fact); }).ok());
    ASSERT_EQ(restored.StoredKeys().size(), 4u);
    ASSERT_EQ(GoOn(restored, entropy, evening), expected) << projected << " rows projected";
    if (projected == journal.size()) break;
    const auto rows = store->Project(1);
    ASSERT_TRUE(rows.ok()) << rows.status();
  }
}

}  // namespace
}  // namespace trunkline::store
