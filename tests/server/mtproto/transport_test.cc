#include "server/mtproto/transport.h"

#include <gtest/gtest.h>

#include <deque>
#include <vector>

#include "server/mtproto/client_transport.h"
#include "tests/common/vectors.h"

namespace trunkline::mtproto {
namespace {

using enum TransportKind;

// Everything that Poll gives for one chunk, views copied.
struct Seen {
  std::vector<Bytes> packets;
  std::vector<bool> quick_acks;
  bool closed = false;
};

void Feed(Transport& transport, ByteView chunk, Seen& seen) {
  Bytes owned(chunk.begin(), chunk.end());
  transport.Receive(owned);
  for (Packet packet;;) {
    const Transport::Next next = transport.Poll(packet);
    seen.closed = next == Transport::Next::kClose;
    if (next != Transport::Next::kPacket) break;
    seen.packets.emplace_back(packet.payload.begin(), packet.payload.end());
    seen.quick_acks.push_back(packet.wants_quick_ack);
  }
  std::fill(owned.begin(), owned.end(), std::uint8_t{0xcc});  // the borrow is over
}

// Payloads that survive the padded transport: plaintext with its length, or encrypted sizes.
Bytes RandomPayload(Entropy& entropy) {
  const std::size_t blocks = entropy.U64() % 60;
  const bool plain = entropy.U64() % 2 == 0;
  Bytes payload(plain ? 20 + 4 + 4 * blocks : 24 + 48 + 16 * blocks);
  entropy.Fill(payload);
  if (plain) {
    StoreLittle(payload.data(), std::uint64_t{0});
    StoreLittle(payload.data() + 16, static_cast<std::uint32_t>(payload.size() - 20));
  } else {
    payload[0] |= 1;
  }
  return payload;
}

struct TransportForm {
  TransportKind kind;
  bool obfuscated;
};

class TransportFormTest : public testing::TestWithParam<TransportForm> {
 protected:
  ClientTransport Client() const {
    return ClientTransport({GetParam().kind, GetParam().obfuscated});
  }
  SeededEntropy entropy_{11};
};

TEST_P(TransportFormTest, AnyChunkingGivesTheSamePackets) {
  for (int round = 0; round < 60; ++round) {
    ClientTransport client = Client();
    std::vector<Bytes> payloads;
    std::vector<bool> quick_acks;
    Bytes stream;
    for (int i = 0; i < 6; ++i) {
      payloads.push_back(RandomPayload(entropy_));
      quick_acks.push_back(GetParam().kind != kFull && entropy_.U64() % 2 == 0);
      client.AppendPacket(payloads.back(), quick_acks.back(), entropy_, stream);
    }
    Transport server;
    Seen seen;
    const std::size_t step_max = round < 5 ? 1 : 1 + entropy_.U64() % 3000;
    for (std::size_t at = 0; at < stream.size();) {
      const std::size_t step = std::min(stream.size() - at, 1 + entropy_.U64() % step_max);
      Feed(server, ByteView(stream).subspan(at, step), seen);
      at += step;
    }
    ASSERT_FALSE(seen.closed) << server.close_reason();
    ASSERT_EQ(seen.packets, payloads);
    ASSERT_EQ(seen.quick_acks, quick_acks);
    EXPECT_EQ(server.kind(), GetParam().kind);
    EXPECT_EQ(server.obfuscated(), GetParam().obfuscated);
    EXPECT_EQ(server.buffered_capacity(), 0u) << "an idle link holds no buffer";
  }
}

TEST_P(TransportFormTest, EveryStrictPrefixOfAFirstPacketWaits) {
  ClientTransport client = Client();
  Bytes stream;
  client.AppendPacket(RandomPayload(entropy_), false, entropy_, stream);
  for (std::size_t size = 0; size < stream.size(); ++size) {
    Transport server;
    Seen seen;
    Feed(server, ByteView(stream).first(size), seen);
    ASSERT_TRUE(seen.packets.empty() && !seen.closed) << size;
  }
}

TEST_P(TransportFormTest, AnswersErrorsAndQuickAcksReachTheClient) {
  ClientTransport client = Client();
  Transport server;
  Bytes up;
  client.AppendPacket(RandomPayload(entropy_), true, entropy_, up);
  Seen seen;
  Feed(server, up, seen);
  ASSERT_EQ(seen.packets.size(), 1u);

  for (int round = 0; round < 40; ++round) {
    const Bytes payload = RandomPayload(entropy_);
    Bytes down;
    server.AppendQuickAck(0x80000000u | static_cast<std::uint32_t>(entropy_.U64()), entropy_, down);
    const bool has_quick_ack = GetParam().kind != kFull;
    EXPECT_EQ(down.empty(), !has_quick_ack);
    server.AppendPacket(payload, entropy_, down);
    server.AppendError(-404, entropy_, down);
    std::vector<ClientTransport::Next> order;
    for (std::uint8_t& byte : down) {
      client.Receive(ByteSpan(&byte, 1));
      ServerFrame frame;
      const auto next = client.Poll(frame);
      if (next == ClientTransport::Next::kMore) continue;
      order.push_back(next);
      if (next == ClientTransport::Next::kPacket) {
        EXPECT_TRUE(
            std::equal(payload.begin(), payload.end(), frame.payload.begin(), frame.payload.end()));
      }
      if (next == ClientTransport::Next::kError) {
        EXPECT_EQ(frame.error, -404);
      }
    }
    std::vector<ClientTransport::Next> expected{ClientTransport::Next::kPacket,
                                                ClientTransport::Next::kError};
    if (has_quick_ack) expected.insert(expected.begin(), ClientTransport::Next::kQuickAck);
    ASSERT_EQ(order, expected);
  }
}

TEST_P(TransportFormTest, PacketLimitRisesWithAKey) {
  const auto close_reason = [&](std::size_t bytes, bool authorised) {
    ClientTransport client = Client();
    Bytes payload(bytes, 1);
    Bytes stream;
    client.AppendPacket(payload, false, entropy_, stream);
    Transport server;
    server.SetAuthorised(authorised);
    Seen seen;
    Feed(server, stream, seen);
    EXPECT_NE(seen.closed, seen.packets.size() == 1);
    return std::string(server.close_reason());
  };
  // 24 bytes and whole blocks, so that the padded transport keeps the size.
  const std::size_t small = (kStrangerPacketBytesMax - 40) / 16 * 16 + 8;
  EXPECT_EQ(close_reason(small, false), "");
  EXPECT_EQ(close_reason(kStrangerPacketBytesMax + 24, false), "packet too long");
  EXPECT_EQ(close_reason(kStrangerPacketBytesMax + 24, true), "");
  EXPECT_EQ(close_reason(kPacketBytesMax + 24, true), "packet too long");
}

INSTANTIATE_TEST_SUITE_P(Forms, TransportFormTest,
                         testing::Values(TransportForm{kAbridged, false},
                                         TransportForm{kIntermediate, false},
                                         TransportForm{kPadded, false}, TransportForm{kFull, false},
                                         TransportForm{kAbridged, true},
                                         TransportForm{kIntermediate, true},
                                         TransportForm{kPadded, true}));

// What a fresh connection does with these bytes.
std::string ReasonFor(ByteView bytes) {
  Transport server;
  Seen seen;
  Feed(server, bytes, seen);
  EXPECT_EQ(seen.closed, !server.close_reason().empty());
  return std::string(server.close_reason());
}

TEST(TransportTest, FullTransportMatchesTheVector) {
  const test::Vectors vectors("transport.txt");
  Transport server;
  Seen seen;
  Feed(server, vectors["full.packet"], seen);
  ASSERT_EQ(seen.packets.size(), 1u);
  EXPECT_EQ(test::Hex(seen.packets[0]), test::Hex(vectors["full.payload"]));

  SeededEntropy entropy(12);
  Bytes out;
  server.AppendPacket(vectors["full.payload"], entropy, out);
  EXPECT_EQ(test::Hex(out), test::Hex(vectors["full.packet"]));
}

TEST(TransportTest, FullTransportChecksCrcAndSequence) {
  const test::Vectors vectors("transport.txt");
  const Bytes good = vectors["full.packet"];
  for (std::size_t at = 8; at < good.size(); ++at) {
    Bytes bad = good;
    bad[at] ^= 0x10;
    EXPECT_EQ(ReasonFor(bad), "wrong CRC") << at;
  }
  Bytes twice = good;
  twice.insert(twice.end(), good.begin(), good.end());  // the second has number 0 again
  EXPECT_EQ(ReasonFor(twice), "transport sequence number out of order");
  for (const std::uint32_t total : {0u, 8u, 11u, 13u, 14u}) {
    Bytes bad = good;
    StoreLittle(bad.data(), total);
    EXPECT_EQ(ReasonFor(bad), "impossible packet length") << total;
  }
  Bytes empty(12, 0);
  empty[0] = 12;
  EXPECT_EQ(ReasonFor(empty), "empty packet");
}

TEST(TransportTest, Closes) {
  EXPECT_EQ(ReasonFor(AsBytes("GET / HTTP/1.1\r\n")), "HTTP isn't served on this port");
  EXPECT_EQ(ReasonFor(FromHex("16030102")), "TLS isn't served on this port");
  EXPECT_EQ(ReasonFor(FromHex("ef00")), "empty packet");
  EXPECT_EQ(ReasonFor(FromHex("ef80")), "empty packet");
  EXPECT_EQ(ReasonFor(FromHex("ef7f7e0000")), "abridged length in its long form without need");
  EXPECT_EQ(ReasonFor(FromHex("efffffffff")), "packet too long");
  EXPECT_EQ(ReasonFor(FromHex("eeeeeeee00000000")), "empty packet");
  EXPECT_EQ(ReasonFor(FromHex("eeeeeeee05000000")), "packet length not a multiple of 4");
  EXPECT_EQ(ReasonFor(FromHex("eeeeeeeeffffffff")), "packet length not a multiple of 4");
  EXPECT_EQ(ReasonFor(FromHex("ddddddddffffff7f")), "packet too long");
  EXPECT_EQ(ReasonFor(Bytes(64, 0x41)), "unknown transport");
}

TEST(TransportTest, HttpVerbsAreNamed) {
  for (const std::string_view verb : {"HEAD", "POST", "GET ", "OPTI"}) {
    Transport server;
    Seen seen;
    Feed(server, AsBytes(verb.substr(0, 3)), seen);
    EXPECT_FALSE(server.IsHttp() || seen.closed);
    Feed(server, AsBytes(verb.substr(3)), seen);
    EXPECT_TRUE(server.IsHttp() && seen.closed) << verb;
  }
}

TEST(TransportTest, StaysClosedAndSaysNothingBeforeTheClientSpeaks) {
  SeededEntropy entropy(13);
  Transport server;
  Bytes out;
  server.AppendError(-429, entropy, out);
  EXPECT_TRUE(out.empty());
  Seen seen;
  Feed(server, AsBytes("POST"), seen);
  EXPECT_TRUE(seen.closed);
  Feed(server, FromHex("ef01aabbccdd"), seen);
  EXPECT_TRUE(seen.closed && seen.packets.empty());
}

TEST(TransportTest, QuickAckBytes) {
  SeededEntropy entropy(14);
  const auto bytes_of = [&](std::string_view start) {
    Transport server;
    Seen seen;
    Feed(server, FromHex(start), seen);
    Bytes out;
    server.AppendQuickAck(0xf463969d, entropy, out);
    return ToHex(out);
  };
  EXPECT_EQ(bytes_of("ef"), "f463969d");
  EXPECT_EQ(bytes_of("eeeeeeee"), "9d9663f4");
  const std::string padded = bytes_of("dddddddd");
  const std::size_t length = FromHex(padded)[0];
  EXPECT_EQ(padded.substr(2, 22), "000000ffffffff9d9663f4");
  EXPECT_TRUE(length >= 8 && length <= 16 && padded.size() == 2 * (4 + length));
  EXPECT_EQ(bytes_of("0c00000000000000"), "");
}

TEST(TransportTest, PaddingIsCutWhereThePacketEnds) {
  // Plaintext: its own length counts, and clients pad it by more than 15 bytes.
  Bytes plain(20 + 8 + 200, 0);
  plain[16] = 8;
  EXPECT_EQ(WithoutPadding(plain).size(), 28u);
  plain[17] = 0xff;  // a length beyond the packet is left for the parser to refuse
  EXPECT_EQ(WithoutPadding(plain).size(), plain.size());
  for (std::size_t surplus = 0; surplus < 16; ++surplus) {
    Bytes encrypted(24 + 64 + surplus, 7);
    EXPECT_EQ(WithoutPadding(encrypted).size(), 88u);
  }
}

TEST(TransportTest, UnfinishedPacketIsKeptInLittleMoreThanItsSize) {
  SeededEntropy entropy(15);
  ClientTransport client({kIntermediate, false});
  Bytes stream;
  client.AppendPacket(Bytes(60'000, 1), false, entropy, stream);
  Transport server;
  Seen seen;
  Feed(server, ByteView(stream).first(8), seen);
  EXPECT_LE(server.buffered_capacity(), 64u) << "no memory for bytes that are only announced";
  for (std::size_t at = 8; at + 1 < stream.size(); at += 100) {
    const std::size_t step = std::min<std::size_t>(100, stream.size() - 1 - at);
    Feed(server, ByteView(stream).subspan(at, step), seen);
    ASSERT_LE(server.buffered_capacity(), 2 * (at + step) + 64);
  }
  Feed(server, ByteView(stream).last(1), seen);
  EXPECT_EQ(seen.packets.size(), 1u);
  EXPECT_EQ(server.buffered_capacity(), 0u);
}

}  // namespace
}  // namespace trunkline::mtproto
