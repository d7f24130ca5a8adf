// The client's own session logic, without a server: what it makes of everything that a server may
// send.

#include "bench/load/client_session.h"

#include <gtest/gtest.h>

#include "tl/runtime/codec.h"

namespace trunkline::load {
namespace {

namespace mt = tl::mt;

constexpr SessionId kSession{77};

class ClientSessionTest : public testing::Test {
 protected:
  static Bytes Ping(std::int64_t id) {
    Bytes body;
    tl::AppendTo(body, mt::fn::Ping{.ping_id = id});
    return body;
  }
  // A query: any id that isn't of the message layer.
  static Bytes Query() { return FromHex("0102030405060708"); }
  template <class T>
  static Bytes Body(const T& value) {
    Bytes body;
    tl::AppendTo(body, value);
    return body;
  }
  static Bytes ResultFor(MessageId request, ByteView result) {
    return Body(mt::RpcResult{.req_msg_id = request.value(), .result = result});
  }

  OutgoingPacket Take() {
    OutgoingPacket packet;
    EXPECT_TRUE(session_.TakePacket(now_, /*acks_alone=*/false, packet));
    return packet;
  }
  bool NothingToSend() {
    OutgoingPacket packet;
    return !session_.TakePacket(now_, /*acks_alone=*/false, packet);
  }
  // Delivers a body under the next id of that kind (1: answer, 3: unasked).
  std::string_view Deliver(ByteView body, int kind, std::int32_t seq_no = 1) {
    server_id_ = (UnixSeconds(now_) << 32) + 4 * ++server_count_ + kind;
    return session_.Receive(
        {.salt = 1, .session = kSession, .msg_id = MessageId(server_id_), .seq_no = seq_no}, body,
        now_);
  }
  std::optional<SessionEvent> Event() {
    SessionEvent event;
    if (!session_.Poll(event)) return std::nullopt;
    return event;
  }
  bool IsAnswer(RequestId request, ByteView body) {
    const auto event = Event();
    const auto* answered = event ? std::get_if<Answered>(&*event) : nullptr;
    return answered != nullptr && answered->request == request &&
           AsText(answered->body) == AsText(body);
  }

  WallTime now_ = FromUnixSeconds(1'800'000'000);
  std::int64_t server_id_ = 0, server_count_ = 0;
  ClientSession session_{kSession, 5};
};

TEST_F(ClientSessionTest, NumbersMessages) {
  session_.Send(Query());
  const OutgoingPacket one = Take();
  EXPECT_EQ(one.header.salt, 5);
  EXPECT_EQ(one.header.session, kSession);
  EXPECT_EQ(one.header.msg_id.value(), std::int64_t{1'800'000'000} << 32);
  EXPECT_EQ(one.header.seq_no, 1);
  session_.Send(Ping(1));
  const OutgoingPacket two = Take();
  EXPECT_EQ(two.header.msg_id.value(), one.header.msg_id.value() + 4) << "the clock stands still";
  EXPECT_EQ(two.header.seq_no, 2) << "a ping needs no acknowledgement";
  EXPECT_TRUE(NothingToSend());
}

TEST_F(ClientSessionTest, GathersEverythingInOneContainer) {
  session_.Send(Query());
  session_.Send(Query());
  const OutgoingPacket packet = Take();
  tl::Arena arena;
  tl::Reader reader(packet.body, &arena);
  mt::AnyObject object;
  ASSERT_TRUE(mt::ReadObject(reader, object));
  const auto* container = object.As<mt::MsgContainer>();
  ASSERT_NE(container, nullptr);
  ASSERT_EQ(container->messages.size(), 2u);
  EXPECT_EQ(container->messages[0].seqno, 1);
  EXPECT_EQ(container->messages[1].seqno, 3);
  EXPECT_EQ(packet.header.seq_no, 4);
  EXPECT_GT(packet.header.msg_id.value(), container->messages[1].msg_id);
}

TEST_F(ClientSessionTest, MatchesAnswersAndAcknowledgesThem) {
  const RequestId first = session_.Send(Query());
  const MessageId first_id = Take().header.msg_id;
  const RequestId second = session_.Send(Query());
  const MessageId second_id = Take().header.msg_id;
  EXPECT_EQ(Deliver(ResultFor(second_id, FromHex("b5757299")), 1), "");
  EXPECT_EQ(Deliver(ResultFor(first_id, FromHex("379779bc")), 1), "");
  EXPECT_TRUE(IsAnswer(second, FromHex("b5757299")));
  EXPECT_TRUE(IsAnswer(first, FromHex("379779bc")));
  EXPECT_EQ(session_.unanswered(), 0u);
  EXPECT_TRUE(NothingToSend());
  OutgoingPacket acks;
  ASSERT_TRUE(session_.TakePacket(now_, /*acks_alone=*/true, acks));
  EXPECT_EQ(LoadLittle<std::uint32_t>(acks.body.data()), mt::MsgsAck::kId);
  EXPECT_EQ(LoadLittle<std::uint32_t>(acks.body.data() + 8), 2u);
  EXPECT_EQ(acks.header.seq_no % 2, 0);
}

TEST_F(ClientSessionTest, AdoptsTheSaltAndRepeatsUnderANewId) {
  const RequestId request = session_.Send(Query());
  const OutgoingPacket refused = Take();
  EXPECT_EQ(Deliver(Body(mt::BadServerSalt{.bad_msg_id = refused.header.msg_id.value(),
                                           .bad_msg_seqno = 1,
                                           .error_code = 48,
                                           .new_server_salt = 99}),
                    1, 0),
            "");
  const OutgoingPacket repeated = Take();
  EXPECT_EQ(repeated.header.salt, 99);
  EXPECT_GT(repeated.header.msg_id, refused.header.msg_id);
  EXPECT_EQ(AsText(repeated.body), AsText(refused.body));
  EXPECT_EQ(Deliver(ResultFor(repeated.header.msg_id, FromHex("b5757299")), 1), "");
  EXPECT_TRUE(IsAnswer(request, FromHex("b5757299")));
}

TEST_F(ClientSessionTest, ABodyThatNamesItsMessageIsMadeAnew) {
  session_.Send([](MessageId id) {
    Bytes body(8);
    StoreLittle(body.data(), id.value());
    return body;
  });
  const OutgoingPacket refused = Take();
  Deliver(
      Body(mt::BadServerSalt{.bad_msg_id = refused.header.msg_id.value(), .new_server_salt = 1}), 1,
      0);
  const OutgoingPacket repeated = Take();
  EXPECT_EQ(LoadLittle<std::int64_t>(repeated.body.data()), repeated.header.msg_id.value());
  EXPECT_NE(repeated.header.msg_id, refused.header.msg_id);
}

TEST_F(ClientSessionTest, SetsItsClockByTheNotification) {
  session_.Send(Query());
  const OutgoingPacket refused = Take();
  // The server is a thousand seconds behind us.
  now_ -= std::chrono::seconds(1000);
  const Bytes notice = Body(mt::BadMsgNotification{
      .bad_msg_id = refused.header.msg_id.value(), .bad_msg_seqno = 1, .error_code = 17});
  EXPECT_EQ(Deliver(notice, 1, 0), "");
  now_ += std::chrono::seconds(1000);
  EXPECT_EQ(Take().header.msg_id.value() >> 32, 1'800'000'000 - 1000);
}

TEST_F(ClientSessionTest, GivesUpOnWhatARepeatCannotCure) {
  const RequestId request = session_.Send(Query());
  const OutgoingPacket refused = Take();
  Deliver(Body(mt::BadMsgNotification{
              .bad_msg_id = refused.header.msg_id.value(), .bad_msg_seqno = 1, .error_code = 35}),
          1, 0);
  const auto event = Event();
  ASSERT_TRUE(event && std::holds_alternative<Rejected>(*event));
  EXPECT_EQ(std::get<Rejected>(*event).request, request);
  EXPECT_EQ(std::get<Rejected>(*event).code, 35);
}

TEST_F(ClientSessionTest, UnpacksResults) {
  const RequestId request = session_.Send(Query());
  const MessageId id = Take().header.msg_id;
  Gzip gzip;
  const Bytes plain(4096, 7);
  Bytes packed;
  ASSERT_TRUE(gzip.Deflate(plain, packed));
  const Bytes result = Body(mt::GzipPacked{.packed_data = AsText(packed)});
  EXPECT_EQ(Deliver(ResultFor(id, result), 1), "");
  EXPECT_TRUE(IsAnswer(request, plain));
}

TEST_F(ClientSessionTest, UpdatesAreWhatIsNotOfTheMessageLayer) {
  EXPECT_EQ(Deliver(FromHex("7eaf17e3"), 3), "");
  const auto event = Event();
  ASSERT_TRUE(event && std::holds_alternative<UpdatesArrived>(*event));
  EXPECT_EQ(Deliver(FromHex("7eaf17e3"), 1), "an update under the id of an answer");
}

TEST_F(ClientSessionTest, RepeatsWhatTheServerForgot) {
  session_.Send(Query());
  const MessageId lost = Take().header.msg_id;
  session_.Send(Query());
  const MessageId kept = Take().header.msg_id;
  EXPECT_EQ(Deliver(Body(mt::NewSessionCreated{
                        .first_msg_id = kept.value(), .unique_id = 1, .server_salt = 6}),
                    3),
            "");
  const OutgoingPacket packet = Take();
  EXPECT_EQ(packet.header.salt, 6);
  EXPECT_EQ(session_.counters().repeated, 1u);
  EXPECT_NE(session_.MessageOf(1), lost);
  EXPECT_EQ(session_.MessageOf(2), kept);
}

TEST_F(ClientSessionTest, ReconnectKeepsIdsAndANewSessionDoesNot) {
  session_.Send(Query());
  const MessageId id = Take().header.msg_id;
  session_.Reconnected();
  EXPECT_EQ(Take().header.msg_id, id);
  session_.StartNewSession(SessionId(78));
  const OutgoingPacket packet = Take();
  EXPECT_EQ(packet.header.session, SessionId(78));
  EXPECT_GT(packet.header.msg_id, id);
  EXPECT_EQ(packet.header.seq_no, 1);
}

TEST_F(ClientSessionTest, ARepeatedInnerMessageIsAcknowledgedOnly) {
  const Bytes update = FromHex("7eaf17e3");
  EXPECT_EQ(Deliver(update, 3), "");
  ASSERT_TRUE(Event());
  const std::int64_t inner = server_id_;
  const mt::Message messages[] = {{.msg_id = inner, .seqno = 1, .bytes = 4, .body = update}};
  EXPECT_EQ(Deliver(Body(mt::MsgContainer{.messages = messages}), 3, 2), "");
  EXPECT_FALSE(Event()) << "told once";
}

TEST_F(ClientSessionTest, NamesTheRuleThatTheServerBroke) {
  const Bytes update = FromHex("7eaf17e3");
  const auto receive = [&](mtproto::MessageHeader header) {
    return session_.Receive(header, update, now_);
  };
  const std::int64_t second = UnixSeconds(now_);
  const auto id = [](std::int64_t seconds, std::int64_t low) {
    return MessageId((seconds << 32) + low);
  };
  EXPECT_EQ(receive({.session = SessionId(1), .msg_id = id(second, 3)}),
            "a packet for another session");
  EXPECT_EQ(receive({.session = kSession, .msg_id = id(second, 4)}),
            "an even message id from the server");
  EXPECT_EQ(receive({.session = kSession, .msg_id = id(second + 31, 3)}),
            "a message id from the future");
  EXPECT_EQ(receive({.session = kSession, .msg_id = id(second - 301, 3)}),
            "a message id from the past");
  EXPECT_EQ(receive({.session = kSession, .msg_id = id(second, 3)}), "");
  EXPECT_EQ(receive({.session = kSession, .msg_id = id(second, 3)}), "a repeated outer message id");

  const mt::Message later[] = {
      {.msg_id = (second << 32) + 1'000'003, .seqno = 1, .bytes = 4, .body = update}};
  EXPECT_EQ(Deliver(Body(mt::MsgContainer{.messages = later}), 3),
            "an inner message id above its container's");
  EXPECT_EQ(Deliver(ResultFor(MessageId(4), update), 3), "an answer under the id of an update");
  EXPECT_EQ(Deliver(FromHex("016d5cf3"), 1), "a service message that can't be read");
}

}  // namespace
}  // namespace trunkline::load
