// MTProto's own messages: bare vectors, objects kept as bytes, and the one reader for all of them.
// The bytes of resPQ are laid out by hand.
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "tl/mt_types.h"
#include "tl/rpc_errors.h"

namespace tl {
namespace {

using Bytes = std::vector<std::uint8_t>;

template <class T>
Bytes Written(const T& value) {
  Bytes bytes;
  AppendTo(bytes, value);
  EXPECT_EQ(bytes.size(), SizeOf(value));
  return bytes;
}

TEST(ServiceTest, ResPqByteByByte) {
  const std::array<std::int64_t, 1> fingerprints = {0x0807060504030201};
  mt::ResPQ value{.pq = "12345678", .server_public_key_fingerprints = fingerprints};
  value.nonce.fill(0xaa);
  value.server_nonce.fill(0xbb);
  Bytes expected = {0x63, 0x24, 0x16, 0x05};
  expected.insert(expected.end(), 16, 0xaa);
  expected.insert(expected.end(), 16, 0xbb);
  const Bytes tail = {8,    '1',  '2', '3', '4', '5', '6', '7', '8', 0, 0, 0, 0x15, 0xc4,
                      0xb5, 0x1c, 1,   0,   0,   0,   1,   2,   3,   4, 5, 6, 7,    8};
  expected.insert(expected.end(), tail.begin(), tail.end());
  EXPECT_EQ(Written(value), expected);
  Arena arena;
  Reader reader(expected, &arena);
  const auto any = Read<mt::AnyResPQ>(reader);
  ASSERT_TRUE(reader.ExpectEnd());
  const auto* const read = any.As<mt::ResPQ>();
  ASSERT_NE(read, nullptr);
  EXPECT_EQ(read->nonce, value.nonce);
  EXPECT_EQ(read->pq, "12345678");
  EXPECT_EQ(read->server_public_key_fingerprints[0], 0x0807060504030201);
}

TEST(ServiceTest, ContainerHoldsBareMessages) {
  const Bytes ping = Written(mt::fn::Ping{.ping_id = 7});
  const Bytes ack = Written(mt::MsgsAck{});
  const std::array<mt::Message, 2> messages = {mt::Message{.msg_id = 1, .seqno = 2, .body = ping},
                                               mt::Message{.msg_id = 3, .seqno = 4, .body = ack}};
  const Bytes bytes = Written(mt::MsgContainer{.messages = messages});
  EXPECT_EQ(bytes.size(), 8 + 16 + ping.size() + 16 + ack.size()) << "no ids, no vector id";
  Arena arena;
  Reader reader(bytes, &arena);
  mt::AnyObject object;
  ASSERT_TRUE(mt::ReadObject(reader, object));
  ASSERT_TRUE(reader.ExpectEnd());
  const auto* const container = object.As<mt::MsgContainer>();
  ASSERT_NE(container, nullptr);
  ASSERT_EQ(container->messages.size(), 2u);
  EXPECT_EQ(container->messages[0].bytes, 12);
  EXPECT_EQ(container->messages[1].msg_id, 3);
  Reader inner(container->messages[0].body, &arena);
  ASSERT_TRUE(mt::ReadObject(inner, object));
  EXPECT_EQ(object.As<mt::fn::Ping>()->ping_id, 7);
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    Reader prefix(RawObject(bytes).first(cut), &arena);
    EXPECT_FALSE(mt::ReadObject(prefix, object)) << cut;
  }
}

TEST(ServiceTest, MessageLengthThatLies) {
  const Bytes ping = Written(mt::fn::Ping{.ping_id = 7});
  const std::array<mt::Message, 1> messages = {mt::Message{.body = ping}};
  const Bytes good = Written(mt::MsgContainer{.messages = messages});
  Arena arena;
  for (const std::uint8_t high : Bytes{0x7f, 0x80, 0xff}) {
    Bytes bad = good;
    bad[8 + 8 + 4 + 3] = high;
    Reader reader(bad, &arena);
    mt::AnyObject object;
    EXPECT_FALSE(mt::ReadObject(reader, object));
  }
}

TEST(ServiceTest, FutureSaltsAreBare) {
  const std::array<mt::FutureSalt, 2> salts = {mt::FutureSalt{1, 2, 3}, mt::FutureSalt{4, 5, 6}};
  const Bytes bytes = Written(mt::FutureSalts{.req_msg_id = 9, .now = 8, .salts = salts});
  EXPECT_EQ(bytes.size(), 4u + 8 + 4 + 4 + 2 * 16);
  Arena arena;
  Reader reader(bytes, &arena);
  mt::AnyObject object;
  ASSERT_TRUE(mt::ReadObject(reader, object));
  ASSERT_TRUE(reader.AtEnd());
  EXPECT_EQ(object.As<mt::FutureSalts>()->salts[1].salt, 6);
}

TEST(ServiceTest, ResultHoldsTheRest) {
  const Bytes pong = Written(mt::Pong{.msg_id = 1, .ping_id = 2});
  const Bytes bytes = Written(mt::RpcResult{.req_msg_id = 3, .result = pong});
  EXPECT_EQ(bytes.size(), 12 + pong.size());
  Arena arena;
  Reader reader(bytes, &arena);
  mt::AnyObject object;
  ASSERT_TRUE(mt::ReadObject(reader, object));
  ASSERT_TRUE(reader.AtEnd());
  const RawObject result = object.As<mt::RpcResult>()->result;
  EXPECT_EQ(Bytes(result.begin(), result.end()), pong);
}

TEST(ServiceTest, EveryIdIsReadAndNamed) {
  EXPECT_EQ(mt::NameOf(mt::fn::ReqPqMulti::kId), "req_pq_multi");
  EXPECT_EQ(mt::NameOf(mt::GzipPacked::kId), "gzip_packed");
  EXPECT_EQ(mt::NameOf(1), "");
  EXPECT_TRUE(mt::IsMethod(mt::fn::SetClientDHParams::kId));
  EXPECT_FALSE(mt::IsMethod(mt::ServerDHParamsOk::kId));
  const mt::fn::DestroyAuthKey empty;
  const Bytes bytes = Written(empty);
  EXPECT_EQ(bytes.size(), 4u);
  Arena arena;
  Reader reader(bytes, &arena);
  mt::AnyObject object;
  ASSERT_TRUE(mt::ReadObject(reader, object));
  EXPECT_EQ(object.id(), mt::fn::DestroyAuthKey::kId);
  EXPECT_EQ(arena.bytes_reserved(), 0u) << "values without fields take nothing";
}

TEST(ServiceTest, ApiIdsAreNotService) {
  const Bytes bytes = {0x6b, 0x18, 0xf9, 0xc4};  // help.getConfig
  Arena arena;
  Reader reader(bytes, &arena);
  mt::AnyObject object;
  EXPECT_FALSE(mt::ReadObject(reader, object));
  EXPECT_EQ(reader.error(), WireError::kUnknownConstructor);
  EXPECT_EQ(reader.unknown_id(), 0xc4f9186bu);
}

TEST(RpcErrorsTest, CodesAndTexts) {
  using trunkline::rpc::ErrorType;
  using trunkline::rpc::Info;
  EXPECT_EQ(Info(ErrorType::kCallPeerInvalid).code, 400);
  EXPECT_EQ(Info(ErrorType::kCallPeerInvalid).type, "CALL_PEER_INVALID");
  EXPECT_EQ(Info(ErrorType::kAuthKeyUnregistered).code, 401);
  EXPECT_EQ(Info(ErrorType::kUserIsBlocked).code, 403);
  EXPECT_EQ(Info(ErrorType::kCallProtocolCompatLayerInvalid).code, 406);
  EXPECT_EQ(Info(ErrorType::kFloodWait).code, 420);
  EXPECT_EQ(Info(ErrorType::kFloodWait).type, "FLOOD_WAIT_%d");
  EXPECT_EQ(Info(ErrorType::kCallOccupyFailed).code, 500);
  EXPECT_EQ(Info(ErrorType::kTimeout).code, -503);
}

}  // namespace
}  // namespace tl
