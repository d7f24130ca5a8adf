#include "common/crypto/psk_tls.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace trunkline::crypto {
namespace {

using State = PskTls::State;

constexpr std::string_view kSecret = "a secret of sixteen bytes or more";

// Both ends in one thread; `step` bytes travel at a time.
struct Pair {
  explicit Pair(std::string_view client_secret = kSecret, std::string_view server_secret = kSecret)
      : client_context(TlsRole::kClient, AsBytes(client_secret)),
        server_context(TlsRole::kServer, AsBytes(server_secret)),
        client(client_context),
        server(server_context) {
    client.Start(to_server);
  }
  void Run(std::size_t step = 1 << 20) {
    while (!to_server.empty() || !to_client.empty()) {
      Move(to_server, server, at_server, to_client, step);
      Move(to_client, client, at_client, to_server, step);
    }
  }
  static void Move(Bytes& wire, PskTls& to, Bytes& plain, Bytes& back, std::size_t step) {
    const std::size_t size = std::min(step, wire.size());
    if (size == 0) return;
    const Bytes piece(wire.begin(), wire.begin() + static_cast<std::ptrdiff_t>(size));
    wire.erase(wire.begin(), wire.begin() + static_cast<std::ptrdiff_t>(size));
    to.Receive(piece, plain, back);
  }
  PskTlsContext client_context, server_context;
  PskTls client, server;
  Bytes to_server, to_client, at_server, at_client;
};

Bytes Some(std::size_t size, std::uint8_t first) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(first + i * 7);
  return bytes;
}

TEST(PskTlsTest, OneSecretOpensALinkBothWays) {
  for (const std::size_t step : {std::size_t{1}, std::size_t{37}, std::size_t{1} << 20}) {
    Pair pair;
    pair.Run(step);
    ASSERT_EQ(pair.client.state(), State::kOpen) << pair.client.error();
    ASSERT_EQ(pair.server.state(), State::kOpen) << pair.server.error();
    const Bytes up = Some(70'000, 1), down = Some(3, 9);
    pair.client.Send(up, pair.to_server);
    pair.server.Send(down, pair.to_client);
    EXPECT_EQ(
        std::search(pair.to_server.begin(), pair.to_server.end(), up.begin(), up.begin() + 16),
        pair.to_server.end());
    pair.Run(step);
    EXPECT_EQ(pair.at_server, up);
    EXPECT_EQ(pair.at_client, down);
  }
}

TEST(PskTlsTest, AnotherSecretIsNamedOnBothSides) {
  Pair pair("another secret of some length", kSecret);
  pair.Run();
  EXPECT_EQ(pair.server.state(), State::kWrongSecret) << pair.server.error();
  EXPECT_EQ(pair.client.state(), State::kWrongSecret) << pair.client.error();
  EXPECT_TRUE(pair.at_server.empty());
}

// What is no TLS is no wrong secret: an operator would look in the wrong place.
TEST(PskTlsTest, NoiseBreaksTheLink) {
  PskTlsContext context(TlsRole::kServer, AsBytes(kSecret));
  for (const std::string noise : {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "\x16\x03\x01\xff\xff\x01",
                                  "\xee\xee\xee\xee\x10\x20\x30"}) {
    PskTls server(context);
    Bytes plain, wire;
    server.Receive(AsBytes(noise), plain, wire);
    if (server.state() == State::kHandshake) server.Receive(Bytes(70'000, 0x41), plain, wire);
    EXPECT_EQ(server.state(), State::kBroken) << noise;
    EXPECT_FALSE(server.error().empty());
    EXPECT_EQ(server.Receive(AsBytes(noise), plain, wire), State::kBroken);
    EXPECT_TRUE(plain.empty());
  }
}

TEST(PskTlsTest, AFlippedBitBreaksTheLink) {
  for (const std::size_t at : {std::size_t{5}, std::size_t{20}}) {
    Pair pair;
    pair.Run();
    ASSERT_EQ(pair.client.state(), State::kOpen);
    pair.client.Send(Some(100, 1), pair.to_server);
    pair.to_server[at] ^= 1;
    pair.Run();
    EXPECT_EQ(pair.server.state(), State::kBroken);
    EXPECT_TRUE(pair.at_server.empty());
  }
}

TEST(PskTlsTest, ClosingIsHeard) {
  Pair pair;
  pair.Run();
  pair.client.Send(Some(5, 1), pair.to_server);
  pair.client.Close(pair.to_server);
  pair.Run();
  EXPECT_EQ(pair.server.state(), State::kClosed);
  EXPECT_EQ(pair.at_server, Some(5, 1));
}

// A link that was recorded can't be played again: each handshake has fresh keys.
TEST(PskTlsTest, AReplayedLinkOpensNothing) {
  Pair pair;
  Bytes recorded = pair.to_server;
  const auto keep = [&recorded, &pair] {
    recorded.insert(recorded.end(), pair.to_server.begin(), pair.to_server.end());
  };
  Pair::Move(pair.to_server, pair.server, pair.at_server, pair.to_client, 1 << 20);
  Pair::Move(pair.to_client, pair.client, pair.at_client, pair.to_server, 1 << 20);
  keep();
  pair.Run();
  pair.client.Send(Some(50, 1), pair.to_server);
  keep();
  PskTls again(pair.server_context);
  Bytes plain, wire;
  again.Receive(recorded, plain, wire);
  EXPECT_EQ(again.state(), State::kBroken);
  EXPECT_TRUE(plain.empty());
}

}  // namespace
}  // namespace trunkline::crypto
