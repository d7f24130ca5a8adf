// Strangers and broken clients: whatever they send, the server answers the next honest ping.

#include <zlib.h>

#include "common/crypto/message_key.h"
#include "server/mtproto/client_handshake.h"
#include "server/mtproto/client_transport.h"
#include "server/mtproto/envelope.h"
#include "tests/e2e/fixture.h"
#include "tests/e2e/raw_link.h"
#include "tl/mt_types.h"

namespace trunkline::e2e {
namespace {

namespace mt = tl::mt;

class HostileTest : public WithServer {
 protected:
  HostileTest() : witness_(NewDevice()) {}
  void TearDown() override {
    EXPECT_TRUE(witness_->Ping()) << "the honest connection: " << witness_->failure();
    EXPECT_TRUE(NewDevice()->Ping()) << "a new connection";
    WithServer::TearDown();
  }

  Bytes Random(std::size_t size) {
    Bytes bytes(size);
    noise_.Fill(bytes);
    return bytes;
  }
  // A full-transport frame around the payload.
  static Bytes FullFrame(ByteView payload, std::uint32_t seq_no) {
    Bytes frame(8 + payload.size());
    StoreLittle(frame.data(), static_cast<std::uint32_t>(payload.size() + 12));
    StoreLittle(frame.data() + 4, seq_no);
    std::copy(payload.begin(), payload.end(), frame.begin() + 8);
    const auto crc =
        static_cast<std::uint32_t>(crc32(0, frame.data(), static_cast<unsigned>(frame.size())));
    frame.resize(frame.size() + 4);
    StoreLittle(frame.data() + frame.size() - 4, crc);
    return frame;
  }
  // The first, honest plaintext packet of a key exchange.
  Bytes ReqPq() {
    mtproto::ClientHandshake handshake({}, server_->PublicKey(), &entropy_);
    return handshake.Start(std::chrono::system_clock::now());
  }
  // An intermediate frame whose length word says what it wants.
  static Bytes IntermediateStart(std::uint32_t length) {
    Bytes bytes = FromHex("eeeeeeee00000000");
    StoreLittle(bytes.data() + 4, length);
    return bytes;
  }
  // Body under the witness's key, in a session of its own.
  std::string ClosedBySealed(ByteView body, std::int32_t seq_no = 1) {
    const auto device = NewDevice();
    mtproto::MessageHeader header{
        .salt = device->client().session()->salt(),
        .session = device->client().session()->id(),
        .msg_id = MessageId((UnixSeconds(device->client().now()) << 32) + 8),
        .seq_no = seq_no};
    device->client().SendSealed(header, body);
    return device->Ping() ? "" : device->failure();
  }

  SeededEntropy noise_{20261121};  // the same garbage in every run
  std::unique_ptr<Device> witness_;
};

TEST_F(HostileTest, RandomBytes) {
  for (int i = 0; i < 64; ++i) {
    RawLink link(server_->endpoint());
    link.Send(Random(static_cast<std::size_t>(1) << (i % 16)));
    link.HalfClose();
    EXPECT_NE(link.AwaitClose(), RawLink::End::kTimeout) << "round " << i;
  }
}

TEST_F(HostileTest, GarbageWhereAnObfuscatedStartShouldBe) {
  for (int i = 0; i < 64; ++i) {
    Bytes start = Random(64);
    start[0] = 0x41;  // none of the magics
    start[4] = 1;     // not the full transport
    RawLink link(server_->endpoint());
    link.Send(start);
    link.Send(Random(256));
    EXPECT_EQ(link.AwaitClose(), RawLink::End::kClosed) << "round " << i;
  }
}

TEST_F(HostileTest, CutFrames) {
  const Bytes frame = FullFrame(ReqPq(), 0);
  for (std::size_t size = 0; size < frame.size(); size += 3) {
    RawLink link(server_->endpoint());
    link.Send(ByteView(frame).first(size));
    link.HalfClose();
    EXPECT_EQ(link.AwaitClose(), RawLink::End::kClosed) << size << " bytes";
  }
}

TEST_F(HostileTest, ByteByByteIsFine) {
  const Bytes frame = FullFrame(ReqPq(), 0);
  RawLink link(server_->endpoint());
  for (const std::uint8_t byte : frame) ASSERT_TRUE(link.Send({&byte, 1}));
  Bytes answer;
  ASSERT_EQ(link.Receive(answer), RawLink::End::kBytes);
  EXPECT_GT(answer.size(), 72u);
}

TEST_F(HostileTest, WrongChecksum) {
  Bytes frame = FullFrame(ReqPq(), 0);
  frame.back() ^= 1;
  RawLink link(server_->endpoint());
  link.Send(frame);
  Bytes answer;
  EXPECT_EQ(link.Receive(answer), RawLink::End::kClosed) << "no answer, closed";
}

TEST_F(HostileTest, WrongCounterOfTheFullTransport) {
  RawLink link(server_->endpoint());
  link.Send(FullFrame(ReqPq(), 0));
  Bytes answer;
  ASSERT_EQ(link.Receive(answer), RawLink::End::kBytes);
  link.Send(FullFrame(ReqPq(), 5));
  EXPECT_EQ(link.AwaitClose(), RawLink::End::kClosed);
}

TEST_F(HostileTest, HugeAndZeroLengths) {
  for (const std::uint32_t length : {0x7fffffffu, 0x00ffffffu, 0x00200000u, 0x00020000u, 0u, 3u}) {
    RawLink link(server_->endpoint());
    link.Send(IntermediateStart(length));
    EXPECT_EQ(link.AwaitClose(), RawLink::End::kClosed) << length;
  }
  RawLink abridged(server_->endpoint());
  abridged.Send(FromHex("ef7fffffff"));
  EXPECT_EQ(abridged.AwaitClose(), RawLink::End::kClosed);
}

TEST_F(HostileTest, UnknownKeyIsToldSo) {
  Bytes packet = Random(24 + 64);
  Bytes bytes = IntermediateStart(static_cast<std::uint32_t>(packet.size()));
  bytes.insert(bytes.end(), packet.begin(), packet.end());
  RawLink link(server_->endpoint());
  link.Send(bytes);
  Bytes answer;
  ASSERT_EQ(link.Receive(answer), RawLink::End::kBytes);
  ASSERT_EQ(answer.size(), 8u);
  EXPECT_EQ(LoadLittle<std::uint32_t>(answer.data()), 4u);
  EXPECT_EQ(LoadLittle<std::int32_t>(answer.data() + 4), -404);
}

TEST_F(HostileTest, HandshakeOutOfOrderIsRefused) {
  Bytes body;
  tl::AppendTo(body, mt::fn::SetClientDHParams{.encrypted_data = "0123456789abcdef"});
  Bytes packet(20);
  StoreLittle<std::int64_t>(packet.data() + 8, 4);
  StoreLittle(packet.data() + 16, static_cast<std::int32_t>(body.size()));
  packet.insert(packet.end(), body.begin(), body.end());
  Bytes bytes = IntermediateStart(static_cast<std::uint32_t>(packet.size()));
  bytes.insert(bytes.end(), packet.begin(), packet.end());
  RawLink link(server_->endpoint());
  link.Send(bytes);
  Bytes answer;
  ASSERT_EQ(link.Receive(answer), RawLink::End::kBytes);
  ASSERT_EQ(answer.size(), 8u);
  EXPECT_EQ(LoadLittle<std::int32_t>(answer.data() + 4), -404);
}

TEST_F(HostileTest, BadMessageKeyClosesInSilence) {
  const auto device = NewDevice();
  ASSERT_TRUE(device->Ping());
  Bytes packet = Random(24 + 64);
  StoreLittle(packet.data(), device->client().key()->id.value());
  device->client().SendRaw(packet);
  load::RunUntil(
      io_, [&] { return !device->client().connected(); }, kPatience);
  EXPECT_FALSE(device->client().connected());
  EXPECT_EQ(device->client().transport_error(), 0) << "a key is never denied for a bad packet";
  ASSERT_TRUE(device->Connect()) << device->failure();
  EXPECT_TRUE(device->Ping()) << "the key is still good";
}

TEST_F(HostileTest, GzipBombs) {
  // 64 MiB of zeros in about 64 KiB, alone and once more packed.
  const auto pack = [](ByteView plain) {
    uLongf size = compressBound(static_cast<uLong>(plain.size()));
    Bytes packed(size);
    compress2(packed.data(), &size, plain.data(), static_cast<uLong>(plain.size()), 9);
    packed.resize(size);
    Bytes body;
    tl::AppendTo(body, mt::GzipPacked{.packed_data = AsText(packed)});
    return body;
  };
  const Bytes bomb = pack(Bytes(64 * 1024 * 1024));
  ClosedBySealed(bomb);
  ClosedBySealed(pack(bomb));
  Bytes damaged = bomb;
  for (std::size_t i = 16; i < damaged.size(); i += 97) damaged[i] ^= 0x5a;
  ClosedBySealed(damaged);
}

TEST_F(HostileTest, EverySealedBodyIsSurvived) {
  for (int i = 0; i < 100; ++i) {
    Bytes body = Random(4 * (1 + static_cast<std::size_t>(i)));
    // Half of them begin with something that the server looks into.
    constexpr std::uint32_t kHeads[] = {mt::MsgContainer::kId,
                                        mt::GzipPacked::kId,
                                        mt::MsgsAck::kId,
                                        mt::MsgsStateReq::kId,
                                        mt::MsgCopy::kId,
                                        mt::MsgResendReq::kId,
                                        0xda9b0d0d /* invokeWithLayer */,
                                        0xc1cd5ea9 /* initConnection */};
    if (i % 2 == 0)
      StoreLittle(body.data(), kHeads[static_cast<std::size_t>(i / 2) % std::size(kHeads)]);
    ClosedBySealed(body);
  }
}

TEST_F(HostileTest, ManyConnectionsThatSayNothing) {
  std::vector<std::unique_ptr<RawLink>> links;
  for (int i = 0; i < 200; ++i) {
    links.push_back(std::make_unique<RawLink>(server_->endpoint()));
    links.back()->Send(FromHex("ee"));
  }
  EXPECT_TRUE(witness_->Ping());
}

}  // namespace
}  // namespace trunkline::e2e
