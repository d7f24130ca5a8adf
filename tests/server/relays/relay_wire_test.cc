// What no relay and no server of ours would say, over real sockets and TLS: who is cut, what it is
// told, and what the log says.
#include <cstdio>
#include <memory>

#include "relay/io/control_link.h"
#include "relay/io/daemon.h"
#include "server/relays/relay_control.h"
#include "tests/server/relays/raw_link.h"

namespace trunkline::relays {
namespace {

namespace control = relay::control;
using crypto::TlsRole;
using std::chrono::seconds;

Bytes Claim(std::size_t size) {
  Bytes header(control::kFrameHeaderBytes);
  for (std::size_t i = 0; i < header.size(); ++i) {
    header[i] = static_cast<std::uint8_t>(size >> (8 * (header.size() - 1 - i)));
  }
  return header;
}

// Seconds in "relay's clock is 60.0 s behind"; -1: it says something else.
double SecondsBehind(const std::string& text) {
  double behind = -1;
  char rest[16] = "";
  if (std::sscanf(text.c_str(), "relay's clock is %lf s %15s", &behind, rest) != 2) return -1;
  return std::string_view(rest) == "behind" ? behind : -1;
}

class RelayWireTest : public testing::Test {
 protected:
  static control::Registration RegistrationAt(WallTime clock) {
    control::Registration registration = RegistrationOf(7, 1);
    registration.version = control::kProtocolVersion;
    registration.clock = clock;
    return registration;
  }
  void Register(RawLink& link) {
    link.SayFrame<control::FromRelaySide>(RegistrationAt(relay::ControlNow().wall));
    ASSERT_TRUE(link.HearFromServer<control::Welcome>());
  }

  Receiver receiver;
  std::unique_ptr<RelayControl> server = Listen(receiver);
  LogLines log;
};

TEST_F(RelayWireTest, AClockThatIsAMinuteOffIsRefusedAndToldByHowMuch) {
  RawLink link(TlsRole::kClient, ConnectTo(server->port()));
  link.SayFrame<control::FromRelaySide>(RegistrationAt(relay::ControlNow().wall - seconds(60)));
  const auto refusal = link.HearFromServer<control::Refusal>();
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->reason, control::RefusalReason::kClockSkew);
  EXPECT_GE(SecondsBehind(refusal->text), 60.0) << refusal->text;
  EXPECT_TRUE(log.Await("was refused: " + refusal->text + "\n")) << log.text();
  EXPECT_FALSE(link.Hear());  // closed
  EXPECT_TRUE(receiver.told().joined.empty());
}

TEST_F(RelayWireTest, AClockThatJumpsIsCut) {
  RawLink link(TlsRole::kClient, ConnectTo(server->port()));
  Register(link);
  link.SayFrame<control::FromRelaySide>(
      control::Beat{.number = 1, .clock = relay::ControlNow().wall - seconds(60), .load = {}});
  const auto refusal = link.HearFromServer<control::Refusal>();
  ASSERT_TRUE(refusal);
  EXPECT_GE(SecondsBehind(refusal->text), 60.0) << refusal->text;
  EXPECT_TRUE(log.Await("relay 7 at 192.0.2.10:4001 is gone: " + refusal->text)) << log.text();
  ASSERT_TRUE(receiver.AwaitGone(1));
  EXPECT_TRUE(receiver.told().beats.empty());
}

TEST_F(RelayWireTest, AFrameOverTheLimitEndsTheLink) {
  const std::string why = "a frame that is empty or too long";
  {
    RawLink stranger(TlsRole::kClient, ConnectTo(server->port()));
    stranger.Say(Claim(control::kShortFrameBytesMax + 1));
    EXPECT_EQ(stranger.HearFromServer<control::Refusal>()->text, why);
    EXPECT_FALSE(stranger.Hear());
    EXPECT_TRUE(log.Await("was refused: " + why)) << log.text();
  }
  RawLink link(TlsRole::kClient, ConnectTo(server->port()));
  Register(link);
  // What was too long for a stranger isn't for a relay.
  Bytes fits = Claim(control::kFrameBytesMax);
  fits.resize(fits.size() + control::kFrameBytesMax, 0x0a);
  fits[4] = 0xfa;  // a field that nobody knows, of the rest's length
  fits[5] = 0x01;
  fits[6] = 0xfb, fits[7] = 0xff, fits[8] = 0x03;  // 65,531
  link.Say(fits);
  link.SayFrame<control::FromRelaySide>(
      control::Beat{.number = 1, .clock = relay::ControlNow().wall, .load = {}});
  ASSERT_TRUE(link.HearFromServer<control::BeatSeen>());
  link.Say(Claim(control::kFrameBytesMax + 1));
  EXPECT_EQ(link.HearFromServer<control::Refusal>()->text, why);
  EXPECT_FALSE(link.Hear());
  EXPECT_TRUE(log.Await("relay 7 at 192.0.2.10:4001 is gone: " + why)) << log.text();
  EXPECT_TRUE(receiver.AwaitGone(1));
}

// The other way round: a relay in this process, and a server that isn't one.
TEST_F(RelayWireTest, AServersFrameOverTheLimitEndsTheLinkToo) {
  Listener listener;
  relay::Config config;
  config.id = 11;
  config.listen = {{"127.0.0.1", 0}};
  config.server = {"127.0.0.1", listener.port()};
  const std::string_view secret = kSecret;
  config.secret.assign(secret.begin(), secret.end());
  const auto daemon = *relay::Daemon::Start(config, relay::DerivedKeys(config.secret, config.id));
  relay::ControlLink link(*daemon);
  {
    RawLink odd(TlsRole::kServer, listener.Accept());
    ASSERT_TRUE(odd.Hear());  // its registration
    odd.Say(Claim(control::kShortFrameBytesMax + 1));
    EXPECT_TRUE(log.Await("lost the server at 127.0.0.1:" + std::to_string(listener.port()) +
                          ": the server sent a frame of a wrong size"))
        << log.text();
  }
  RawLink again(TlsRole::kServer, listener.Accept());
  EXPECT_TRUE(again.Hear());  // it comes back
}

}  // namespace
}  // namespace trunkline::relays
