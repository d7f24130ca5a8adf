// The published layouts of both families of clients, byte for byte. Their tag has no MAC, so the
// verifier here knows this one tag and its other side.
#include "tests/relay/rig.h"

namespace trunkline::relay {
namespace {

class OneTagVerifier final : public TagVerifier {
 public:
  std::optional<VerifiedTag> Verify(
      std::span<const std::uint8_t, kTagPrefixBytes> prefix) const override {
    VerifiedTag verified{};
    const auto fields = ParseTag(prefix);
    if (!fields) return std::nullopt;
    verified.fields = *fields;
    verified.fields.p2p_allowed = true;
    std::copy_n(FromHex("c0a1a2a3a4a5a6a7a8a9aaabacadaeaf").begin(), kTagBytes,
                verified.own.begin());
    verified.own[0] = prefix[0];
    verified.other = verified.own;
    verified.other[0] ^= 1;
    return verified;
  }
};

class VectorsTest : public ReflectorTest {
 protected:
  VectorsTest() : reflector(Limits{}, &one_tag, 1) {}
  std::string Answer(const std::string& hex, const Endpoint& from, const Endpoint& to) {
    Bytes buffer = FromHex(hex);
    const std::size_t size = buffer.size();
    buffer.resize(kBufferBytes);
    const Verdict verdict = reflector.Receive(buffer, size, from, now_);
    EXPECT_TRUE(!verdict.send() || verdict.to == to);
    return verdict.send() ? ToHex(ByteView(buffer).first(verdict.size))
                          : std::string(DropName(verdict.drop));
  }
  OneTagVerifier one_tag;
  Reflector reflector;
};

const std::string kTail = "a1a2a3a4a5a6a7a8a9aaabacadaeaf";
const std::string kFf12 = "ffffffffffffffffffffffff";
const std::string kPingTail = kTail + kFf12 + "feffffff0102030405060708";

TEST_F(VectorsTest, PingIsAnsweredWithWhereItCameFrom) {
  EXPECT_EQ(Answer("c0" + kPingTail, kAt, kAt),
            "c0" + kTail + kFf12 +
                "c77215c000b95569010203040506070800000000000000000000ffffc000020a00c00000");
}

TEST_F(VectorsTest, PingOverIpv6) {
  Endpoint from = kAt;
  std::copy_n(FromHex("20010db8000000000000000000000001").begin(), 16, from.ip.begin());
  EXPECT_EQ(Answer("c0" + kPingTail, from, from),
            "c0" + kTail + kFf12 +
                "c77215c000b95569010203040506070820010db800000000000000000000000100c00000");
}

TEST_F(VectorsTest, PeerInfo) {
  EXPECT_EQ(Answer("c0" + kTail + kFf12 + "ffffffff", kAt, kAt), "peer_info");  // nobody there yet
  Answer("c1" + kPingTail, kPeerAt, kPeerAt);
  EXPECT_EQ(Answer("c0" + kTail + kFf12 + "ffffffff", kAt, kAt),
            "c0" + kTail + kFf12 + "1c37d927c000020a00c00000c633640751c30000");
}

const std::string kHelloOfOurs =
    "c0a1a2a3a4a5a6a7a8a9aaab44332211" + kFf12 + "feffffff000000000000007b";

TEST_F(VectorsTest, HelloIsAnsweredWithNoMoreThanItself) {
  EXPECT_EQ(Answer(kHelloOfOurs, kAt, kAt),
            "c0a1a2a3a4a5a6a7a8a9aaab44332211" + kFf12 + "c77215c00000000000000000");
}

TEST_F(VectorsTest, PortDataGoesToThePortThatItNames) {
  Answer(kHelloOfOurs, kAt, kAt);
  Answer("c1a1a2a3a4a5a6a7a8a9aaab88776655" + kFf12 + "feffffff000000000000007b", kPeerAt, kPeerAt);
  const std::string rest = "a1a2a3a4a5a6a7a8a9aaab887766554433221100000005806f0001de000000";
  EXPECT_EQ(Answer("c0" + rest, kAt, kPeerAt), "c1" + rest);
}

TEST_F(VectorsTest, StunBinding) {
  EXPECT_EQ(Answer("000100002112a442000102030405060708090a0b", kAt, kAt),
            "0101000c2112a442000102030405060708090a0b002000080001e112e112a648");
  Endpoint from = kAt;
  std::copy_n(FromHex("20010db8000000000000000000000001").begin(), 16, from.ip.begin());
  // Address xor cookie and transaction id, by hand.
  EXPECT_EQ(Answer("000100002112a442000102030405060708090a0b", from, from),
            "010100182112a442000102030405060708090a0b002000140002e112"
            "0113a9fa000102030405060708090a0a");
}

}  // namespace
}  // namespace trunkline::relay
