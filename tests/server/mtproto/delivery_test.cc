// Answers and updates on their way to the client: acknowledgements both ways, repetition, order,
// bounds.
#include <gtest/gtest.h>

#include "common/gzip.h"
#include "server/mtproto/session_limits.h"
#include "tests/server/mtproto/test_client.h"

namespace trunkline::mtproto {
namespace {

using namespace std::chrono_literals;
namespace mt = tl::mt;

class DeliveryTest : public testing::Test {
 protected:
  DeliveryTest() { client.Begin(); }

  MessageId SendQuery() {
    const TestClient::Message query = client.MakeQuery();
    client.Send(query);
    return query.id;
  }
  void Answer(MessageId query, Bytes result = Words({0xabcd, 1})) {
    world.engine.Answer(client.ref(), query, result, world.now);
  }
  bool Push(std::uint32_t number, std::size_t size = 8) {
    Bytes update = Words({0x74ae4240, number});
    SeededEntropy noise(number);  // doesn't shrink
    update.resize(std::max(size, update.size()));
    noise.Fill(ByteSpan(update).subspan(8));
    return world.engine.Push(client.ref(), update, world.now);
  }
  void AcknowledgeAll(const std::vector<Received>& received) {
    std::vector<std::int64_t> ids;
    for (const Received& message : received) ids.push_back(message.id.value());
    client.SendService(mt::MsgsAck{.msg_ids = ids});
  }

  World world;
  TestClient client{world};
};

// ---- Results ------------------------------------------------------------------------------------

TEST_F(DeliveryTest, ResultNamesItsQueryAndNeedsAcknowledgement) {
  const MessageId query = SendQuery();
  Answer(query);
  const auto received = client.TakeReceived();
  ASSERT_EQ(received.size(), 1u);  // the result is the acknowledgement
  EXPECT_FALSE(received[0].contained);
  EXPECT_EQ(received[0].link, client.link);
  EXPECT_EQ(received[0].id.value() & 3, 1);
  EXPECT_EQ(received[0].seq_no % 2, 1);
  const auto* const result = client.As<mt::RpcResult>(received[0]);
  ASSERT_NE(result, nullptr);
  EXPECT_EQ(result->req_msg_id, query.value());
  EXPECT_EQ(Bytes(result->result.begin(), result->result.end()), Words({0xabcd, 1}));
  EXPECT_GT(world.engine.stats().unacked_bytes, 0u);
  AcknowledgeAll(received);
  EXPECT_EQ(world.engine.stats().unacked_bytes, 0u);
}

TEST_F(DeliveryTest, SecondAnswerAndStrangersAreIgnored) {
  const MessageId query = SendQuery();
  Answer(query);
  EXPECT_EQ(client.TakeReceived().size(), 1u);
  Answer(query);
  Answer(MessageId(4));
  world.engine.Answer({client.key_id, SessionId(99)}, query, Words({1}), world.now);
  world.engine.Answer({AuthKeyId(99), client.session}, query, Words({1}), world.now);
  EXPECT_TRUE(client.TakeReceived().empty());
}

TEST_F(DeliveryTest, EverythingOfOneStepIsOnePacketInOrder) {
  const MessageId a = SendQuery();
  const MessageId b = SendQuery();
  Answer(b);
  Push(1);
  Answer(a);
  const auto received = client.TakeReceived();
  ASSERT_EQ(received.size(), 3u);
  EXPECT_EQ(client.As<mt::RpcResult>(received[0])->req_msg_id, b.value());
  EXPECT_EQ(received[1].constructor(), 0x74ae4240u);
  EXPECT_EQ(received[1].id.value() & 3, 3);
  EXPECT_EQ(client.As<mt::RpcResult>(received[2])->req_msg_id, a.value());
  std::int32_t seq_no = received[0].seq_no;
  for (const Received& message : received) {
    EXPECT_EQ(message.outer.msg_id, received[0].outer.msg_id);
    EXPECT_EQ(message.seq_no, seq_no);
    seq_no += 2;
  }
  EXPECT_EQ(received[0].outer.seq_no, seq_no - 1);  // even, after all of them
}

TEST_F(DeliveryTest, IdsRiseStrictlyEvenWhenTheClockStands) {
  std::int64_t last = 0;
  for (int i = 0; i < 20; ++i) {
    if (i == 10) world.now -= 1s;
    Answer(SendQuery());
    for (const Received& message : client.TakeReceived()) {
      EXPECT_GT(message.id.value(), last);
      last = message.id.value();
    }
  }
}

TEST_F(DeliveryTest, LargeResultsAndUpdatesArePacked) {
  Bytes large = Words({0xabcd});
  large.resize(5000);
  const MessageId query = SendQuery();
  Answer(query, large);
  world.engine.Push(client.ref(), large, world.now);
  const auto received = client.TakeReceived();
  ASSERT_EQ(received.size(), 2u);
  const tl::RawObject result = client.As<mt::RpcResult>(received[0])->result;
  ASSERT_EQ(LoadLittle<std::uint32_t>(result.data()), mt::GzipPacked::kId);
  ASSERT_EQ(received[1].constructor(), mt::GzipPacked::kId);
  EXPECT_LT(received[1].body.size(), 500u);
  EXPECT_EQ(received[1].body.size() % 4, 0u);
  Gzip gzip;
  Bytes plain;
  ASSERT_TRUE(gzip.Inflate(AsBytes(client.As<mt::GzipPacked>(received[1])->packed_data), plain));
  EXPECT_EQ(plain, large);
  EXPECT_EQ(Bytes(result.begin(), result.end()), received[1].body);
}

// ---- Acknowledgements to the client -------------------------------------------------------------

TEST_F(DeliveryTest, SlowQueryIsAcknowledgedAfterASecond) {
  const MessageId query = SendQuery();
  world.Advance(999ms);
  EXPECT_TRUE(client.TakeReceived().empty());
  world.Advance(1ms);
  const auto received = client.TakeReceived();
  ASSERT_EQ(received.size(), 1u);
  const auto* const ack = client.As<mt::MsgsAck>(received[0]);
  ASSERT_NE(ack, nullptr);
  ASSERT_EQ(ack->msg_ids.size(), 1u);
  EXPECT_EQ(ack->msg_ids[0], query.value());
  EXPECT_EQ(received[0].seq_no % 2, 0);
  world.Advance(10s);
  EXPECT_TRUE(client.TakeReceived().empty());
  Answer(query);
  EXPECT_EQ(client.TakeReceived().size(), 1u);
}

TEST_F(DeliveryTest, AcknowledgementTravelsWithOtherMessages) {
  const MessageId query = SendQuery();
  const auto received = client.SendService(mt::fn::Ping{});
  ASSERT_EQ(received.size(), 2u);
  const auto* const ack = client.Find<mt::MsgsAck>(received);
  ASSERT_NE(ack, nullptr);
  EXPECT_EQ(ack->msg_ids[0], query.value());
  world.Advance(5s);
  EXPECT_TRUE(client.TakeReceived().empty());
}

TEST_F(DeliveryTest, ManyWaitingAcknowledgementsDoNotWait) {
  std::vector<TestClient::Message> queries;
  for (std::size_t i = 0; i < kWaitingAcksMax; ++i) queries.push_back(client.MakeQuery());
  const auto received = client.Send(client.MakeContainer(queries));
  ASSERT_EQ(received.size(), 1u);
  EXPECT_EQ(client.As<mt::MsgsAck>(received[0])->msg_ids.size(), kWaitingAcksMax);
}

// ---- Repetition ---------------------------------------------------------------------------------

TEST_F(DeliveryTest, RepeatedQueryGetsItsAnswerAgainInAContainer) {
  const TestClient::Message query = client.MakeQuery();
  client.Send(query);
  Answer(query.id);
  const auto first = client.TakeReceived();
  ASSERT_EQ(first.size(), 1u);
  for (const bool contained : {false, true}) {
    const auto again = client.Send(contained ? client.MakeContainer({query}) : query);
    ASSERT_EQ(again.size(), 1u);
    EXPECT_TRUE(again[0].contained);
    EXPECT_EQ(again[0].id, first[0].id);
    EXPECT_EQ(again[0].body, first[0].body);
  }
  EXPECT_EQ(world.Take<Query>().size(), 1u);

  AcknowledgeAll(first);
  const auto late = client.Send(query);
  ASSERT_EQ(late.size(), 1u);
  const auto* const ack = client.As<mt::MsgsAck>(late[0]);
  ASSERT_NE(ack, nullptr);
  EXPECT_EQ(ack->msg_ids[0], query.id.value());
}

TEST_F(DeliveryTest, RepeatedRunningQueryIsAcknowledgedAndNotRunAgain) {
  const TestClient::Message query = client.MakeQuery();
  client.Send(query);
  const auto again = client.Send(query);
  ASSERT_EQ(again.size(), 1u);
  ASSERT_EQ(client.As<mt::MsgsAck>(again[0])->msg_ids.size(), 1u);
  EXPECT_EQ(world.Take<Query>().size(), 1u);
}

TEST_F(DeliveryTest, OldQueryInAContainerGetsItsStoredAnswer) {
  const TestClient::Message query = client.MakeQuery();
  client.Send(query);
  Answer(query.id);
  const auto first = client.TakeReceived();
  world.Advance(310s);
  client.TakeReceived();
  const auto again = client.Send(client.MakeContainer({query}));
  EXPECT_EQ(client.BadCode(again, query.id), 0);
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].id, first[0].id);
}

TEST_F(DeliveryTest, RecordedPacketDoesNotMoveTheSession) {
  const TestClient::Message query = client.MakeQuery();
  client.Send(query);
  Answer(query.id);
  client.TakeReceived();
  client.link = LinkId(66);  // whoever replays it
  const auto again = client.Send(query);
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].link, LinkId(66));
  Push(1);
  const auto pushed = client.TakeReceived();
  ASSERT_EQ(pushed.size(), 1u);
  EXPECT_EQ(pushed[0].link, LinkId(1));
}

TEST_F(DeliveryTest, UnacknowledgedIsSentAgainAfterAWhileAndNotAfterTenMinutes) {
  Push(1);
  const auto first = client.TakeReceived();
  ASSERT_EQ(first.size(), 1u);
  world.Advance(44s);
  EXPECT_TRUE(client.TakeReceived().empty());
  world.Advance(1s);
  const auto again = client.TakeReceived();
  ASSERT_EQ(again.size(), 1u);
  EXPECT_TRUE(again[0].contained);
  EXPECT_EQ(again[0].id, first[0].id);
  EXPECT_EQ(again[0].body, first[0].body);
  world.Advance(557s);  // 602 since it was made
  client.TakeReceived();
  world.Advance(100s);
  for (const Received& message : client.TakeReceived()) EXPECT_NE(message.id, first[0].id);
}

TEST_F(DeliveryTest, ExpiredUpdateIsReplacedByTooLong) {
  Push(1);
  client.TakeReceived();
  world.Advance(602s);
  const auto received = client.TakeReceived();
  ASSERT_FALSE(received.empty());
  EXPECT_EQ(received.back().constructor(), kUpdatesTooLongId);
}

// ---- Links --------------------------------------------------------------------------------------

TEST_F(DeliveryTest, NewLinkGetsWhatWasNotAcknowledged) {
  Push(1);
  const auto first = client.TakeReceived();
  world.engine.LinkClosed(client.link, world.now);
  Push(2);
  EXPECT_TRUE(client.TakeReceived().empty());
  client.link = LinkId(2);
  world.now += 5s;
  const auto received = client.SendService(mt::fn::Ping{});
  ASSERT_EQ(received.size(), 3u);
  EXPECT_EQ(received[0].id, first.at(0).id);
  EXPECT_TRUE(received[0].contained);
  EXPECT_EQ(received[1].body, Words({0x74ae4240, 2}));
  EXPECT_NE(client.As<mt::Pong>(received[2]), nullptr);
  for (const Received& message : received) EXPECT_EQ(message.link, LinkId(2));
  EXPECT_EQ(client.Find<mt::NewSessionCreated>(received), nullptr);
}

TEST_F(DeliveryTest, SilentlyDeadLinkIsReplacedToo) {
  Push(1);
  const auto first = client.TakeReceived();
  client.link = LinkId(2);  // the old one was never closed
  const auto received = client.SendService(mt::fn::Ping{});
  ASSERT_EQ(received.size(), 2u);
  EXPECT_EQ(received[0].id, first.at(0).id);
}

TEST_F(DeliveryTest, TwoLinksInTurnsRepeatNothing) {
  client.link = LinkId(2);
  client.SendService(mt::fn::Ping{});
  Push(1);
  EXPECT_EQ(client.TakeReceived().at(0).link, LinkId(2));
  for (int i = 0; i < 4; ++i) {
    client.link = LinkId(i % 2 == 0 ? 1 : 2);
    EXPECT_EQ(client.SendService(mt::fn::Ping{}).size(), 1u);
  }
}

TEST_F(DeliveryTest, ClosedLinkFallsBackToTheOtherOpenOne) {
  client.link = LinkId(2);
  client.SendService(mt::fn::Ping{});
  Push(1);
  const auto first = client.TakeReceived();
  world.engine.LinkClosed(LinkId(2), world.now);
  const auto again = client.TakeReceived();
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].id, first.at(0).id);
  EXPECT_EQ(again[0].link, LinkId(1));
}

TEST_F(DeliveryTest, SessionIsAwayWithoutALinkAndBackWithOne) {
  world.engine.LinkClosed(client.link, world.now);
  const auto away = world.Take<SessionAway>();
  ASSERT_EQ(away.size(), 1u);
  EXPECT_EQ(away[0].session, client.ref());
  client.link = LinkId(2);
  client.SendService(mt::fn::Ping{});
  const auto back = world.Take<SessionBack>();
  ASSERT_EQ(back.size(), 1u);
  EXPECT_EQ(back[0].session, client.ref());
  client.SendService(mt::fn::Ping{});
  EXPECT_TRUE(world.Take<SessionBack>().empty());
}

TEST_F(DeliveryTest, NewSessionOfTheKeyInheritsUpdatesOfOneThatIsAway) {
  Push(1);
  client.TakeReceived();
  world.engine.LinkClosed(client.link, world.now);
  Push(2);
  TestClient heir(client, SessionId(77), LinkId(2));
  const auto received = heir.SendService(mt::fn::Ping{});
  std::vector<Bytes> updates;
  for (const Received& message : received) {
    if (message.body.size() == 8) updates.push_back(message.body);
  }
  EXPECT_EQ(updates, (std::vector<Bytes>{Words({0x74ae4240, 1}), Words({0x74ae4240, 2})}));
  // They have one owner: the old session has nothing left to repeat.
  client.link = LinkId(3);
  const auto old = client.SendService(mt::fn::Ping{});
  ASSERT_EQ(old.size(), 1u);
  EXPECT_NE(client.As<mt::Pong>(old[0]), nullptr);
}

TEST_F(DeliveryTest, NewSessionTakesNothingFromOneThatIsThere) {
  Push(1);
  client.TakeReceived();
  TestClient second(client, SessionId(77), LinkId(2));
  for (const Received& message : second.SendService(mt::fn::Ping{})) {
    EXPECT_NE(message.body, Words({0x74ae4240, 1}));
  }
}

TEST_F(DeliveryTest, SessionWithoutLinkLivesFifteenMinutes) {
  world.engine.LinkClosed(client.link, world.now);
  world.Advance(899s);
  EXPECT_TRUE(world.Take<SessionEnded>().empty());
  world.Advance(1s);
  const auto ended = world.Take<SessionEnded>();
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].session, client.ref());
  EXPECT_FALSE(Push(1));
  EXPECT_EQ(world.engine.stats().sessions, 0u);
  EXPECT_FALSE(world.engine.NextDeadline().has_value());
}

TEST_F(DeliveryTest, IdleSessionHasNoDeadline) {
  Answer(SendQuery());
  AcknowledgeAll(client.TakeReceived());
  world.Advance(900s);
  EXPECT_FALSE(world.engine.NextDeadline().has_value());
  EXPECT_EQ(world.engine.stats().sessions, 1u);
}

TEST_F(DeliveryTest, OuterIdIsOfTheMomentEvenIfTheMessageHasWaited) {
  world.engine.LinkClosed(client.link, world.now);
  Push(1);
  world.now += 400s;  // a client drops packets with an older id than 300 s
  client.link = LinkId(2);
  const auto received = client.SendService(mt::MsgsAck{});
  ASSERT_EQ(received.size(), 1u);
  EXPECT_TRUE(received[0].contained);
  EXPECT_EQ(received[0].outer.msg_id.value() >> 32, UnixSeconds(world.now));
}

// ---- Bounds -------------------------------------------------------------------------------------

TEST_F(DeliveryTest, OverflowDropsTheOldestUpdatesAndTellsTooLong) {
  const MessageId query = SendQuery();
  Answer(query);
  auto received = client.TakeReceived();
  ASSERT_EQ(received.size(), 1u);
  const Received result = received[0];
  for (std::uint32_t i = 0; i < 400; ++i) {
    EXPECT_TRUE(Push(i, 1000));
    EXPECT_LE(world.engine.stats().unacked_bytes, kUnackedBytesMax);
  }
  received = client.TakeReceived();
  EXPECT_LT(received.size(), 270u);
  EXPECT_GT(received.size(), 230u);
  EXPECT_EQ(LoadLittle<std::uint32_t>(received.back().body.data() + 4),
            399u);  // the newest are kept

  // The result wasn't dropped for updates.
  const std::vector<std::int64_t> ids = {result.id.value()};
  EXPECT_EQ(client.SendService(mt::MsgResendReq{.msg_ids = ids}).at(0).id, result.id);

  std::vector<std::int64_t> all = {received[0].id.value()};
  EXPECT_TRUE(client.SendService(mt::MsgsAck{.msg_ids = all}).empty());  // too little room yet
  for (const Received& message : received) all.push_back(message.id.value());
  const auto after = client.SendService(mt::MsgsAck{.msg_ids = all});
  ASSERT_EQ(after.size(), 1u);
  EXPECT_EQ(after[0].constructor(), kUpdatesTooLongId);
  EXPECT_EQ(after[0].seq_no % 2, 1);
  AcknowledgeAll(after);
  EXPECT_TRUE(client.SendService(mt::MsgsAck{}).empty());  // told once
}

TEST_F(DeliveryTest, ResultsArePreferredToUpdatesAndBoundedThemselves) {
  std::vector<MessageId> queries;
  for (int i = 0; i < 100; ++i) queries.push_back(SendQuery());
  Bytes result(4000);
  world.entropy.Fill(result);
  for (const MessageId query : queries) Answer(query, result);
  EXPECT_LE(world.engine.stats().unacked_bytes, kUnackedBytesMax);
  EXPECT_FALSE(Push(1, 8000));
  client.TakeReceived();
  Bytes huge(2 * kUnackedBytesMax);
  world.entropy.Fill(huge);
  const MessageId query = SendQuery();
  Answer(query, huge);  // alone it may be larger than the bound
  const auto received = client.TakeReceived();
  ASSERT_EQ(received.size(), 1u);
  EXPECT_EQ(client.As<mt::RpcResult>(received[0])->req_msg_id, query.value());
}

}  // namespace
}  // namespace trunkline::mtproto
