#include "common/crypto/message_key.h"

#include <gtest/gtest.h>

#include "tests/common/vectors.h"

namespace trunkline::crypto {
namespace {

class MessageKeyTest : public testing::Test {
 protected:
  const test::Vectors vectors_{"message.txt"};
  const AuthKey key_ = test::CountingAuthKey();
};

TEST_F(MessageKeyTest, KeyIdAndAuxHash) {
  EXPECT_EQ(AuthKeyIdOf(key_), LoadLittle<std::int64_t>(vectors_["auth_key_id"].data()));
  EXPECT_EQ(test::Hex(AuxHashOf(key_)), test::Hex(vectors_["aux_hash"]));
}

TEST_F(MessageKeyTest, Version2BothDirections) {
  const std::pair<std::string, Direction> sides[] = {{"to_server.", Direction::kToServer},
                                                     {"to_client.", Direction::kToClient}};
  for (const auto& [side, direction] : sides) {
    const MessageKey message_key = MakeMessageKey(key_, vectors_["plaintext"], direction);
    EXPECT_EQ(test::Hex(message_key), test::Hex(vectors_[side + "msg_key"]));
    const IgeKey ige = DeriveIgeKey(key_, message_key, direction);
    EXPECT_EQ(test::Hex(ige.key), test::Hex(vectors_[side + "aes_key"]));
    EXPECT_EQ(test::Hex(ige.iv), test::Hex(vectors_[side + "aes_iv"]));
  }
}

TEST_F(MessageKeyTest, QuickAckToken) {
  std::uint32_t token = 0;
  MakeMessageKey(key_, vectors_["plaintext"], Direction::kToServer, &token);
  EXPECT_EQ(token, 0xf463969du);
  EXPECT_EQ(token, LoadLittle<std::uint32_t>(vectors_["to_server.quick_ack"].data()));
}

TEST_F(MessageKeyTest, Version1) {
  const IgeKey ige = DeriveIgeKeyV1(key_, vectors_.Array<16>("v1.msg_key"), Direction::kToServer);
  EXPECT_EQ(test::Hex(ige.key), test::Hex(vectors_["v1.aes_key"]));
  EXPECT_EQ(test::Hex(ige.iv), test::Hex(vectors_["v1.aes_iv"]));
}

}  // namespace
}  // namespace trunkline::crypto
