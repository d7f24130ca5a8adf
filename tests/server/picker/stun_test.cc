#include "server/picker/stun.h"

#include <gtest/gtest.h>

#include <string>

#include "server/picker/turn_credentials.h"
#include "tests/common/vectors.h"

namespace trunkline::picker {
namespace {

constexpr StunTransaction kTransaction{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};

class StunTest : public testing::Test {
 protected:
  trunkline::test::Vectors vectors_{"stun.txt"};
};

TEST_F(StunTest, MinimalBinding) {
  StunWriter request(StunMethod::kBinding, StunClass::kRequest, kTransaction);
  EXPECT_EQ(ToHex(request.Take()), ToHex(vectors_["binding.request"]));
  const StunAddress mapped{.ip = {192, 0, 2, 10}, .port = 49152};
  StunWriter answer(StunMethod::kBinding, StunClass::kSuccess, kTransaction);
  EXPECT_EQ(ToHex(answer.Address(kStunXorMapped, mapped).Take()),
            ToHex(vectors_["binding.answer"]));
  const auto read = ReadStun(vectors_["binding.answer"]);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->method, StunMethod::kBinding);
  EXPECT_EQ(read->kind, StunClass::kSuccess);
  EXPECT_EQ(read->transaction, kTransaction);
  EXPECT_EQ(read->mapped, mapped);
  EXPECT_FALSE(read->has_integrity);
  EXPECT_FALSE(read->IsSignedBy(AsBytes("")));
}

TEST_F(StunTest, PublishedResponse) {
  const auto read = ReadStun(vectors_["rfc5769.response4"]);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->mapped, (StunAddress{.ip = {192, 0, 2, 1}, .port = 32853}));
  EXPECT_TRUE(read->IsSignedBy(AsBytes("VOkJxbRl1RmTxUk/WvJxBt")));
  EXPECT_FALSE(read->IsSignedBy(AsBytes("VOkJxbRl1RmTxUk/WvJxBT")));
}

TEST_F(StunTest, PublishedLongTermRequest) {
  const Bytes published = vectors_["rfc5769.longterm"];
  const auto read = ReadStun(published);
  ASSERT_TRUE(read.ok());
  const Bytes username = vectors_["rfc5769.username"];
  const auto key = LongTermKey(AsText(username), "example.org", "TheMatrIX");
  EXPECT_EQ(read->realm, "example.org");
  EXPECT_TRUE(read->IsSignedBy(key));
  StunWriter writer(StunMethod::kBinding, StunClass::kRequest, read->transaction);
  writer.Text(kStunUsername, AsText(username)).Text(kStunNonce, read->nonce);
  EXPECT_EQ(ToHex(writer.Text(kStunRealm, read->realm).Sign(key).Take()), ToHex(published));
}

TEST_F(StunTest, KeyOfRestCredentials) {
  const TurnCredentials minted =
      MintTurnCredentials("north", "call-42", FromUnixSeconds(1'767'225'600));
  EXPECT_EQ(ToHex(LongTermKey(minted.username, "example.org", minted.password)),
            ToHex(vectors_["longterm.key"]));
}

TEST_F(StunTest, WhatIsWrittenIsRead) {
  StunAddress six{
      .ipv6 = true, .ip = {0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9}, .port = 5};
  StunWriter writer(StunMethod::kAllocate, StunClass::kError, kTransaction);
  writer.Address(kStunXorRelayed, six)
      .Number(kStunLifetime, 600)
      .Number(kStunErrorCode, 4 << 8 | 38);
  writer.Text(kStunRealm, "r").Text(kStunNonce, "nonce").Sign(AsBytes("key")).Fingerprint();
  const Bytes bytes = writer.Take();
  const auto read = ReadStun(bytes);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->method, StunMethod::kAllocate);
  EXPECT_EQ(read->kind, StunClass::kError);
  EXPECT_EQ(read->relayed, six);
  EXPECT_EQ(read->lifetime_seconds, 600u);
  EXPECT_EQ(read->error_code, 438);
  EXPECT_EQ(read->realm, "r");
  EXPECT_EQ(read->nonce, "nonce");
  EXPECT_TRUE(read->IsSignedBy(AsBytes("key")));
}

TEST_F(StunTest, WhatFollowsTheSignatureIsNotBelieved) {
  StunWriter writer(StunMethod::kAllocate, StunClass::kSuccess, kTransaction);
  writer.Sign(AsBytes("key")).Text(kStunRealm, "forged");
  const Bytes bytes = writer.Take();
  const auto read = ReadStun(bytes);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->realm, "");
}

struct BadRow {
  const char* what;
  std::string hex;
  StunError error;
};

TEST_F(StunTest, BadMessages) {
  const std::string id = "000102030405060708090a0b";
  const std::string head = "2112a442" + id;
  const BadRow rows[] = {
      {"nothing", "", StunError::kShort},
      {"19 bytes", "010100002112a442" + id.substr(2), StunError::kShort},
      {"not STUN's first bits", "81010000" + head, StunError::kNotStun},
      {"another cookie", "010100002112a443" + id, StunError::kNotStun},
      {"length too large", "01010004" + head, StunError::kLength},
      {"length too small", "01010000" + head + "00000000", StunError::kLength},
      {"not a multiple of four", "01010002" + head + "0000", StunError::kLength},
      {"attribute past the end", "01010004" + head + "00200008", StunError::kAttribute},
      {"address of no family", "0101000c" + head + "002000080003e112e112a648",
       StunError::kAttribute},
      {"IPv6 address of four bytes", "0101000c" + head + "002000080002e112e112a648",
       StunError::kAttribute},
      {"address without bytes", "01010004" + head + "00200000", StunError::kAttribute},
      {"lifetime of two bytes", "01010008" + head + "000d000202580000", StunError::kAttribute},
      {"error code 299", "01110008" + head + "0009000400000263", StunError::kAttribute},
      {"error code 4xx with 100", "01110008" + head + "0009000400000464", StunError::kAttribute},
      {"error without code", "01110004" + head + "00090000", StunError::kAttribute},
      {"short signature", "01010008" + head + "0008000411223344", StunError::kAttribute},
      {"wrong fingerprint", "01010008" + head + "8028000400000000", StunError::kFingerprint},
  };
  for (const BadRow& row : rows) {
    const Bytes bytes = FromHex(row.hex);
    const auto read = ReadStun(bytes);
    ASSERT_FALSE(read.ok()) << row.what;
    EXPECT_EQ(read.error(), row.error) << row.what;
  }
}

TEST_F(StunTest, NoPrefixIsAMessage) {
  const Bytes whole = vectors_["rfc5769.response4"];
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(ReadStun(ByteView(whole).first(size)).ok()) << size;
  }
}

TEST_F(StunTest, TextsHaveALimit) {
  StunWriter writer(StunMethod::kAllocate, StunClass::kError, kTransaction);
  const Bytes bytes = writer.Text(kStunRealm, std::string(764, 'x')).Take();
  EXPECT_EQ(ReadStun(bytes).error(), StunError::kAttribute);
  EXPECT_EQ(ReadStun(Bytes(1'504)).error(), StunError::kNotStun);
}

}  // namespace
}  // namespace trunkline::picker
