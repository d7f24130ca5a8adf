// Each service message and its answer.
#include <gtest/gtest.h>

#include "common/gzip.h"
#include "server/mtproto/salts.h"
#include "server/mtproto/session_limits.h"
#include "tests/server/mtproto/test_client.h"

namespace trunkline::mtproto {
namespace {

using namespace std::chrono_literals;
namespace mt = tl::mt;

class ServiceTest : public testing::Test {
 protected:
  ServiceTest() { client.Begin(); }

  // The constructor inside an rpc_result.
  template <class T>
  const T* ResultAs(const std::vector<Received>& received, MessageId query) {
    for (const Received& message : received) {
      const auto* const result = client.As<mt::RpcResult>(message);
      if (result == nullptr || result->req_msg_id != query.value()) continue;
      tl::Reader reader(result->result, &arena_);
      mt::AnyObject object;
      if (mt::ReadObject(reader, object)) return object.As<T>();
    }
    return nullptr;
  }

  World world;
  TestClient client{world};

 private:
  tl::Arena arena_;
};

TEST_F(ServiceTest, PingIsAnsweredAtOnceAndBare) {
  const TestClient::Message ping = client.Make(Serialized(mt::fn::Ping{.ping_id = 123}), false);
  const auto received = client.Send(ping);
  ASSERT_EQ(received.size(), 1u);
  const auto* const pong = client.As<mt::Pong>(received[0]);
  ASSERT_NE(pong, nullptr);
  EXPECT_EQ(pong->msg_id, ping.id.value());
  EXPECT_EQ(pong->ping_id, 123);
  EXPECT_EQ(received[0].id.value() & 3, 1);
  EXPECT_EQ(received[0].seq_no % 2, 0);
  EXPECT_FALSE(received[0].contained);
}

TEST_F(ServiceTest, DisconnectDelayClosesTheLinkUnlessRenewed) {
  client.SendService(mt::fn::PingDelayDisconnect{.ping_id = 1, .disconnect_delay = 10});
  world.Advance(9s);
  client.SendService(mt::fn::PingDelayDisconnect{.ping_id = 2, .disconnect_delay = 10});
  client.SendService(mt::fn::Ping{.ping_id = 3});  // doesn't count
  world.Advance(9s);
  EXPECT_TRUE(world.Take<CloseLink>().empty());
  world.Advance(1s);
  const auto closed = world.Take<CloseLink>();
  ASSERT_EQ(closed.size(), 1u);
  EXPECT_EQ(closed[0].link, client.link);
}

TEST_F(ServiceTest, DisconnectDelayIsAtMostTenMinutesAndNeverWithoutAsking) {
  client.SendService(mt::fn::PingDelayDisconnect{.ping_id = 1, .disconnect_delay = 60000});
  world.Advance(599s);
  EXPECT_TRUE(world.Take<CloseLink>().empty());
  world.Advance(1s);
  EXPECT_EQ(world.Take<CloseLink>().size(), 1u);

  for (const std::int32_t none : {0, -1}) {
    TestClient other(client, SessionId(50 + none), LinkId(static_cast<std::uint64_t>(10 - none)));
    world.now += 1ms;
    EXPECT_NE(other.Find<mt::Pong>(other.SendService(
                  mt::fn::PingDelayDisconnect{.ping_id = 1, .disconnect_delay = none})),
              nullptr);
  }
  world.Advance(700s);
  EXPECT_TRUE(world.Take<CloseLink>().empty());
}

TEST_F(ServiceTest, FutureSaltsFollowOneAnother) {
  const TestClient::Message ask = client.Make(Serialized(mt::fn::GetFutureSalts{.num = 3}), true);
  const auto received = client.Send(ask);
  ASSERT_EQ(received.size(), 1u);
  // future_salts, req_msg_id, now, bare vector of bare future_salt
  EXPECT_EQ(received[0].body.size(), 4u + 8 + 4 + 4 + 3 * 16);
  const auto* const salts = client.As<mt::FutureSalts>(received[0]);
  ASSERT_NE(salts, nullptr);
  EXPECT_EQ(salts->req_msg_id, ask.id.value());
  EXPECT_EQ(salts->now, UnixDate(world.now));
  ASSERT_EQ(salts->salts.size(), 3u);
  EXPECT_LE(salts->salts[0].valid_since, salts->now);
  EXPECT_GT(salts->salts[0].valid_since + 1800, salts->now);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(salts->salts[i].valid_since,
              salts->salts[0].valid_since + 1800 * static_cast<int>(i));
    EXPECT_EQ(salts->salts[i].valid_until, salts->salts[i].valid_since + 3600);
  }
  const std::int64_t second = salts->salts[1].salt;
  world.Advance(1800s);
  client.salt = second;
  EXPECT_NE(client.Find<mt::Pong>(client.SendService(mt::fn::Ping{})), nullptr);
}

TEST_F(ServiceTest, FutureSaltsAreBounded) {
  for (const auto& [asked, given] :
       std::vector<std::pair<int, std::size_t>>{{64, 64}, {65, 64}, {0, 1}, {-5, 1}}) {
    const auto received = client.SendService(mt::fn::GetFutureSalts{.num = asked});
    const auto* const salts = client.Find<mt::FutureSalts>(received);
    ASSERT_NE(salts, nullptr);
    EXPECT_EQ(salts->salts.size(), given) << asked;
  }
}

TEST_F(ServiceTest, StatesOfMessages) {
  const TestClient::Message running = client.MakeQuery();
  const TestClient::Message answered = client.MakeQuery();
  const TestClient::Message never_sent = client.MakeQuery();
  const TestClient::Message ping = client.Make(Serialized(mt::fn::Ping{}), false);
  client.Send(running);
  client.Send(answered);
  client.Send(ping);
  world.engine.Answer(client.ref(), answered.id, Words({1}), world.now);
  const std::vector<std::int64_t> ids = {running.id.value(),
                                         answered.id.value(),
                                         never_sent.id.value(),
                                         ping.id.value(),
                                         MessageIdAt(world.now - 1h).value(),
                                         MessageIdAt(world.now + 1h).value()};
  const TestClient::Message ask = client.Make(Serialized(mt::MsgsStateReq{.msg_ids = ids}), false);
  const auto received = client.Send(ask);
  const auto* const info = client.Find<mt::MsgsStateInfo>(received);
  ASSERT_NE(info, nullptr);
  EXPECT_EQ(info->req_msg_id, ask.id.value());
  const std::string expected = {4 | 8 | 32, 4 | 8 | 32 | 64, 2, 4 | 8 | 16, 1, 3};
  EXPECT_EQ(info->info, expected);
}

TEST_F(ServiceTest, ResendRequestRepeatsInANewContainer) {
  const TestClient::Message query = client.MakeQuery();
  client.Send(query);
  world.engine.Answer(client.ref(), query.id, Words({0xabcd}), world.now);
  const auto first = client.TakeReceived();
  ASSERT_EQ(first.size(), 1u);
  EXPECT_FALSE(first[0].contained);

  const std::vector<std::int64_t> ids = {first[0].id.value()};
  const auto again = client.SendService(mt::MsgResendReq{.msg_ids = ids});
  ASSERT_EQ(again.size(), 1u);
  EXPECT_TRUE(again[0].contained);
  EXPECT_EQ(again[0].id, first[0].id);
  EXPECT_EQ(again[0].seq_no, first[0].seq_no);
  EXPECT_EQ(again[0].body, first[0].body);
  EXPECT_GT(again[0].outer.msg_id, first[0].outer.msg_id);
}

TEST_F(ServiceTest, ResendRequestForUnknownMessagesIsAnsweredWithTheirState) {
  const std::vector<std::int64_t> ids = {MessageIdAt(world.now).value() | 1};
  const auto received = client.SendService(mt::MsgResendReq{.msg_ids = ids});
  const auto* const info = client.Find<mt::MsgsStateInfo>(received);
  ASSERT_NE(info, nullptr);
  EXPECT_EQ(info->info, std::string_view("\x01"));
}

TEST_F(ServiceTest, AnswersCanBeAskedForByQuery) {
  const TestClient::Message query = client.MakeQuery();
  client.Send(query);
  world.engine.Answer(client.ref(), query.id, Words({0xabcd}), world.now);
  const auto first = client.TakeReceived();
  const std::vector<std::int64_t> ids = {query.id.value()};
  const auto again = client.SendService(mt::MsgResendAnsReq{.msg_ids = ids});
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].id, first.at(0).id);
  EXPECT_EQ(client.Find<mt::MsgsStateInfo>(again), nullptr);
}

// ---- rpc_drop_answer ----------------------------------------------------------------------------

TEST_F(ServiceTest, DropOfARunningQuerySuppressesItsAnswer) {
  const TestClient::Message query = client.MakeQuery();
  client.Send(query);
  const TestClient::Message drop =
      client.Make(Serialized(mt::fn::RpcDropAnswer{.req_msg_id = query.id.value()}), true);
  EXPECT_NE(ResultAs<mt::RpcAnswerDroppedRunning>(client.Send(drop), drop.id), nullptr);
  const auto dropped = world.Take<QueryDropped>();
  ASSERT_EQ(dropped.size(), 1u);
  EXPECT_EQ(dropped[0].msg_id, query.id);
  EXPECT_EQ(dropped[0].session, client.ref());
  world.engine.Answer(client.ref(), query.id, Words({1}), world.now);
  EXPECT_TRUE(client.TakeReceived().empty());
}

TEST_F(ServiceTest, DropOfAnAnswerThatExists) {
  const TestClient::Message query = client.MakeQuery();
  client.Send(query);
  world.engine.Answer(client.ref(), query.id, Words({1, 2}), world.now);
  const auto answer = client.TakeReceived();
  ASSERT_EQ(answer.size(), 1u);
  const TestClient::Message drop =
      client.Make(Serialized(mt::fn::RpcDropAnswer{.req_msg_id = query.id.value()}), true);
  const auto* const dropped = ResultAs<mt::RpcAnswerDropped>(client.Send(drop), drop.id);
  ASSERT_NE(dropped, nullptr);
  EXPECT_EQ(dropped->msg_id, answer[0].id.value());
  EXPECT_EQ(dropped->seq_no, answer[0].seq_no);
  EXPECT_EQ(dropped->bytes, static_cast<std::int32_t>(answer[0].body.size()));
  EXPECT_TRUE(world.Take<QueryDropped>().empty());

  const TestClient::Message again =
      client.Make(Serialized(mt::fn::RpcDropAnswer{.req_msg_id = query.id.value()}), true);
  EXPECT_NE(ResultAs<mt::RpcAnswerUnknown>(client.Send(again), again.id), nullptr);
}

// ---- Sessions and keys --------------------------------------------------------------------------

TEST_F(ServiceTest, DestroySessionEndsAnotherOne) {
  TestClient other(client, SessionId(5), LinkId(2));
  other.Begin();
  EXPECT_NE(client.Find<mt::DestroySessionOk>(
                client.SendService(mt::fn::DestroySession{.session_id = 5}, true)),
            nullptr);
  const auto ended = world.Take<SessionEnded>();
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].session, other.ref());
  EXPECT_NE(client.Find<mt::DestroySessionNone>(
                client.SendService(mt::fn::DestroySession{.session_id = 5})),
            nullptr);
  EXPECT_NE(client.Find<mt::DestroySessionNone>(
                client.SendService(mt::fn::DestroySession{.session_id = client.session.value()})),
            nullptr);
  EXPECT_EQ(world.engine.stats().sessions, 1u);
}

TEST_F(ServiceTest, DestroyedKeyIsAnsweredBareAndThenUnknown) {
  const TestClient::Message ask = client.Make(Serialized(mt::fn::DestroyAuthKey{}), true);
  EXPECT_TRUE(client.Send(ask).empty());
  const auto destroy = world.Take<DestroyKey>();
  ASSERT_EQ(destroy.size(), 1u);
  EXPECT_EQ(destroy[0].msg_id, ask.id);
  EXPECT_TRUE(world.engine.HasKey(client.key_id));
  world.engine.KeyDestroyed(destroy[0].session, destroy[0].msg_id, true, world.now);
  world.engine.ForgetKey(client.key_id, world.now);
  EXPECT_NE(client.Find<mt::DestroyAuthKeyOk>(client.TakeReceived()), nullptr);
  EXPECT_EQ(world.Take<SessionEnded>().size(), 1u);
  client.SendService(mt::fn::Ping{});
  const auto errors = world.Take<SendTransportError>();
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0].code, -404);
  EXPECT_EQ(world.engine.stats().keys, 0u);
}

TEST_F(ServiceTest, KeyThatWasNotThereIsAnsweredNone) {
  client.SendService(mt::fn::DestroyAuthKey{}, true);
  world.engine.KeyDestroyed(client.ref(), MessageId(1), false, world.now);
  EXPECT_NE(client.Find<mt::DestroyAuthKeyNone>(client.TakeReceived()), nullptr);
}

// ---- What needs no answer, copies, packed messages ----------------------------------------------

TEST_F(ServiceTest, SomeMessagesAreTakenInSilence) {
  EXPECT_TRUE(
      client.SendService(mt::HttpWait{.max_delay = 1, .wait_after = 2, .max_wait = 3}).empty());
  EXPECT_TRUE(client.SendService(mt::MsgsStateInfo{.req_msg_id = 1, .info = "x"}).empty());
  EXPECT_TRUE(client.SendService(mt::MsgsAck{}).empty());
  EXPECT_TRUE(world.Take<Query>().empty());
}

TEST_F(ServiceTest, CopyIsUnwrappedOnce) {
  const TestClient::Message inner = client.MakeQuery();
  const mt::Message original{.msg_id = inner.id.value(),
                             .seqno = inner.seq_no,
                             .bytes = static_cast<std::int32_t>(inner.body.size()),
                             .body = inner.body};
  const Bytes copy = Serialized(mt::MsgCopy{.orig_message = &original});
  client.Send(client.Make(copy, false));
  const auto queries = world.Take<Query>();
  ASSERT_EQ(queries.size(), 1u);
  EXPECT_EQ(queries[0].msg_id, inner.id);

  const TestClient::Message second = client.MakeQuery();
  const mt::Message deeper{.msg_id = second.id.value(),
                           .seqno = second.seq_no,
                           .bytes = static_cast<std::int32_t>(copy.size()),
                           .body = copy};
  client.Send(client.Make(Serialized(mt::MsgCopy{.orig_message = &deeper}), false));
  EXPECT_TRUE(world.Take<Query>().empty());
}

TEST_F(ServiceTest, PackedQueryArrivesUnpacked) {
  Gzip gzip;
  Bytes plain = Words({kGetConfig});
  plain.resize(2000);
  Bytes packed;
  ASSERT_TRUE(gzip.Deflate(plain, packed));
  const Bytes body = Serialized(mt::GzipPacked{.packed_data = AsText(packed)});
  client.Send(client.Make(body, true));
  client.Send(client.MakeContainer({client.Make(body, true)}));
  const auto queries = world.Take<Query>();
  ASSERT_EQ(queries.size(), 2u);
  EXPECT_EQ(queries[0].body, plain);
  EXPECT_EQ(queries[1].body, plain);
}

TEST_F(ServiceTest, PackedTwiceOrBrokenIsAnError) {
  Gzip gzip;
  Bytes plain = Words({kGetConfig});
  plain.resize(4000);
  Bytes packed;
  ASSERT_TRUE(gzip.Deflate(plain, packed));
  const Bytes once = Serialized(mt::GzipPacked{.packed_data = AsText(packed)});
  Bytes padded = once;
  padded.resize(3000);  // compressible, so that Deflate does it
  ASSERT_TRUE(gzip.Deflate(padded, packed));
  const Bytes twice = Serialized(mt::GzipPacked{.packed_data = AsText(packed)});
  const Bytes junk = Serialized(mt::GzipPacked{.packed_data = "junk"});
  for (const Bytes& body : {twice, junk}) {
    const TestClient::Message message = client.Make(body, true);
    const auto received = client.Send(message);
    const auto* const error = ResultAs<mt::RpcError>(received, message.id);
    ASSERT_NE(error, nullptr);
    EXPECT_EQ(error->error_code, 400);
    EXPECT_EQ(error->error_message, "INPUT_FETCH_ERROR");
  }
  EXPECT_TRUE(world.Take<Query>().empty());
}

TEST_F(ServiceTest, PackedMessagesOfOnePacketShareTheBound) {
  Gzip gzip;
  Bytes plain(kInflatedBytesMax / 8);
  for (std::size_t at = 0; at < plain.size(); at += 64) {
    StoreLittle(plain.data() + at, at * 0x9e3779b97f4a7c15u);
  }
  Bytes packed;
  ASSERT_TRUE(gzip.Deflate(plain, packed));
  const Bytes body = Serialized(mt::GzipPacked{.packed_data = AsText(packed)});
  std::vector<TestClient::Message> messages;
  for (int i = 0; i < 10; ++i) messages.push_back(client.Make(body, true));
  client.Send(client.MakeContainer(messages));
  EXPECT_EQ(world.Take<Query>().size(), 8u);
}

TEST_F(ServiceTest, PackedContainerIsRefused) {
  Gzip gzip;
  Bytes container = client.MakeContainer({client.MakeQuery()}).body;
  container.resize(2000);
  Bytes packed;
  ASSERT_TRUE(gzip.Deflate(container, packed));
  const TestClient::Message message =
      client.Make(Serialized(mt::GzipPacked{.packed_data = AsText(packed)}), true);
  EXPECT_EQ(client.BadCode(client.Send(message), message.id), 64);
}

}  // namespace
}  // namespace trunkline::mtproto
