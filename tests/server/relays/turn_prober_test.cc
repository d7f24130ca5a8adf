// Probes against the real coturn and the real relay, over real sockets.
#include "server/relays/turn_prober.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

#include "tests/relay/io/relay_process.h"
#include "tests/server/relays/turn_process.h"

namespace trunkline::relays {
namespace {

using picker::EntryId;
using picker::Health;
using std::chrono::milliseconds;
using testing::HasSubstr;

constexpr TurnProber::Intervals kQuick{.binding = milliseconds(100), .allocate = milliseconds(150)};
const std::string kSecret = "north";

// What the prober said, awaited by the test.
class Verdicts {
 public:
  TurnProber::OnChange Listener() {
    return [this](EntryId id, Health health, const std::string& detail) {
      const std::lock_guard lock(mutex_);
      said_.push_back({id, health, detail});
      news_.notify_all();
    };
  }
  // The detail of the next verdict that hasn't been awaited, which must be this one.
  std::string Next(EntryId id, Health health) {
    std::unique_lock lock(mutex_);
    const bool came =
        news_.wait_for(lock, milliseconds(kPatienceMs), [this] { return said_.size() > awaited_; });
    if (!came) return "nothing was said";
    const Said& said = said_[awaited_++];
    EXPECT_EQ(said.id, id);
    EXPECT_EQ(picker::HealthName(said.health), picker::HealthName(health)) << said.detail;
    return said.detail;
  }
  std::size_t unawaited() {
    const std::lock_guard lock(mutex_);
    return said_.size() - awaited_;
  }

 private:
  struct Said {
    EntryId id;
    Health health;
    std::string detail;
  };
  std::mutex mutex_;
  std::condition_variable news_;
  std::vector<Said> said_;
  std::size_t awaited_ = 0;
};

class TurnProberTest : public testing::Test {
 protected:
  TurnServer At(std::uint16_t port, const std::string& secret = kSecret) const {
    return {.id = EntryId(5), .ip = "127.0.0.1", .port = port, .secret = secret, .expected_ip = {}};
  }
  void Probe(std::vector<TurnServer> servers) {
    auto prober = TurnProber::Start(std::move(servers), verdicts_.Listener(), kQuick);
    ASSERT_TRUE(prober.ok()) << prober.status();
    prober_ = *std::move(prober);
  }
  std::string Next(Health health) { return verdicts_.Next(EntryId(5), health); }
  picker::TurnCredentials Minted(const char* name) const {
    const auto now = std::chrono::time_point_cast<WallTime::duration>(WallTime::clock::now());
    return picker::MintTurnCredentials(kSecret, name, now + std::chrono::hours(1));
  }

  Verdicts verdicts_;
  std::unique_ptr<TurnProber> prober_;
};

TEST_F(TurnProberTest, AServerWithOurSecretIsUp) {
  TurnProcess turn(kSecret);
  ASSERT_TRUE(turn.started()) << turn.Log();
  TurnServer server = At(turn.port());
  server.expected_ip = "127.0.0.1";
  Probe({server});
  EXPECT_EQ(Next(Health::kUp), "allocates");
}

TEST_F(TurnProberTest, AnotherSecretIsMisconfigured) {
  TurnProcess turn("south");
  ASSERT_TRUE(turn.started()) << turn.Log();
  Probe({At(turn.port())});
  EXPECT_THAT(Next(Health::kMisconfigured), HasSubstr("401"));
}

TEST_F(TurnProberTest, AnotherPublicAddressIsMisconfigured) {
  TurnProcess turn(kSecret);
  ASSERT_TRUE(turn.started()) << turn.Log();
  TurnServer server = At(turn.port());
  server.expected_ip = "192.0.2.1";
  Probe({server});
  EXPECT_THAT(Next(Health::kMisconfigured), HasSubstr("another address"));
}

TEST_F(TurnProberTest, WithoutSecretABindingSuffices) {
  TurnProcess turn("south");
  ASSERT_TRUE(turn.started()) << turn.Log();
  Probe({At(turn.port(), "")});
  EXPECT_EQ(Next(Health::kUp), "answers Binding requests");
}

TEST_F(TurnProberTest, AFullServerIsToldFromABrokenOne) {
  TurnProcess turn(kSecret, {"--total-quota=1"});
  ASSERT_TRUE(turn.started()) << turn.Log();
  TurnClient holder(turn.port());
  const auto held = holder.Allocate(Minted("call"));
  ASSERT_TRUE(held && held->message.kind == picker::StunClass::kSuccess) << turn.Log();
  Probe({At(turn.port())});
  EXPECT_THAT(Next(Health::kFull), HasSubstr("486"));
  ASSERT_TRUE(holder.Release());
  EXPECT_EQ(Next(Health::kUp), "allocates");
}

TEST_F(TurnProberTest, AnEndedServerIsDownAndComesBack) {
  std::uint16_t port = 0;
  {
    TurnProcess turn(kSecret);
    ASSERT_TRUE(turn.started()) << turn.Log();
    port = turn.port();
    Probe({At(port)});
    EXPECT_EQ(Next(Health::kUp), "allocates");
    turn.Kill();
    EXPECT_EQ(Next(Health::kDown), "no answer");
  }
  TurnProcess again(kSecret, {}, port);
  ASSERT_TRUE(again.started()) << again.Log();
  EXPECT_EQ(Next(Health::kUp), "allocates");
  EXPECT_EQ(verdicts_.unawaited(), 0u);
}

TEST_F(TurnProberTest, EachServerHasItsOwnVerdict) {
  TurnProcess turn(kSecret);
  ASSERT_TRUE(turn.started()) << turn.Log();
  TurnServer nobody = At(FreePort());
  nobody.id = EntryId(6);
  Probe({nobody, At(turn.port())});
  EXPECT_EQ(Next(Health::kUp), "allocates");
  EXPECT_EQ(verdicts_.Next(EntryId(6), Health::kDown), "no answer");
}

// As the two sides of a call use it: allocations with credentials of each side, and a datagram
// across.
TEST_F(TurnProberTest, CredentialsOfACallCarryADatagram) {
  TurnProcess turn(kSecret);
  ASSERT_TRUE(turn.started()) << turn.Log();
  TurnClient caller(turn.port()), callee(turn.port());
  const auto a = caller.Allocate(Minted("7301638671354-0"));
  const auto b = callee.Allocate(Minted("7301638671354-1"));
  ASSERT_TRUE(a && a->message.relayed) << turn.Log();
  ASSERT_TRUE(b && b->message.relayed) << turn.Log();
  ASSERT_TRUE(caller.Permit(*b->message.relayed));
  ASSERT_TRUE(callee.Permit(*a->message.relayed));
  caller.SendTo(*b->message.relayed, "a voice");
  EXPECT_TRUE(callee.Hears("a voice"));

  TurnClient stranger(turn.port());
  auto forged = Minted("stranger");
  forged.password = "forged";
  const auto refused = stranger.Allocate(forged);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->message.error_code, 401);
}

TurnServer Reflector(std::uint16_t port, std::string_view secret) {
  return {.id = EntryId(5),
          .ip = "127.0.0.1",
          .port = port,
          .secret = std::string(secret),
          .expected_ip = {},
          .kind = picker::Kind::kReflector,
          .relay_id = relay::kRelayId};
}

TEST_F(TurnProberTest, AReflectorAnswersItsSecretAlone) {
  relay::RelayProcess reflector;
  ASSERT_TRUE(reflector.started());
  Probe({Reflector(reflector.port(), relay::kRelaySecret)});
  EXPECT_EQ(Next(Health::kUp), "answers pings");
  reflector.Kill();
  EXPECT_THAT(Next(Health::kDown), HasSubstr("no answer"));

  relay::RelayProcess other;
  ASSERT_TRUE(other.started());
  Probe({Reflector(other.port(), "south")});
  EXPECT_THAT(Next(Health::kDown), HasSubstr("another secret"));
}

TEST_F(TurnProberTest, ProbesSpeakIpv6) {
  relay::RelayProcess reflector({}, "[::1]");
  ASSERT_TRUE(reflector.started());
  TurnServer server = Reflector(reflector.port(), relay::kRelaySecret);
  server.ip = "::1";
  // The same port answers STUN too.
  TurnServer stun = server;
  stun.id = EntryId(6);
  stun.kind = picker::Kind::kStun;
  Probe({server});
  EXPECT_EQ(Next(Health::kUp), "answers pings");
  Probe({stun});
  EXPECT_EQ(verdicts_.Next(EntryId(6), Health::kUp), "answers Binding requests");
}

TEST_F(TurnProberTest, WhatCannotBeProbedIsRefusedByName) {
  const auto refusal = [](const TurnServer& server) {
    return std::string(TurnProber::Start({server}, {}).status().message());
  };
  TurnServer server = At(3478);
  server.ip = "turn.example.org";
  EXPECT_EQ(refusal(server), "relay 5: no numeric address with a port");
  server = At(0);
  EXPECT_EQ(refusal(server), "relay 5: no numeric address with a port");
  server = At(3478);
  server.expected_ip = "here";
  EXPECT_EQ(refusal(server), "relay 5: the expected address isn't numeric");
  EXPECT_EQ(refusal(Reflector(599, "")), "relay 5: a reflector can't be probed without its secret");
}

}  // namespace
}  // namespace trunkline::relays
