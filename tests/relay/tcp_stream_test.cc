#include "relay/tcp_stream.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include "tests/common/vectors.h"

namespace trunkline::relay {
namespace {

using Next = TcpStream::Next;

// The published init: bytes 10, 11, .. 4f, with EF at 56..59.
const std::string kInit =
    "101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f"
    "303132333435363738393a3b3c3d3e3f4041424344454647"
    "3d4c99763b7b4b98";
const std::string kTcpPing =
    "c0a1a2a3a4a5a6a7a8a9aaabacadaeaf"
    "ffffffffffffffffffffffff"
    "feffffff"
    "0102030405060708";
const std::string kPingEnciphered =
    "1f543e401b6fa3660ddfeba94b8da88eb59223eeef18b90909707ab6d12117a4edffbe3128d8e1ec8e";

struct Outcome {
  std::vector<std::string> frames;
  std::string_view closed;
  bool operator==(const Outcome&) const = default;
};

Outcome Feed(TcpStream& stream, const Bytes& bytes, std::size_t step) {
  Outcome outcome;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    Bytes chunk(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                bytes.begin() + static_cast<std::ptrdiff_t>(std::min(bytes.size(), at + step)));
    stream.Receive(chunk);
    ByteView frame;
    while (stream.Poll(frame) == Next::kFrame) outcome.frames.push_back(ToHex(frame));
  }
  outcome.closed = stream.close_reason();
  return outcome;
}

Outcome RunWhole(const std::string& hex) {
  TcpStream stream;
  return Feed(stream, FromHex(hex), FromHex(hex).size() + 1);
}

std::string PlainFrame(std::size_t size) {
  Bytes length(4);
  StoreLittle(length.data(), static_cast<std::uint32_t>(size));
  return ToHex(length) + ToHex(Bytes(std::min<std::size_t>(size, 70'000), 7));
}

TEST(TcpStreamTest, ObfuscatedVectorInAnyPieces) {
  const Bytes wire = FromHex(kInit + kPingEnciphered);
  for (std::size_t step = 1; step <= wire.size(); ++step) {
    TcpStream stream;
    EXPECT_EQ(Feed(stream, wire, step), (Outcome{{kTcpPing}, ""})) << step;
    EXPECT_EQ(stream.dialect(), TcpStream::Dialect::kObfuscated);
  }
}

TEST(TcpStreamTest, ObfuscatedAnswersUseTheReversedKey) {
  TcpStream stream;
  Feed(stream, FromHex(kInit), 64);
  Bytes out;
  ASSERT_TRUE(stream.Append(FromHex(kTcpPing), out));
  ASSERT_TRUE(stream.Append(Bytes(1500, 1), out));
  crypto::AesCtr client(
      std::span<const std::uint8_t, 32>(
          FromHex("47464544434241403f3e3d3c3b3a393837363534333231302f2e2d2c2b2a2928")),
      std::span<const std::uint8_t, 16>(FromHex("27262524232221201f1e1d1c1b1a1918")));
  client.Apply(out);
  EXPECT_EQ(ToHex(out), "0a" + kTcpPing + "7f770100" + ToHex(Bytes(1500, 1)));
  const std::size_t size = out.size();
  EXPECT_FALSE(stream.Append(Bytes(41), out));
  EXPECT_EQ(out.size(), size);
}

TEST(TcpStreamTest, PlainBothWaysInAnyPieces) {
  const Bytes wire = FromHex("eeeeeeee" + PlainFrame(40) + PlainFrame(1) + PlainFrame(1500));
  for (std::size_t step = 1; step <= 60; ++step) {
    TcpStream stream;
    const Outcome outcome = Feed(stream, wire, step);
    ASSERT_EQ(outcome.frames.size(), 3u) << step;
    EXPECT_EQ(outcome.frames[0], ToHex(Bytes(40, 7)));
    EXPECT_EQ(outcome.frames[1], "07");
    EXPECT_EQ(outcome.frames[2].size(), 3000u);
    Bytes out;
    ASSERT_TRUE(stream.Append(Bytes(5, 9), out));
    EXPECT_EQ(ToHex(out), "050000000909090909");
  }
}

TEST(TcpStreamTest, LongPlainFramesAreLeftOutWithoutBeingKept) {
  const Bytes wire =
      FromHex("eeeeeeee" + PlainFrame(1501) + PlainFrame(65536) + PlainFrame(8) + PlainFrame(1501));
  for (const std::size_t step : {std::size_t{1}, std::size_t{999}, wire.size()}) {
    TcpStream stream;
    EXPECT_EQ(Feed(stream, wire, step).frames, std::vector{ToHex(Bytes(8, 7))}) << step;
    EXPECT_EQ(stream.buffered(), 0u);
  }
}

TEST(TcpStreamTest, WhatEndsAConnection) {
  struct Row {
    const char* what;
    std::string bytes;
    std::string_view reason;
  };
  const auto abridged = [](const std::string& head) {
    crypto::AesCtr cipher(std::span<const std::uint8_t, 32>(FromHex(kInit).data() + 8, 32),
                          std::span<const std::uint8_t, 16>(FromHex(kInit).data() + 40, 16));
    Bytes skipped(64), bytes = FromHex(head);
    cipher.Apply(skipped);
    cipher.Apply(bytes);
    return kInit + ToHex(bytes);
  };
  const Row rows[] = {
      {"nothing yet", "", ""},
      {"three bytes", "eeeeee", ""},
      {"63 bytes", kInit.substr(0, 126), ""},
      {"a wrong tag", kInit.substr(0, 112) + "0000000000000000", "unknown dialect"},
      {"another protocol",
       ToHex(AsBytes("GET / HTTP/1.1\r\nHost: relay\r\nAccept: */*\r\n"
                     "User-Agent: something\r\n\r\n")),
       "unknown dialect"},
      {"plain, empty", "eeeeeeee00000000", "empty frame"},
      {"plain, too long", "eeeeeeee01000100", "frame too long"},
      {"plain, far too long", "eeeeeeeeffffffff", "frame too long"},
      {"abridged, empty", abridged("00"), "empty frame"},
      {"abridged, high bit", abridged("80"), "frame too long"},
      {"abridged, 1504 bytes", abridged("7f780100"), "frame too long"},
      {"abridged, longest", abridged("7fffffff"), "frame too long"},
      {"abridged, 1500 bytes", abridged("7f770100"), ""},
  };
  for (const Row& row : rows) EXPECT_EQ(RunWhole(row.bytes).closed, row.reason) << row.what;
}

TEST(TcpStreamTest, NothingIsSentBeforeTheDialectIsKnown) {
  TcpStream stream;
  Bytes out;
  EXPECT_FALSE(stream.Append(Bytes(40), out));
  Bytes half = FromHex(kInit.substr(0, 64));
  stream.Receive(half);
  EXPECT_FALSE(stream.Append(Bytes(40), out));
  EXPECT_TRUE(out.empty());
}

}  // namespace
}  // namespace trunkline::relay
