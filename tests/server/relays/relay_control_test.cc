// The listener against relays that are nothing but a link.
#include "server/relays/relay_control.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <limits>

#include "common/process.h"
#include "relay/control/limits.h"
#include "tests/server/relays/rig.h"

namespace trunkline::relays {
namespace {

namespace control = relay::control;

class RelayControlTest : public testing::Test {
 protected:
  Receiver receiver;
  std::unique_ptr<RelayControl> server = Listen(receiver);
  std::uint16_t port() const { return server->port(); }
};

TEST_F(RelayControlTest, WhatARelaySaysIsTold) {
  control::Registration registration = RegistrationOf(7, 1);
  registration.ipv6 = {0x20, 1, 0xd, 0xb8};
  registration.tcp = true;
  registration.region = "eu-1";
  registration.domain = "rack-2";
  registration.labels = {"gold"};
  registration.calls = 500;
  registration.program = "1.2";
  BareRelay bare(port(), registration);
  ASSERT_TRUE(bare.Registers());
  bare.Beat({100, 2000, 0.5F, 3});
  ASSERT_TRUE(receiver.Await([](const auto& told) { return !told.beats.empty(); }));
  const auto told = receiver.told();
  ASSERT_EQ(told.joined.size(), 1u);
  const Joined& joined = told.joined[0];
  EXPECT_EQ(joined.id, 7u);
  EXPECT_EQ(joined.ip, "192.0.2.10");
  EXPECT_EQ(joined.ipv6, "2001:db8::");
  EXPECT_EQ(joined.port, 4001);
  EXPECT_TRUE(joined.tcp);
  EXPECT_EQ(joined.stacks, picker::kLibtgvoip | picker::kTgcalls);
  EXPECT_EQ(joined.region, "eu-1");
  EXPECT_EQ(joined.domain, "rack-2");
  EXPECT_EQ(joined.labels, std::vector<std::string>{"gold"});
  EXPECT_EQ(joined.capacity.calls, 500);
  EXPECT_EQ(joined.version, "1.2");
  EXPECT_EQ(told.beats[0].load.calls, 3u);
  EXPECT_EQ(told.beats[0].load.cpu, 0.5F);
}

TEST_F(RelayControlTest, ASecondRelayWithALiveIdIsRefusedByName) {
  LogLines log;
  BareRelay first(port(), RegistrationOf(7, 1));
  ASSERT_TRUE(first.Registers());
  BareRelay second(port(), RegistrationOf(7, 2));
  EXPECT_EQ(second.Refusal(), "id 7 belongs to the relay at 192.0.2.10:4001");
  EXPECT_TRUE(log.Await("was refused: id 7 belongs to the relay at 192.0.2.10:4001"));
  BareRelay third(port(), RegistrationOf(8, 3));
  EXPECT_TRUE(third.Registers());
  EXPECT_EQ(receiver.told().order, "jj");
}

TEST_F(RelayControlTest, TheSameProcessTakesItsOldLinksPlace) {
  BareRelay first(port(), RegistrationOf(7, 1));
  ASSERT_TRUE(first.Registers());
  BareRelay again(port(), RegistrationOf(7, 1));
  ASSERT_TRUE(again.Registers());
  again.Beat();
  ASSERT_TRUE(receiver.Await([](const auto& told) { return !told.beats.empty(); }));
  EXPECT_EQ(receiver.told().order, "jj");
  EXPECT_FALSE(first.Next());  // closed
  server->SetDraining(7, true);
  EXPECT_TRUE(std::holds_alternative<control::DrainOrder>(again.Next().value()));
}

// Until it has missed two heartbeats its id is its own.
TEST_F(RelayControlTest, AnotherMayTakeTheIdOfASilentRelay) {
  BareRelay silent(port(), RegistrationOf(7, 1));
  ASSERT_TRUE(silent.Registers());
  const std::uint64_t from = relay::ControlNow().micros;
  for (;;) {
    BareRelay heir(port(), RegistrationOf(7, 2));
    if (heir.Registers()) break;
  }
  const std::uint64_t waited = relay::ControlNow().micros - from;
  EXPECT_GT(waited, 1'900'000u);
  ASSERT_TRUE(receiver.AwaitGone(1));
  const auto told = receiver.told();
  EXPECT_TRUE(told.order.starts_with("jgj")) << told.order;
  EXPECT_EQ(told.gone[0].why, "silent, and another relay came with its id");
}

TEST_F(RelayControlTest, ASilentRelayIsGone) {
  BareRelay bare(port(), RegistrationOf(7, 1));
  ASSERT_TRUE(bare.Registers());
  bare.Beat();
  ASSERT_TRUE(receiver.AwaitGone(1));
  const auto told = receiver.told();
  EXPECT_EQ(told.gone[0].why, "silent for 4 s");
  EXPECT_FALSE(told.gone[0].clean);
  EXPECT_EQ(told.beats.size(), 1u);
}

TEST_F(RelayControlTest, AClosedConnectionIsGoneAndABrokenOneToo) {
  {
    BareRelay bare(port(), RegistrationOf(7, 1));
    ASSERT_TRUE(bare.Registers());
  }
  ASSERT_TRUE(receiver.AwaitGone(1));
  EXPECT_FALSE(receiver.told().gone[0].clean);
  BareRelay bare(port(), RegistrationOf(7, 2));
  ASSERT_TRUE(bare.Registers());
  bare.end().Leave("it stops");
  bare.Next();
  bare.Next();
  ASSERT_TRUE(receiver.AwaitGone(2));
  EXPECT_TRUE(receiver.told().gone[1].clean);
  EXPECT_EQ(receiver.told().gone[1].why, "it stops");
}

TEST_F(RelayControlTest, ImpossibleFiguresAreLoggedAndThenCut) {
  LogLines log;
  BareRelay bare(port(), RegistrationOf(7, 1));
  ASSERT_TRUE(bare.Registers());
  const float nan = std::numeric_limits<float>::quiet_NaN();
  bool draining = false;  // a change of it makes the heartbeat leave at once
  for (std::uint32_t i = 0; i < control::kOddBeatsMax; ++i) {
    draining = !draining;
    bare.end().Tick({nan, 0, 0, 0}, draining, relay::ControlNow());
  }
  EXPECT_EQ(bare.Refusal(), "heartbeats with impossible figures");
  ASSERT_TRUE(receiver.AwaitGone(1));
  EXPECT_TRUE(receiver.told().beats.empty());
  EXPECT_TRUE(log.Await("relay 7 at 192.0.2.10:4001: a heartbeat with impossible figures"));
}

TEST_F(RelayControlTest, AReceiversRefusalReachesTheRelay) {
  receiver.AnswerWith([] { return absl::AlreadyExistsError("the address is relay 3's"); });
  {
    BareRelay bare(port(), RegistrationOf(7, 1));
    const auto event = bare.Next();
    ASSERT_TRUE(event && std::holds_alternative<control::Refusal>(*event));
    EXPECT_EQ(std::get<control::Refusal>(*event).reason, control::RefusalReason::kDuplicate);
    EXPECT_EQ(std::get<control::Refusal>(*event).text, "the address is relay 3's");
  }
  receiver.AnswerWith([] { return absl::UnavailableError("starting"); });
  {
    BareRelay bare(port(), RegistrationOf(7, 1));
    const auto event = bare.Next();
    ASSERT_TRUE(event && std::holds_alternative<control::Refusal>(*event));
    EXPECT_EQ(std::get<control::Refusal>(*event).reason, control::RefusalReason::kUnavailable);
  }
  receiver.AnswerWith([] { return Welcome{}; });
  BareRelay bare(port(), RegistrationOf(7, 2));  // nothing is left of the refused one
  EXPECT_TRUE(bare.Registers());
  EXPECT_EQ(receiver.told().order, "jjj");  // no Gone: the receiver itself said no
}

TEST_F(RelayControlTest, OrdersAndKeysReachOnlyTheRelayTheyAreFor) {
  receiver.AnswerWith([] { return Welcome{{{2, relay::TagKey{}}}, true}; });
  BareRelay seven(port(), RegistrationOf(7, 1)), eight(port(), RegistrationOf(8, 2));
  const auto welcome = seven.Next();
  ASSERT_TRUE(welcome && std::holds_alternative<control::Welcome>(*welcome));
  EXPECT_EQ(std::get<control::Welcome>(*welcome).keys.size(), 1u);
  EXPECT_TRUE(std::get<control::Welcome>(*welcome).draining);
  ASSERT_TRUE(eight.Registers());
  server->SetKeys(7, {{3, relay::TagKey{}}});
  server->Deny(7, 0x1234);
  server->SetDraining(9, true);  // nobody
  server->SetDraining(8, false);
  EXPECT_EQ(std::get<control::NewKeys>(seven.Next().value()).keys[0].first, 3);
  EXPECT_EQ(std::get<control::DenyOrder>(seven.Next().value()).call, 0x1234u);
  EXPECT_FALSE(std::get<control::DrainOrder>(eight.Next().value()).on);
}

TEST_F(RelayControlTest, StrangersCantKeepRelaysOut) {
  std::vector<int> strangers;
  RaiseDescriptorLimit();
  for (int i = 0; i < 1'100; ++i) {  // more than there is room for
    const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_port = htons(port());
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(connect(descriptor, reinterpret_cast<const sockaddr*>(&name), sizeof name), 0);
    strangers.push_back(descriptor);
  }
  BareRelay bare(port(), RegistrationOf(7, 1));
  ASSERT_TRUE(bare.Registers());
  // All of them are closed in the end, the last ones for saying nothing.
  for (const int descriptor : strangers) {
    pollfd event{descriptor, POLLIN, 0};
    for (int i = 0; i < 40 && poll(&event, 1, 500) == 0; ++i) bare.Beat();
    char byte;
    EXPECT_LE(recv(descriptor, &byte, 1, MSG_DONTWAIT), 0);
    EXPECT_NE(event.revents, 0);
    close(descriptor);
  }
  EXPECT_TRUE(receiver.told().gone.empty());
}

TEST_F(RelayControlTest, TheServersEndIsAWordAndAClosedLink) {
  BareRelay bare(port(), RegistrationOf(7, 1));
  ASSERT_TRUE(bare.Registers());
  server.reset();
  const auto event = bare.Next();
  ASSERT_TRUE(event);
  EXPECT_EQ(std::get<control::RelayEnd::Ended>(*event).why, "the server left: it stops");
  EXPECT_TRUE(receiver.told().gone.empty());
}

TEST_F(RelayControlTest, AnswersMayComeLateAndFromAnywhere) {
  Answer kept;
  Events events = receiver.events();
  std::mutex mutex;
  std::condition_variable came;
  events.joined = [&](Joined, Answer answer) {
    const std::lock_guard lock(mutex);
    kept = std::move(answer);
    came.notify_all();
  };
  auto own = *RelayControl::Start("127.0.0.1", 0, AsBytes(kSecret), events);
  BareRelay bare(own->port(), RegistrationOf(7, 1));
  bare.Beat();  // sends the registration
  std::unique_lock lock(mutex);
  ASSERT_TRUE(came.wait_for(lock, std::chrono::seconds(20), [&] { return kept != nullptr; }));
  kept(Welcome{});
  EXPECT_TRUE(bare.Registers());
  kept(absl::InternalError("twice"));
  own.reset();
  kept(Welcome{});  // nobody is there to hear it
}

// The answer to a relay that was silent meanwhile, and whose id another has taken.
TEST_F(RelayControlTest, AnAnswerForALinkThatIsGoneIsNoJoining) {
  LogLines log;
  Answer kept;  // of the control thread, like all that is told
  Events events = receiver.events();
  const auto tell_gone = events.gone;
  events.joined = [&, tell_joined = events.joined](Joined joined, Answer answer) {
    if (kept == nullptr) {
      kept = std::move(answer);
      answer = [](const absl::StatusOr<Welcome>&) {};
    }
    tell_joined(std::move(joined), std::move(answer));
  };
  events.gone = [&](Gone gone) {
    kept(Welcome{});
    tell_gone(std::move(gone));
  };
  const auto own = *RelayControl::Start("127.0.0.1", 0, AsBytes(kSecret), events);
  BareRelay silent(own->port(), RegistrationOf(7, 1));
  silent.Beat();  // sends the registration
  ASSERT_TRUE(receiver.AwaitJoined(1));
  for (;;) {
    BareRelay heir(own->port(), RegistrationOf(7, 2));
    if (heir.Registers()) break;
  }
  EXPECT_EQ(receiver.told().order.substr(0, 3), "jgj");
  EXPECT_NE(log.text().find("relay 7 at 192.0.2.10:4002 joined"), std::string::npos);
  EXPECT_EQ(log.text().find("relay 7 at 192.0.2.10:4001 joined"), std::string::npos) << log.text();
}

TEST(RelayControlStartTest, AnAddressThatIsTakenIsNamed) {
  Receiver receiver;
  const auto server = Listen(receiver);
  const auto second =
      RelayControl::Start("127.0.0.1", server->port(), AsBytes(kSecret), receiver.events());
  ASSERT_FALSE(second.ok());
  EXPECT_NE(second.status().message().find(std::to_string(server->port())), std::string::npos);
  EXPECT_FALSE(RelayControl::Start("nowhere", 0, AsBytes(kSecret), receiver.events()).ok());
}

}  // namespace
}  // namespace trunkline::relays
