#include "server/mtproto/envelope.h"

#include <gtest/gtest.h>

#include <deque>
#include <vector>

#include "tests/common/vectors.h"

namespace trunkline::mtproto {
namespace {

using crypto::Direction;

constexpr AuthKeyId kId{0x1234};

MessageHeader SomeHeader() {
  return {77, SessionId(-5), MessageId(0x6500000012345678), 3};
}

// Gives the same bytes whenever it is asked; the size must fit.
class FixedEntropy final : public Entropy {
 public:
  explicit FixedEntropy(Bytes bytes) : bytes_(std::move(bytes)) {}
  void Fill(ByteSpan out) override {
    ASSERT_EQ(out.size(), bytes_.size());
    std::copy(bytes_.begin(), bytes_.end(), out.begin());
  }

 private:
  Bytes bytes_;
};

// A packet around any plaintext, authentic.
Bytes SealPlaintext(const AuthKey& key, Direction direction, ByteView plaintext) {
  const crypto::MessageKey message_key = crypto::MakeMessageKey(key, plaintext, direction);
  Bytes packet(24 + plaintext.size());
  std::copy(message_key.begin(), message_key.end(), packet.begin() + 8);
  crypto::IgeEncrypt(crypto::DeriveIgeKey(key, message_key, direction), plaintext,
                     ByteSpan(packet).subspan(24));
  return packet;
}

class EnvelopeTest : public testing::Test {
 protected:
  const test::Vectors vectors_{"message.txt"};
  const AuthKey key_ = test::CountingAuthKey();
  SeededEntropy entropy_{31};
};

TEST_F(EnvelopeTest, VectorsBothWays) {
  const std::pair<std::string, Direction> sides[] = {{"to_server.", Direction::kToServer},
                                                     {"to_client.", Direction::kToClient}};
  const AuthKeyId id(crypto::AuthKeyIdOf(key_));
  MessageHeader header;
  header.salt = LoadLittle<std::int64_t>(vectors_["salt"].data());
  header.session = SessionId(LoadLittle<std::int64_t>(vectors_["session_id"].data()));
  header.msg_id = MessageId(LoadLittle<std::int64_t>(vectors_["msg_id"].data()));
  header.seq_no = 0;
  for (const auto& [side, direction] : sides) {
    Bytes expected = vectors_["auth_key_id"];
    for (const char* part : {"msg_key", "ciphertext"}) {
      const Bytes& bytes = vectors_[side + part];
      expected.insert(expected.end(), bytes.begin(), bytes.end());
    }
    FixedEntropy padding(vectors_["padding"]);
    Bytes packet;
    SealMessage(id, key_, direction, header, vectors_["body"], padding, packet);
    EXPECT_EQ(test::Hex(packet), test::Hex(expected));
    EXPECT_EQ(PacketKeyId(packet), id);

    auto opened = OpenMessage(key_, direction, packet);
    ASSERT_TRUE(opened.ok());
    EXPECT_EQ(opened->header.salt, header.salt);
    EXPECT_EQ(opened->header.session, header.session);
    EXPECT_EQ(opened->header.msg_id, header.msg_id);
    EXPECT_EQ(opened->header.seq_no, 0);
    EXPECT_EQ(test::Hex(opened->body), test::Hex(vectors_["body"]));
  }
  EXPECT_EQ(id.value(), static_cast<std::int64_t>(0xc8df57a46e58d132u));
}

TEST_F(EnvelopeTest, QuickAckToken) {
  Bytes packet = SealPlaintext(key_, Direction::kToServer, vectors_["plaintext"]);
  EXPECT_EQ(OpenMessage(key_, Direction::kToServer, packet)->quick_ack_token, 0xf463969du);
}

TEST_F(EnvelopeTest, RoundTripOfEveryBodySize) {
  for (std::size_t size = 4; size <= 600; size += 4) {
    Bytes body(size);
    entropy_.Fill(body);
    Bytes packet(7, 0xee);  // appended behind what is there
    SealMessage(kId, key_, Direction::kToClient, SomeHeader(), body, entropy_, packet);
    const std::size_t padding = packet.size() - 7 - 24 - 32 - size;
    EXPECT_TRUE(padding >= 12 && padding <= 27) << padding;
    auto opened = OpenMessage(key_, Direction::kToClient, ByteSpan(packet).subspan(7));
    ASSERT_TRUE(opened.ok()) << size;
    EXPECT_EQ(test::Hex(opened->body), test::Hex(body));
    EXPECT_EQ(opened->header.seq_no, 3);
    EXPECT_EQ(opened->header.session, SessionId(-5));
  }
}

TEST_F(EnvelopeTest, BodyWrittenInPlace) {
  Bytes packet;
  const std::size_t start = StartEnvelope(packet);
  for (int i = 0; i < 40; ++i) packet.push_back(static_cast<std::uint8_t>(i));
  FinishEnvelope(kId, key_, Direction::kToClient, SomeHeader(), start, entropy_, packet);
  auto opened = OpenMessage(key_, Direction::kToClient, packet);
  ASSERT_TRUE(opened.ok());
  ASSERT_EQ(opened->body.size(), 40u);
  EXPECT_EQ(opened->body[39], 39);
}

TEST_F(EnvelopeTest, EveryFlippedBitIsNoticed) {
  Bytes sealed;
  SealMessage(kId, key_, Direction::kToServer, SomeHeader(), Bytes(40, 9), entropy_, sealed);
  for (std::size_t bit = 8 * 8; bit < sealed.size() * 8; ++bit) {
    Bytes packet = sealed;
    packet[bit / 8] = static_cast<std::uint8_t>(packet[bit / 8] ^ 1 << (bit % 8));
    const auto opened = OpenMessage(key_, Direction::kToServer, packet);
    ASSERT_FALSE(opened.ok()) << bit;
    ASSERT_EQ(opened.error(), OpenError::kMessageKey) << bit;
  }
}

TEST_F(EnvelopeTest, EverySizeButTheRightOneIsRefused) {
  Bytes sealed;
  SealMessage(kId, key_, Direction::kToServer, SomeHeader(), Bytes(40, 9), entropy_, sealed);
  for (std::size_t size = 8; size < sealed.size() + 40; ++size) {
    Bytes packet = sealed;
    packet.resize(size);
    const bool opened = OpenMessage(key_, Direction::kToServer, packet).ok();
    ASSERT_EQ(opened, size == sealed.size()) << size;
  }
}

TEST_F(EnvelopeTest, AnotherKeyOrDirectionOpensNothing) {
  Bytes sealed;
  SealMessage(kId, key_, Direction::kToServer, SomeHeader(), Bytes(40, 9), entropy_, sealed);
  Bytes packet = sealed;
  EXPECT_FALSE(OpenMessage(key_, Direction::kToClient, packet).ok());
  AuthKey other = key_;
  other.mutable_view()[100] ^= 1;  // a byte that enters all three hashes of x = 0
  packet = sealed;
  EXPECT_FALSE(OpenMessage(other, Direction::kToServer, packet).ok());
}

// An authentic plaintext of `total` bytes that claims a body of `length` bytes.
struct LengthCase {
  std::size_t total;
  std::uint32_t length;
  std::optional<OpenError> error;
};

TEST_F(EnvelopeTest, LengthAndPaddingAreChecked) {
  const LengthCase cases[] = {
      {48, 4, {}},
      {48, 0, OpenError::kLength},
      {48, 2, OpenError::kLength},
      {48, 6, OpenError::kLength},
      {48, 8, OpenError::kPadding},               // 8 bytes of padding
      {48, 16, OpenError::kPadding},              // none
      {48, 20, OpenError::kLength},               // beyond the end
      {48, 0xfffffffc, OpenError::kLength},       // negative
      {32 + 16 + 1024, 16, {}},                   // 1024
      {32 + 16 + 1024, 12, OpenError::kPadding},  // 1028
      {32 + 16 + 1024, 4, OpenError::kPadding},
  };
  for (const LengthCase& c : cases) {
    Bytes plaintext(c.total);
    entropy_.Fill(plaintext);
    StoreLittle(plaintext.data() + 28, c.length);
    Bytes packet = SealPlaintext(key_, Direction::kToServer, plaintext);
    const auto opened = OpenMessage(key_, Direction::kToServer, packet);
    ASSERT_EQ(opened.ok(), !c.error.has_value()) << c.total << " " << c.length;
    if (c.error) {
      EXPECT_EQ(opened.error(), *c.error) << c.total << " " << c.length;
    }
  }
}

TEST_F(EnvelopeTest, TooShortAPlaintextIsRefused) {
  for (std::size_t size = 0; size < 48; ++size) {
    Bytes plaintext(size, 0);
    if (size >= 32) StoreLittle(plaintext.data() + 28, std::uint32_t{4});
    EXPECT_FALSE(ParsePlaintext(plaintext).ok()) << size;
  }
}

TEST_F(EnvelopeTest, PaddingIsRandom) {
  Bytes first, second;
  SealMessage(kId, key_, Direction::kToServer, SomeHeader(), Bytes(40, 9), entropy_, first);
  SealMessage(kId, key_, Direction::kToServer, SomeHeader(), Bytes(40, 9), entropy_, second);
  EXPECT_NE(first, second);
}

// With the same padding, byte for byte what sealing one after the other gives.
TEST_F(EnvelopeTest, ManySealedTogetherAreWhatEachWouldBeAlone) {
  for (std::size_t count = 0; count <= 20; ++count) {
    std::deque<AuthKey> keys;
    std::vector<Bytes> packets(count), alone(count);
    std::vector<PaddedEnvelope> padded;
    SeededEntropy padding(count), same(count);
    for (std::size_t i = 0; i < count; ++i) {
      entropy_.Fill(keys.emplace_back().mutable_view());
      MessageHeader header = SomeHeader();
      header.seq_no = static_cast<std::int32_t>(i);
      const Bytes body(4 * (1 + (i * 37) % 90), static_cast<std::uint8_t>(i));
      Bytes& packet = packets[i];
      packet.assign(i % 3, 0xee);  // what stands before a packet stays
      const std::size_t start = StartEnvelope(packet);
      packet.insert(packet.end(), body.begin(), body.end());
      PadEnvelope(kId, header, start, padding, packet);
      padded.push_back({&keys[i], ByteSpan(packet).subspan(start)});
      alone[i].assign(i % 3, 0xee);
      SealMessage(kId, keys[i], Direction::kToClient, header, body, same, alone[i]);
    }
    SealEnvelopes(padded, Direction::kToClient);
    EXPECT_EQ(packets, alone) << count;
  }
}

}  // namespace
}  // namespace trunkline::mtproto
