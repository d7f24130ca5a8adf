#include "server/mtproto/obfuscation.h"

#include <gtest/gtest.h>

#include "server/mtproto/transport.h"
#include "tests/common/vectors.h"

namespace trunkline::mtproto {
namespace {

class ObfuscationTest : public testing::Test {
 protected:
  // What travels: the vector's init with its last eight bytes enciphered.
  ObfuscationInit Wire() const {
    ObfuscationInit wire = vectors_.Array<64>("init");
    const Bytes& tail = vectors_["wire_tail"];
    std::copy(tail.begin(), tail.end(), wire.begin() + 56);
    return wire;
  }
  const test::Vectors vectors_{"transport.txt"};
};

TEST_F(ObfuscationTest, KeysOfTheVector) {
  const ObfuscationKeys keys = DeriveObfuscationKeys(Wire());
  EXPECT_EQ(test::Hex(keys.to_server_key), test::Hex(vectors_["to_server.key"]));
  EXPECT_EQ(test::Hex(keys.to_server_iv), test::Hex(vectors_["to_server.iv"]));
  EXPECT_EQ(test::Hex(keys.to_client_key), test::Hex(vectors_["to_client.key"]));
  EXPECT_EQ(test::Hex(keys.to_client_iv), test::Hex(vectors_["to_client.iv"]));
}

TEST_F(ObfuscationTest, ProxySecretChangesTheKeysOnly) {
  const ObfuscationKeys keys = DeriveObfuscationKeys(Wire(), vectors_["secret"]);
  EXPECT_EQ(test::Hex(keys.to_server_key), test::Hex(vectors_["to_server.secret_key"]));
  EXPECT_EQ(test::Hex(keys.to_client_key), test::Hex(vectors_["to_client.secret_key"]));
  EXPECT_EQ(test::Hex(keys.to_server_iv), test::Hex(vectors_["to_server.iv"]));
}

TEST_F(ObfuscationTest, ServerAcceptsTheVectorAndTheStreamsGoOn) {
  auto accepted = Obfuscation::Accept(Wire());
  ASSERT_TRUE(accepted.has_value());
  EXPECT_EQ(accepted->inside, TransportKind::kAbridged);
  EXPECT_EQ(accepted->dc, 2);
  Bytes to_server(8, 0), to_client(8, 0);
  accepted->streams.to_server().Apply(to_server);
  accepted->streams.to_client().Apply(to_client);
  EXPECT_EQ(test::Hex(to_server), test::Hex(vectors_["to_server.stream"]));
  EXPECT_EQ(test::Hex(to_client), test::Hex(vectors_["to_client.stream"]));
}

// The init's first 56 bytes come from this; later draws are never asked for.
class VectorEntropy final : public Entropy {
 public:
  explicit VectorEntropy(Bytes bytes) : bytes_(std::move(bytes)) {}
  void Fill(ByteSpan out) override {
    ASSERT_EQ(out.size(), bytes_.size());
    std::copy(bytes_.begin(), bytes_.end(), out.begin());
  }

 private:
  Bytes bytes_;
};

TEST_F(ObfuscationTest, ClientMakesTheVector) {
  VectorEntropy entropy(vectors_["init"]);
  Bytes out;
  Obfuscation::Start(TransportKind::kAbridged, 2, entropy, out);
  EXPECT_EQ(test::Hex(out), test::Hex(Wire()));
}

TEST_F(ObfuscationTest, AWrongTagIsRefused) {
  for (std::size_t at = 56; at < 60; ++at) {
    ObfuscationInit wire = Wire();
    wire[at] ^= 1;
    EXPECT_FALSE(Obfuscation::Accept(wire).has_value()) << at;
  }
}

TEST_F(ObfuscationTest, AnyDcIsAccepted) {
  SeededEntropy entropy(21);
  for (const int dc : {0, 5, -2, 10002, -10002, 32767, -32768}) {
    Bytes out;
    Obfuscation::Start(TransportKind::kPadded, static_cast<std::int16_t>(dc), entropy, out);
    ObfuscationInit wire;
    ASSERT_EQ(out.size(), wire.size());
    std::copy(out.begin(), out.end(), wire.begin());
    const auto accepted = Obfuscation::Accept(wire);
    ASSERT_TRUE(accepted.has_value());
    EXPECT_EQ(accepted->dc, dc);
    EXPECT_EQ(accepted->inside, TransportKind::kPadded);
  }
}

TEST(ObfuscationInitTest, NotWhatAnotherTransportBeginsWith) {
  ObfuscationInit init;
  init.fill(0x31);
  EXPECT_TRUE(IsObfuscationInit(init));
  for (const std::string_view start : {"ef313131", "eeeeeeee", "dddddddd", "48454144", "504f5354",
                                       "47455420", "4f505449", "16030102", "3131313100000000"}) {
    ObfuscationInit bad = init;
    const Bytes bytes = FromHex(start);
    std::copy(bytes.begin(), bytes.end(), bad.begin());
    EXPECT_FALSE(IsObfuscationInit(bad)) << start;
  }
}

}  // namespace
}  // namespace trunkline::mtproto
