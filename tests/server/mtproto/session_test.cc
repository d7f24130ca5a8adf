// What the engine accepts from a client, what it refuses and with which code, and how a session
// begins.
#include <gtest/gtest.h>

#include "server/mtproto/salts.h"
#include "server/mtproto/session_limits.h"
#include "tests/server/mtproto/test_client.h"

namespace trunkline::mtproto {
namespace {

using namespace std::chrono_literals;
namespace mt = tl::mt;

class SessionTest : public testing::Test {
 protected:
  std::int64_t CurrentSalt() const {
    return SaltOf(World::Secret(), client.key_id, SaltPeriodOf(world.now));
  }

  World world;
  TestClient client{world};
};

// ---- Message ids and sequence numbers -----------------------------------------------------------

TEST_F(SessionTest, RefusesIdsThatAreNotOfAClient) {
  for (const std::int64_t low : {1, 2, 3}) {
    TestClient::Message message = client.MakeQuery();
    message.id = MessageId(message.id.value() | low);
    EXPECT_EQ(client.BadCode(client.Send(message), message.id), 18);
  }
  EXPECT_TRUE(world.Take<Query>().empty());
  EXPECT_EQ(world.engine.stats().sessions, 0u);
}

TEST_F(SessionTest, RefusesIdsByTime) {
  struct Case {
    Duration offset;
    std::int32_t code;
  };
  for (const Case& c : {Case{-301s, 16}, Case{-299s, 0}, Case{29s, 0}, Case{31s, 17}}) {
    TestClient::Message message = client.MakeQuery();
    message.id = MessageIdAt(world.now + c.offset);
    EXPECT_EQ(client.BadCode(client.Send(message), message.id), c.code) << c.offset.count();
    EXPECT_EQ(world.Take<Query>().size(), c.code == 0 ? 1u : 0u);
  }
}

TEST_F(SessionTest, NotificationNamesSequenceNumberAndCarriesServerTime) {
  TestClient::Message message = client.MakeQuery();
  message.id = MessageIdAt(world.now - 1h);
  message.seq_no = 77;
  const auto received = client.Send(message);
  ASSERT_EQ(received.size(), 1u);
  EXPECT_EQ(client.As<mt::BadMsgNotification>(received[0])->bad_msg_seqno, 77);
  EXPECT_EQ(received[0].id.value() >> 32, UnixSeconds(world.now));
  EXPECT_EQ(received[0].id.value() & 3, 1);
  EXPECT_EQ(received[0].seq_no % 2, 0);
}

TEST_F(SessionTest, RefusesParityOnlyWhereItIsBeyondDoubt) {
  client.Begin();
  TestClient::Message query = client.MakeQuery();
  query.seq_no = 2;
  EXPECT_EQ(client.BadCode(client.Send(query), query.id), 35);
  EXPECT_TRUE(world.Take<Query>().empty());
  query.seq_no = 3;  // was not processed, so the same id may come again
  client.Send(query);
  EXPECT_EQ(world.Take<Query>().size(), 1u);

  TestClient::Message ack = client.Make(Serialized(mt::MsgsAck{}), false);
  ack.seq_no = 1;
  EXPECT_EQ(client.BadCode(client.Send(ack), ack.id), 34);
  TestClient::Message container = client.MakeContainer({client.MakeQuery()});
  container.seq_no = 1;
  EXPECT_EQ(client.BadCode(client.Send(container), container.id), 34);
  for (const bool odd : {false, true}) {
    EXPECT_NE(client.Find<mt::Pong>(client.SendService(mt::fn::Ping{.ping_id = 5}, odd)), nullptr);
  }
}

// ---- Salts --------------------------------------------------------------------------------------

TEST_F(SessionTest, WrongSaltIsToldTheRightOneAndNothingIsExecuted) {
  client.salt = 0;
  const TestClient::Message query = client.MakeQuery();
  const auto received = client.Send(query);
  ASSERT_EQ(received.size(), 1u);
  const auto* const bad = client.As<mt::BadServerSalt>(received[0]);
  ASSERT_NE(bad, nullptr);
  EXPECT_EQ(bad->bad_msg_id, query.id.value());
  EXPECT_EQ(bad->bad_msg_seqno, query.seq_no);
  EXPECT_EQ(bad->error_code, 48);
  EXPECT_EQ(bad->new_server_salt, CurrentSalt());
  EXPECT_EQ(world.engine.stats().sessions, 0u);
  EXPECT_TRUE(world.Take<Query>().empty());

  client.salt = bad->new_server_salt;
  client.Send(client.MakeQuery());
  EXPECT_EQ(world.Take<Query>().size(), 1u);
}

TEST_F(SessionTest, SaltIsGoodForItsHalfHourAndTheNext) {
  client.salt = CurrentSalt();
  const Duration rest =
      std::chrono::seconds(kSaltPeriodSeconds - UnixSeconds(world.now) % kSaltPeriodSeconds);
  client.Begin();
  world.Advance(rest + std::chrono::seconds(kSaltPeriodSeconds) - 1s);
  EXPECT_NE(client.Find<mt::Pong>(client.SendService(mt::fn::Ping{})), nullptr);
  world.Advance(1s);
  EXPECT_NE(client.Find<mt::BadServerSalt>(client.SendService(mt::fn::Ping{})), nullptr);
}

TEST_F(SessionTest, FirstSaltIsGoodForAnHour) {
  client.salt = 4711;
  world.Advance(3599s);
  EXPECT_NE(client.Find<mt::Pong>(client.SendService(mt::fn::Ping{})), nullptr);
  world.Advance(1s);
  EXPECT_NE(client.Find<mt::BadServerSalt>(client.SendService(mt::fn::Ping{})), nullptr);
}

TEST_F(SessionTest, PacketsCarryTheCurrentSaltAndTheSession) {
  const auto received = client.SendService(mt::fn::Ping{});
  ASSERT_FALSE(received.empty());
  EXPECT_EQ(received[0].outer.salt, CurrentSalt());
  EXPECT_EQ(received[0].outer.session, client.session);
}

// ---- Beginning of a session ---------------------------------------------------------------------

TEST_F(SessionTest, NewSessionNamesTheLowestIdOfItsFirstPacket) {
  const TestClient::Message ping = client.Make(Serialized(mt::fn::Ping{.ping_id = 3}), false);
  const TestClient::Message query = client.MakeQuery();
  const auto received = client.Send(client.MakeContainer({query, ping}));
  const auto* const created = client.Find<mt::NewSessionCreated>(received);
  ASSERT_NE(created, nullptr);
  EXPECT_EQ(created->first_msg_id, ping.id.value());
  EXPECT_EQ(created->server_salt, CurrentSalt());
  ASSERT_EQ(received.size(), 3u);  // with the pong and the acknowledgement, in one packet
  EXPECT_EQ(client.As<mt::NewSessionCreated>(received[0])->first_msg_id, ping.id.value());
  EXPECT_EQ(received[0].id.value() & 3, 3);
  EXPECT_EQ(received[0].seq_no % 2, 1);
  EXPECT_EQ(received[0].outer.msg_id, received[2].outer.msg_id);
  EXPECT_EQ(client.Find<mt::NewSessionCreated>(client.SendService(mt::fn::Ping{})), nullptr);
}

TEST_F(SessionTest, EachSessionHasItsOwnNotice) {
  const auto first = client.SendService(mt::fn::Ping{});
  TestClient other(client, SessionId(5), LinkId(1));
  world.now += 1ms;
  const auto second = other.SendService(mt::fn::Ping{});
  ASSERT_NE(client.Find<mt::NewSessionCreated>(first), nullptr);
  const std::int64_t unique = client.Find<mt::NewSessionCreated>(first)->unique_id;
  ASSERT_NE(other.Find<mt::NewSessionCreated>(second), nullptr);
  EXPECT_NE(other.Find<mt::NewSessionCreated>(second)->unique_id, unique);
  EXPECT_EQ(world.engine.stats().sessions, 2u);
}

TEST_F(SessionTest, OldestSessionOfAKeyMakesRoom) {
  client.Begin();
  for (std::size_t i = 1; i <= kSessionsPerKeyMax; ++i) {
    TestClient other(client, SessionId(static_cast<std::int64_t>(100 + i)), LinkId(1));
    world.now += 1ms;
    other.SendService(mt::fn::Ping{});
  }
  const auto ended = world.Take<SessionEnded>();
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].session, client.ref());
  EXPECT_EQ(world.engine.stats().sessions, kSessionsPerKeyMax);
}

// ---- Containers ---------------------------------------------------------------------------------

TEST_F(SessionTest, ContainerCarriesQueriesAndServiceMessages) {
  client.Begin();
  const TestClient::Message a = client.MakeQuery();
  const TestClient::Message b = client.MakeQuery();
  const TestClient::Message ping = client.Make(Serialized(mt::fn::Ping{.ping_id = 9}), false);
  EXPECT_NE(client.Find<mt::Pong>(client.Send(client.MakeContainer({a, ping, b}))), nullptr);
  const auto queries = world.Take<Query>();
  ASSERT_EQ(queries.size(), 2u);
  EXPECT_EQ(queries[0].msg_id, a.id);
  EXPECT_EQ(queries[1].msg_id, b.id);
  EXPECT_EQ(queries[1].session, client.ref());
  EXPECT_EQ(queries[1].body, Words({kGetConfig}));
}

TEST_F(SessionTest, BrokenContainersAreRefusedWhole) {
  client.Begin();
  const auto broken = [&](auto change) {
    TestClient::Message container = client.MakeContainer({client.MakeQuery(), client.MakeQuery()});
    change(container);
    const std::int32_t code = client.BadCode(client.Send(container), container.id);
    EXPECT_TRUE(world.Take<Query>().empty());
    return code;
  };
  using M = TestClient::Message;
  EXPECT_EQ(broken([](M& m) { StoreLittle(m.body.data() + 4, 3); }), 64);           // one too many
  EXPECT_EQ(broken([](M& m) { StoreLittle(m.body.data() + 4, 1); }), 64);           // bytes left
  EXPECT_EQ(broken([](M& m) { StoreLittle(m.body.data() + 4, 0x7fffffff); }), 64);  // absurd count
  EXPECT_EQ(broken([](M& m) { StoreLittle(m.body.data() + 20, 2); }), 64);   // no multiple of 4
  EXPECT_EQ(broken([](M& m) { StoreLittle(m.body.data() + 20, -4); }), 64);  // negative
  EXPECT_EQ(broken([](M& m) { StoreLittle(m.body.data() + 20, 0); }), 64);   // empty
  EXPECT_EQ(broken([](M& m) { StoreLittle(m.body.data() + 24, mt::MsgContainer::kId); }),
            64);  // nested
  EXPECT_EQ(broken([](M& m) { StoreLittle(m.body.data() + 8, m.id.value() + 4); }),
            64);  // later than itself
}

TEST_F(SessionTest, WrongMessageInAContainerIsRefusedAlone) {
  client.Begin();
  TestClient::Message bad = client.MakeQuery();
  const TestClient::Message good = client.MakeQuery();
  bad.id = MessageId(bad.id.value() | 1);
  const auto received = client.Send(client.MakeContainer({bad, good}));
  EXPECT_EQ(client.BadCode(received, bad.id), 18);
  ASSERT_EQ(world.Take<Query>().size(), 1u);

  TestClient::Message old = client.MakeQuery();
  old.id = MessageIdAt(world.now - 301s);
  EXPECT_EQ(client.BadCode(client.Send(client.MakeContainer({old})), old.id), 16);
}

TEST_F(SessionTest, PacketsOfOneStepHaveRisingIds) {
  client.Begin();
  std::vector<TestClient::Message> pings;
  for (std::size_t i = 0; i < kPacketMessagesMax + 1; ++i) {
    pings.push_back(client.Make(Serialized(mt::fn::Ping{}), false));
  }
  const auto received = client.Send(client.MakeContainer(pings));
  ASSERT_EQ(received.size(), kPacketMessagesMax + 1);
  EXPECT_GT(received.back().outer.msg_id, received.front().outer.msg_id);
}

TEST_F(SessionTest, EmptyContainerIsNoFault) {
  client.Begin();
  EXPECT_TRUE(client.Send(client.MakeContainer({})).empty());
  EXPECT_TRUE(world.Take<CloseLink>().empty());
}

TEST_F(SessionTest, RepeatedContainerIsRefused) {
  client.Begin();
  const TestClient::Message container = client.MakeContainer({client.MakeQuery()});
  client.Send(container);
  EXPECT_EQ(client.BadCode(client.Send(container), container.id), 19);
  EXPECT_EQ(world.Take<Query>().size(), 1u);
}

// ---- Limits -------------------------------------------------------------------------------------

TEST_F(SessionTest, TooManyRunningQueriesAreToldToWait) {
  client.Begin();
  for (std::size_t i = 0; i < kQueriesInFlightMax; ++i) client.Send(client.MakeQuery());
  EXPECT_EQ(world.Take<Query>().size(), kQueriesInFlightMax);
  const TestClient::Message query = client.MakeQuery();
  const auto received = client.Send(query);
  EXPECT_TRUE(world.Take<Query>().empty());
  const auto* const result = client.Find<mt::RpcResult>(received);
  ASSERT_NE(result, nullptr);
  EXPECT_EQ(result->req_msg_id, query.id.value());
  tl::Arena arena;
  tl::Reader reader(result->result, &arena);
  mt::AnyObject object;
  ASSERT_TRUE(mt::ReadObject(reader, object));
  ASSERT_NE(object.As<mt::RpcError>(), nullptr);
  EXPECT_EQ(object.As<mt::RpcError>()->error_code, 420);
  EXPECT_EQ(object.As<mt::RpcError>()->error_message, "FLOOD_WAIT_3");
}

TEST_F(SessionTest, IdsBelowTheWindowAreTooOld) {
  client.Begin();
  const TestClient::Message early = client.MakeQuery();
  for (std::size_t i = 0; i < kSeenMax + 1; ++i) client.SendService(mt::fn::Ping{});
  EXPECT_EQ(client.BadCode(client.Send(early), early.id), 20);
  EXPECT_TRUE(world.Take<Query>().empty());
}

TEST_F(SessionTest, BrokenServiceMessageIsAnError) {
  client.Begin();
  const TestClient::Message cut = client.Make(Words({mt::fn::Ping::kId, 1}), false);
  EXPECT_NE(client.Find<mt::RpcResult>(client.Send(cut)), nullptr);
  const TestClient::Message longer = client.Make(Words({mt::fn::Ping::kId, 1, 2, 3}), false);
  EXPECT_NE(client.Find<mt::RpcResult>(client.Send(longer)), nullptr);
}

}  // namespace
}  // namespace trunkline::mtproto
