// Links over real sockets: transports, bounds and timeouts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/server/io/test_node.h"

namespace trunkline::io {
namespace {

using Next = TestClient::Next;
using Kind = TestClient::Kind;

struct Way {
  const char* name;
  mtproto::ClientTransportOptions options;
  unsigned threads;
};

class EveryTransport : public testing::TestWithParam<Way> {};

TEST_P(EveryTransport, IsDetectedAndAnsweredInKind) {
  const TempDir dir;
  NodeConfig config = TestConfig(dir);
  config.threads = GetParam().threads;
  const auto node = StartNode(config);
  ASSERT_NE(node, nullptr);
  TestClient client(*node, GetParam().options);
  // Different nonces have different home threads; all of them answer.
  for (std::uint8_t nonce = 1; nonce <= 8; ++nonce) {
    client.Send(ReqPqPacket(nonce));
    ASSERT_EQ(client.Receive(), Next::kPacket);
    EXPECT_EQ(ConstructorOf(client.frame().payload), kResPq);
    EXPECT_EQ(client.frame().payload[24], nonce);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Links, EveryTransport,
    testing::Values(Way{"Abridged", {Kind::kAbridged, false}, 1},
                    Way{"Intermediate", {Kind::kIntermediate, false}, 1},
                    Way{"Padded", {Kind::kPadded, false}, 1}, Way{"Full", {Kind::kFull, false}, 1},
                    Way{"ObfuscatedAbridged", {Kind::kAbridged, true}, 1},
                    Way{"ObfuscatedIntermediate", {Kind::kIntermediate, true}, 1},
                    Way{"ObfuscatedPadded", {Kind::kPadded, true}, 1},
                    Way{"AbridgedOnThreeThreads", {Kind::kAbridged, false}, 3},
                    Way{"ObfuscatedPaddedOnThreeThreads", {Kind::kPadded, true}, 3}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(Links, OneByteAtATimeIsStillAPacket) {
  const TempDir dir;
  const auto node = StartNode(TestConfig(dir));
  ASSERT_NE(node, nullptr);
  TestClient client(*node, {Kind::kIntermediate});
  client.socket().set_option(boost::asio::ip::tcp::no_delay(true));
  const Bytes packet = ReqPqPacket(9);
  Bytes stream(8 + packet.size(), 0xee);
  StoreLittle<std::uint32_t>(stream.data() + 4, static_cast<std::uint32_t>(packet.size()));
  std::copy(packet.begin(), packet.end(), stream.begin() + 8);
  for (const std::uint8_t& byte : stream) client.SendRaw({&byte, 1});
  ASSERT_EQ(client.Receive(), Next::kPacket);
  EXPECT_EQ(ConstructorOf(client.frame().payload), kResPq);
}

TEST(Links, AnUnknownKeyGetsTheTransportErrorAndMayGoOn) {
  const TempDir dir;
  const auto node = StartNode(TestConfig(dir));
  ASSERT_NE(node, nullptr);
  TestClient client(*node, {Kind::kIntermediate});
  client.Send(Bytes(104, 0x5a));
  ASSERT_EQ(client.Receive(), Next::kError);
  EXPECT_EQ(client.frame().error, -404);
  client.Send(ReqPqPacket(1));
  EXPECT_EQ(client.Receive(), Next::kPacket);
}

TEST(Links, AClaimOfTooManyBytesCloses) {
  const TempDir dir;
  const auto node = StartNode(TestConfig(dir));
  ASSERT_NE(node, nullptr);
  TestClient client(*node);
  Bytes start(8, 0xee);
  StoreLittle<std::uint32_t>(start.data() + 4, 2 * 1024 * 1024);
  client.SendRaw(start);
  EXPECT_TRUE(client.AwaitClose());
}

TEST(Links, APacketTooShortToBeOneCloses) {
  const TempDir dir;
  const auto node = StartNode(TestConfig(dir));
  ASSERT_NE(node, nullptr);
  TestClient client(*node);
  Bytes start(12, 0xee);
  StoreLittle<std::uint32_t>(start.data() + 4, 4);
  client.SendRaw(start);
  EXPECT_TRUE(client.AwaitClose());
}

TEST(Links, SilenceBeforeTheFirstPacketCloses) {
  const TempDir dir;
  NodeConfig config = TestConfig(dir);
  config.limits.first_packet_timeout = 100ms;
  config.limits.sweep_interval = 10ms;
  const auto node = StartNode(config);
  ASSERT_NE(node, nullptr);
  TestClient silent(*node), half(*node);
  half.SendRaw(Bytes(6, 0xee));  // a magic and half a length
  EXPECT_TRUE(silent.AwaitClose());
  EXPECT_TRUE(half.AwaitClose());
}

TEST(Links, SilenceAfterThatClosesLater) {
  const TempDir dir;
  NodeConfig config = TestConfig(dir);
  config.limits.first_packet_timeout = 20s;
  config.limits.idle_timeout = 100ms;
  config.limits.sweep_interval = 10ms;
  const auto node = StartNode(config);
  ASSERT_NE(node, nullptr);
  TestClient client(*node);
  client.Send(ReqPqPacket(1));
  ASSERT_EQ(client.Receive(), Next::kPacket);
  EXPECT_TRUE(client.AwaitClose());
  EXPECT_EQ(node->stats().connections.Get(), 0);
}

// Asks and never reads: the answers fill the kernel's buffers, then ours, then the link is closed.
TEST(Links, AClientThatDoesNotReadIsNotReadFromAndThenClosed) {
  const TempDir dir;
  NodeConfig config = TestConfig(dir);
  config.limits.outbox_bytes_max = 64 * 1024;
  config.limits.idle_timeout = 300ms;
  config.limits.sweep_interval = 10ms;
  const auto node = StartNode(config);
  ASSERT_NE(node, nullptr);
  TestClient client(*node, {Kind::kIntermediate});
  client.socket().set_option(boost::asio::socket_base::receive_buffer_size(4096));
  Bytes start(4, 0xee);
  client.SendRaw(start);
  Bytes framed(4);
  StoreLittle<std::uint32_t>(framed.data(), 104);
  framed.resize(4 + 104, 0x5a);  // an unknown key: 8 bytes back for each
  Bytes many;
  for (int i = 0; i < 512; ++i) many.insert(many.end(), framed.begin(), framed.end());
  boost::system::error_code error;
  std::size_t sent = 0;
  for (constexpr std::size_t kMost = 512u << 20; !error && sent < kMost;) {
    sent += boost::asio::write(client.socket(), boost::asio::buffer(many), error);
  }
  EXPECT_TRUE(error) << "the server took everything";
  // The address has its place back.
  TestClient other(*node);
  other.Send(ReqPqPacket(2));
  EXPECT_EQ(other.Receive(), Next::kPacket);
}

TEST(Links, AHalfClosedPeerIsForgotten) {
  const TempDir dir;
  const auto node = StartNode(TestConfig(dir));
  ASSERT_NE(node, nullptr);
  TestClient client(*node);
  client.Send(ReqPqPacket(1));
  ASSERT_EQ(client.Receive(), Next::kPacket);
  client.socket().shutdown(boost::asio::socket_base::shutdown_send);
  EXPECT_TRUE(client.AwaitClose());
}

TEST(Links, ConnectionsOverTheBoundAreRefused) {
  const TempDir dir;
  NodeConfig config = TestConfig(dir);
  config.limits.connections_per_address_max = 2;
  const auto node = StartNode(config);
  ASSERT_NE(node, nullptr);
  TestClient first(*node);
  auto second = std::make_unique<TestClient>(*node);
  for (TestClient* client : {&first, second.get()}) {
    client->Send(ReqPqPacket(1));
    ASSERT_EQ(client->Receive(), Next::kPacket);
  }
  TestClient third(*node);
  EXPECT_TRUE(third.AwaitClose());
  EXPECT_EQ(node->stats().connections_refused.Get(), 1u);
  second->socket().shutdown(boost::asio::socket_base::shutdown_send);
  ASSERT_TRUE(second->AwaitClose());
  TestClient fourth(*node);
  fourth.Send(ReqPqPacket(3));
  EXPECT_EQ(fourth.Receive(), Next::kPacket);
}

TEST(Admission, CountsAllAndEachAddress) {
  Admission admission(3, 2);
  const auto v4 = [](const char* text) { return KeyOf(boost::asio::ip::make_address(text)); };
  EXPECT_TRUE(admission.Enter(v4("192.0.2.1")));
  EXPECT_TRUE(admission.Enter(v4("::ffff:192.0.2.1")));  // the same one
  EXPECT_FALSE(admission.Enter(v4("192.0.2.1")));
  EXPECT_TRUE(admission.Enter(v4("2001:db8::1")));
  EXPECT_FALSE(admission.Enter(v4("192.0.2.2")));  // three in all
  admission.Leave(v4("192.0.2.1"));
  EXPECT_TRUE(admission.Enter(v4("2001:db8::ffff:2")));  // one subscriber's network
  EXPECT_FALSE(admission.Enter(v4("2001:db8::3")));
}

}  // namespace
}  // namespace trunkline::io
