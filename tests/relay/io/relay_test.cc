// Calls through the real process: clients that send what libtgvoip and tgcalls send.
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <memory>

#include "tests/relay/io/relay_process.h"
#include "tests/relay/rig.h"

namespace trunkline::relay {
namespace {

using Dialect = TcpClient::Dialect;

Tag Caller(std::uint32_t nonce = 1) {
  return IssuedTag(Side::kCaller, nonce);
}
Tag Callee(std::uint32_t nonce = 1) {
  return IssuedTag(Side::kCallee, nonce);
}

// Pings until it is answered once, as clients do.
template <class A, class B>
void Meet(A& a, const Tag& a_tag, B& b, const Tag& b_tag) {
  for (auto send : {0, 1}) {
    if (send == 0) a.Send(Ping(a_tag));
    if (send == 1) b.Send(Ping(b_tag));
    const auto answer = send == 0 ? a.Receive() : b.Receive();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->size(), 64u);
  }
}

// `count` packets each way, one at a time; each arrives under the other's tag.
template <class A, class B>
void Talk(A& a, const Tag& a_tag, B& b, const Tag& b_tag, int count = 50) {
  for (int i = 0; i < count; ++i) {
    const std::size_t payload = 40 + 16 * static_cast<std::size_t>(i % 8);
    a.Send(VoipData(a_tag, payload));
    ASSERT_EQ(b.Receive(), VoipData(b_tag, payload)) << i;
    b.Send(VoipData(b_tag, payload));
    ASSERT_EQ(a.Receive(), VoipData(a_tag, payload)) << i;
  }
}

// The page is asked until it says so.
bool Becomes(RelayProcess& relay, const std::string& metric, double value) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(kPatienceMs);
  while (relay.Metric(metric) != value) {
    if (std::chrono::steady_clock::now() > until) return false;
  }
  return true;
}

TEST(RelayTest, VoipOverUdp) {
  RelayProcess relay;
  ASSERT_TRUE(relay.started());
  UdpClient a(relay.port()), b(relay.port());
  a.Send(Ping(Caller()));
  const auto answer = a.Receive();
  ASSERT_TRUE(answer && answer->size() == 64);
  EXPECT_EQ(ToHex(ByteView(*answer).subspan(44, 16)), "00000000000000000000ffff7f000001");
  EXPECT_EQ(LoadLittle<std::uint32_t>(answer->data() + 60), a.port());
  b.Send(Ping(Callee()));
  ASSERT_TRUE(b.Receive());
  Talk(a, Caller(), b, Callee());
}

TEST(RelayTest, PortsOfTgcallsOverUdp) {
  RelayProcess relay;
  ASSERT_TRUE(relay.started());
  UdpClient wifi(relay.port()), mobile(relay.port()), b(relay.port());
  const auto hello = [](UdpClient& client, const Tag& tag, std::uint32_t own) {
    client.Send(Hello(tag, own));
    const auto ack = client.Receive();
    ASSERT_TRUE(ack);
    EXPECT_EQ(ack->size(), 40u);
    EXPECT_TRUE(std::equal(tag.begin(), tag.begin() + 12, ack->begin()));
  };
  hello(wifi, Caller(), 11);
  hello(mobile, Caller(), 12);
  hello(b, Callee(), 21);
  const auto send = [](UdpClient& from, const Tag& tag, UdpClient& to, const Tag& to_tag,
                       std::uint32_t target, std::uint32_t own, const Bytes& inner) {
    from.Send(PortPacket(tag, target, own, inner));
    ASSERT_EQ(to.Receive(), PortPacket(to_tag, target, own, inner));
  };
  // Both pairs of ports check each other, then media flows on one of them.
  for (UdpClient* const client : {&wifi, &mobile}) {
    const std::uint32_t own = client == &wifi ? 11 : 12;
    send(*client, Caller(), b, Callee(), 21, own, Check(true, 1));
    send(b, Callee(), *client, Caller(), own, 21, Check(false, 1));
    send(b, Callee(), *client, Caller(), own, 21, Check(true, 2));
    send(*client, Caller(), b, Callee(), 21, own, Check(false, 2));
  }
  for (int i = 0; i < 50; ++i) {
    send(wifi, Caller(), b, Callee(), 21, 11, Bytes(100, 0x80));
    send(b, Callee(), wifi, Caller(), 11, 21, Bytes(1200, 0x80));
  }
}

TEST(RelayTest, StrangersHearNothing) {
  RelayProcess relay;
  ASSERT_TRUE(relay.started());
  UdpClient a(relay.port());
  Tag forged = Caller();
  forged[9] ^= 1;
  for (const Bytes& packet :
       {Bytes(), Bytes(40), Bytes(1400, 0xc0), Ping(forged), Bytes(16, 0xff)}) {
    a.Send(packet);
  }
  a.Send(Ping(Caller()));
  const auto first = a.Receive();
  ASSERT_TRUE(first);
  EXPECT_TRUE(std::equal(first->begin(), first->begin() + 16, Caller().begin()));
}

TEST(RelayTest, UdpAndTcpAreBridged) {
  RelayProcess relay;
  ASSERT_TRUE(relay.started());
  UdpClient udp(relay.port());
  TcpClient tcp(relay.port(), Dialect::kObfuscated);
  for (int i = 0; i < 2; ++i) {  // three times what it sends may be sent to it
    udp.Send(Ping(Caller()));
    ASSERT_TRUE(udp.Receive());
  }
  tcp.Send(VoipData(Callee()));
  ASSERT_EQ(udp.Receive(), VoipData(Caller()));
  Talk(udp, Caller(), tcp, Callee());

  TcpClient plain(relay.port(), Dialect::kPlain);
  plain.Send(Hello(Caller(2), 5));
  ASSERT_TRUE(plain.Receive());
  plain.Send(WithTail(Caller(2), 5) + Bytes(4));  // keep-alive
  udp.Send(Hello(Callee(2), 6));
  ASSERT_TRUE(udp.Receive());
  for (int i = 0; i < 20; ++i) {
    udp.Send(PortPacket(Callee(2), 5, 6, Bytes(61)));
    ASSERT_EQ(plain.Receive(), PortPacket(Caller(2), 5, 6, Bytes(61)));
    plain.Send(PortPacket(Caller(2), 6, 5, Bytes(20)));
    ASSERT_EQ(udp.Receive(), PortPacket(Callee(2), 6, 5, Bytes(20)));
  }
}

TEST(RelayTest, RestartInMidCall) {
  auto relay = std::make_unique<RelayProcess>();
  ASSERT_TRUE(relay->started());
  const std::uint16_t port = relay->port();
  UdpClient a(port), b(port);
  Meet(a, Caller(), b, Callee());
  Talk(a, Caller(), b, Callee(), 10);
  relay.reset();  // kill -9
  relay = std::make_unique<RelayProcess>(std::vector<std::string>{}, "127.0.0.1", port);
  ASSERT_TRUE(relay->started());
  // A packet from each side brings the call back; the first of them is the one that is lost.
  a.Send(VoipData(Caller()));
  b.Send(VoipData(Callee()));
  ASSERT_EQ(a.Receive(), VoipData(Caller()));
  Talk(a, Caller(), b, Callee());
}

TEST(RelayTest, BothSidesMeetOnOneThread) {
  RelayProcess relay({"--threads", "4"});
  ASSERT_TRUE(relay.started());
  for (std::uint32_t nonce = 0; nonce < 40; ++nonce) {
    const Tag caller = Caller(nonce << 20 | nonce), callee = Callee(nonce << 20 | nonce);
    UdpClient a(relay.port());
    if (nonce % 2 == 0) {
      UdpClient b(relay.port());
      Meet(a, caller, b, callee);
      Talk(a, caller, b, callee, 3);
    } else {
      TcpClient b(relay.port(), Dialect::kObfuscated);
      Meet(a, caller, b, callee);
      Talk(a, caller, b, callee, 3);
    }
  }
  EXPECT_EQ(relay.Metric("trunkline_relay_tcp_silent_total"), 0);
}

TEST(RelayTest, AnswersLeaveFromTheAddressThatWasContacted) {
  for (const std::string host : {"0.0.0.0", "[::]"}) {
    RelayProcess relay({}, host);
    ASSERT_TRUE(relay.started());
    // A connected socket takes packets from that very address only.
    UdpClient a(relay.port(), "127.0.0.2"), b(relay.port(), "127.0.0.3");
    Meet(a, Caller(), b, Callee());
    Talk(a, Caller(), b, Callee(), 5);
  }
}

TEST(RelayTest, Ipv6AndIpv4Meet) {
  RelayProcess relay({}, "[::]");
  ASSERT_TRUE(relay.started());
  UdpClient a(relay.port(), "::1"), b(relay.port(), "127.0.0.1");
  Meet(a, Caller(), b, Callee());
  Talk(a, Caller(), b, Callee(), 5);
}

TEST(RelayTest, NappingLosesNothing) {
  RelayProcess relay({"--nap", "1ms"});
  ASSERT_TRUE(relay.started());
  UdpClient a(relay.port()), b(relay.port());
  Meet(a, Caller(), b, Callee());
  Talk(a, Caller(), b, Callee());
  TcpClient c(relay.port(), Dialect::kObfuscated);
  Meet(a, Caller(2), c, Callee(2));
  Talk(a, Caller(2), c, Callee(2));
}

// Packets of one size to one address leave as one train; they arrive as they were.
TEST(RelayTest, BurstsArriveWholeAndInOrder) {
  RelayProcess relay({"--nap", "5ms"});
  ASSERT_TRUE(relay.started());
  UdpClient a(relay.port()), b(relay.port());
  Meet(a, Caller(), b, Callee());
  for (int i = 0; i < 30; ++i) b.Send(VoipData(Callee(), 1200));  // earns credit
  for (int i = 0; i < 30; ++i) a.Receive(0);
  for (std::uint8_t i = 0; i < 50; ++i) {
    Bytes packet = VoipData(Caller(), i % 10 == 9 ? 300 : 1000);
    packet.back() = i;
    a.Send(packet);
  }
  for (std::uint8_t i = 0; i < 50; ++i) {
    const auto got = b.Receive();
    ASSERT_TRUE(got) << int{i};
    EXPECT_EQ(got->back(), i);
    EXPECT_EQ(got->size(), i % 10 == 9 ? 316u : 1016u);
  }
}

TEST(RelayTest, TcpStrangersAreClosed) {
  RelayProcess relay;
  ASSERT_TRUE(relay.started());
  TcpClient silent(relay.port(), Dialect::kNone);
  TcpClient forged(relay.port(), Dialect::kPlain);
  forged.Send(Ping(Tag{}));
  TcpClient web(relay.port(), Dialect::kNone);
  web.SendRaw(Bytes(100, 'G'));
  TcpClient good(relay.port(), Dialect::kPlain);
  good.Send(WithTail(Caller(), 5) + Bytes(4));
  EXPECT_TRUE(web.Closed());
  EXPECT_TRUE(silent.Closed());
  EXPECT_TRUE(forged.Closed());
  double silent_closed = 0;  // told a moment after it was done
  for (int i = 0; i < 1000 && silent_closed < 2; ++i) {
    silent_closed = relay.Metric("trunkline_relay_tcp_silent_total");
  }
  EXPECT_EQ(silent_closed, 2);
  good.Send(Ping(Caller()));
  EXPECT_TRUE(good.Receive());
}

TEST(RelayTest, ASlowTcpClientLosesTheOldest) {
  RelayProcess relay;
  ASSERT_TRUE(relay.started());
  UdpClient a(relay.port());
  TcpClient b(relay.port(), Dialect::kPlain, 4096);
  Meet(a, Caller(), b, Callee());
  for (int i = 0; i < 330; ++i) a.Send(VoipData(Caller(), 1400));
  UdpClient other(relay.port());
  other.Send(Ping(Caller(2)));
  EXPECT_TRUE(other.Receive());
  const std::string dropped = "trunkline_relay_packets_dropped_total{reason=\"slow_tcp_client\"}";
  // The page is as old as the relay's last tick.
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(kPatienceMs);
  while (relay.Metric(dropped) <= 0) ASSERT_LT(std::chrono::steady_clock::now(), until);
  EXPECT_TRUE(b.Receive());  // whole frames still
}

TEST(RelayTest, DrainWaitsForCallsAndEndsWithZero) {
  RelayProcess idle;
  ASSERT_TRUE(idle.started());
  idle.Signal(SIGTERM);
  EXPECT_EQ(idle.Wait(), 0);

  RelayProcess relay({"--drain-timeout", "2s"});
  ASSERT_TRUE(relay.started());
  UdpClient a(relay.port()), b(relay.port());
  Meet(a, Caller(), b, Callee());
  EXPECT_TRUE(Becomes(relay, "trunkline_relay_flows", 1));
  EXPECT_TRUE(relay.Ready());
  relay.Signal(SIGTERM);
  EXPECT_TRUE(Becomes(relay, "trunkline_relay_draining", 1));
  EXPECT_FALSE(relay.Ready());
  Talk(a, Caller(), b, Callee(), 10);  // goes on meanwhile
  EXPECT_EQ(relay.Wait(), 0);
}

// Its figures may be old, so it is asked until they count the probe.
TEST(RelayTest, AProbeKeepsNoRelayFromEnding) {
  RelayProcess relay({"--drain-timeout", "1h"});
  ASSERT_TRUE(relay.started());
  UdpClient watcher(relay.port());
  watcher.Send(Ping(ProbeTag()));
  const auto answer = watcher.Receive();
  ASSERT_TRUE(answer && answer->size() == 64);
  EXPECT_TRUE(Becomes(relay, "trunkline_relay_answers_total", 1));
  EXPECT_EQ(relay.Metric("trunkline_relay_flows"), 0);
  relay.Signal(SIGTERM);
  EXPECT_EQ(relay.Wait(), 0);
}

TEST(RelayTest, TwoSignalsEndItAtOnce) {
  RelayProcess relay({"--drain-timeout", "1h"});
  ASSERT_TRUE(relay.started());
  UdpClient a(relay.port());
  a.Send(Ping(Caller()));
  ASSERT_TRUE(a.Receive());
  EXPECT_TRUE(Becomes(relay, "trunkline_relay_flows", 1));
  relay.Signal(SIGTERM);
  EXPECT_TRUE(Becomes(relay, "trunkline_relay_draining", 1));
  relay.Signal(SIGTERM);
  EXPECT_EQ(relay.Wait(), 0);
}

}  // namespace
}  // namespace trunkline::relay
