#include "server/mtproto/handshake.h"

#include <gtest/gtest.h>

#include "common/crypto/message_key.h"
#include "server/mtproto/handshake_crypto.h"
#include "server/mtproto/limits.h"
#include "server/mtproto/plain_message.h"
#include "tests/server/mtproto/handshake_rig.h"

namespace trunkline::mtproto {
namespace {

using Next = ClientHandshake::Next;

class HandshakeTest : public testing::Test {
 protected:
  HandshakeRig rig_;
};

// ---- Every form of client -----------------------------------------------------------------------

struct HandshakeForm {
  RsaForm rsa;
  std::optional<std::int32_t> dc;
  std::optional<std::int32_t> expires_in;
  bool legacy_req_pq;
};

class HandshakeFormTest : public testing::TestWithParam<HandshakeForm> {
 protected:
  HandshakeRig rig_;
};

TEST_P(HandshakeFormTest, BothSidesEndWithTheSameKey) {
  const HandshakeForm& form = GetParam();
  ClientHandshake client = rig_.Client({form.rsa, form.dc, form.expires_in, form.legacy_req_pq});
  const StoreKey store = rig_.Only<StoreKey>(rig_.Send(rig_.SetClientDhParams(client)));
  EXPECT_EQ(store.nonce, client.nonce());

  rig_.handshakes.KeyStored(store.nonce, false, rig_.now);
  const SendPacket answer = rig_.Only<SendPacket>(rig_.Drain());
  Bytes reply;
  ASSERT_EQ(client.Receive(answer.payload, rig_.now, reply), Next::kDone) << client.failure();

  const ClientKey& key = client.key();
  EXPECT_EQ(store.record.id, key.id);
  EXPECT_EQ(store.record.key, key.key);
  EXPECT_EQ(store.record.id.value(), crypto::AuthKeyIdOf(key.key));
  EXPECT_EQ(store.record.first_salt, key.first_salt);
  EXPECT_EQ(store.record.created, rig_.now);
  EXPECT_EQ(key.server_time, 1'700'000'000);
  EXPECT_EQ(store.dc.has_value(), form.dc.has_value());
  if (form.dc) {
    EXPECT_EQ(store.dc, DcId(*form.dc));
  }
  ASSERT_EQ(store.record.expires.has_value(), form.expires_in.has_value());
  if (form.expires_in) {
    EXPECT_EQ(*store.record.expires, rig_.now + std::chrono::seconds(*form.expires_in));
  }
}

INSTANTIATE_TEST_SUITE_P(Clients, HandshakeFormTest,
                         testing::Values(HandshakeForm{RsaForm::kPad, {}, {}, false},
                                         HandshakeForm{RsaForm::kPad, 2, {}, false},
                                         HandshakeForm{RsaForm::kPad, {}, 86400, false},
                                         HandshakeForm{RsaForm::kPad, -10002, 60, false},
                                         HandshakeForm{RsaForm::kLegacy, {}, {}, false},
                                         HandshakeForm{RsaForm::kLegacy, 2, {}, false},
                                         HandshakeForm{RsaForm::kLegacy, {}, 86400, false},
                                         HandshakeForm{RsaForm::kLegacy, 10005, 60, false},
                                         HandshakeForm{RsaForm::kPad, 2, {}, true}));

// ---- The order of things ------------------------------------------------------------------------

TEST_F(HandshakeTest, TheKeyIsToldOnlyWhenItIsStored) {
  ClientHandshake client = rig_.Client();
  const auto drained = rig_.Send(rig_.SetClientDhParams(client));
  ASSERT_EQ(drained.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<StoreKey>(drained[0]));
  rig_.handshakes.KeyStored(Nonce{}, false, rig_.now);  // somebody else's
  EXPECT_TRUE(rig_.Drain().empty());
  rig_.handshakes.KeyStored(client.nonce(), false, rig_.now);
  EXPECT_EQ(rig_.Drain().size(), 1u);
  rig_.handshakes.KeyStored(client.nonce(), false, rig_.now);  // told twice
  EXPECT_TRUE(rig_.Drain().empty());
}

TEST_F(HandshakeTest, ServerMessageIdsAreAnswersAndIncrease) {
  ClientHandshake client = rig_.Client();
  const Bytes res_pq = rig_.Answer(client.Start(rig_.now));
  const Bytes params = rig_.Answer(rig_.Step(client, res_pq));
  const auto first = ParsePlainMessage(res_pq)->msg_id.value();
  const auto second = ParsePlainMessage(params)->msg_id.value();
  EXPECT_EQ(first & 3, 1);
  EXPECT_EQ(second & 3, 1);
  EXPECT_LT(first, second);
  EXPECT_EQ(first >> 32, 1'700'000'000);
}

TEST_F(HandshakeTest, RepeatedRequestsGetTheSameBytesOnAnyLinkAtAnyTime) {
  ClientHandshake client = rig_.Client();
  const Bytes req_pq = client.Start(rig_.now);
  const Bytes res_pq = rig_.Answer(req_pq);
  EXPECT_EQ(rig_.Answer(req_pq, LinkId(2)), res_pq);

  const Bytes req_dh = rig_.Step(client, res_pq);
  const Bytes params = rig_.Answer(req_dh);
  EXPECT_EQ(rig_.Answer(req_dh, LinkId(3)), params);
  EXPECT_EQ(rig_.Answer(req_pq), res_pq);

  // Repeated while the key is being stored: the answer comes once, to the latest link.
  const Bytes set_dh = rig_.Step(client, params);
  rig_.Only<StoreKey>(rig_.Send(set_dh));
  EXPECT_TRUE(rig_.Send(set_dh, LinkId(4)).empty());
  rig_.handshakes.KeyStored(client.nonce(), false, rig_.now);
  const SendPacket done = rig_.Only<SendPacket>(rig_.Drain());
  EXPECT_EQ(done.link, LinkId(4));

  rig_.now += std::chrono::minutes(9);
  EXPECT_EQ(rig_.Answer(set_dh), done.payload);
  EXPECT_EQ(rig_.Answer(req_dh), params);
  EXPECT_EQ(rig_.Answer(req_pq), res_pq);
}

TEST_F(HandshakeTest, ARepeatedRequestInANewMessageIsTheSameRequest) {
  ClientHandshake client = rig_.Client();
  Bytes req_dh = rig_.ReqDhParams(client);
  const Bytes params = rig_.Answer(req_dh);
  req_dh[8] ^= 4;  // another message id
  EXPECT_EQ(rig_.Answer(req_dh), params);
}

TEST_F(HandshakeTest, ADuplicateDuringTheMathsStartsNoSecondJob) {
  ClientHandshake client = rig_.Client();
  const Bytes req_dh = rig_.ReqDhParams(client);
  rig_.handshakes.Receive(HandshakeRig::kLink, req_dh, rig_.now);
  rig_.handshakes.Receive(HandshakeRig::kLink, req_dh, rig_.now);
  Output output;
  ASSERT_TRUE(rig_.outputs.Take(output));
  EXPECT_TRUE(std::holds_alternative<Compute>(output));
  EXPECT_FALSE(rig_.outputs.Take(output));
}

TEST_F(HandshakeTest, OtherExchangesOnTheLinkDisturbNothing) {
  ClientHandshake client = rig_.Client();
  ClientHandshake probe = rig_.Client({.legacy_req_pq = true});
  const Bytes req_dh = rig_.ReqDhParams(client);
  const Bytes first_probe = rig_.Answer(probe.Start(rig_.now));
  const Bytes set_dh = rig_.Step(client, rig_.Answer(req_dh));
  const Bytes second_probe = rig_.Answer(rig_.Client().Start(rig_.now));
  EXPECT_NE(first_probe, second_probe);
  rig_.Only<StoreKey>(rig_.Send(set_dh));
}

TEST_F(HandshakeTest, SeveralKeysOnOneLink) {
  for (const std::optional<std::int32_t> expires : {std::optional<std::int32_t>(), {3600}}) {
    ClientHandshake client = rig_.Client({.dc = 2, .expires_in = expires});
    rig_.Only<StoreKey>(rig_.Send(rig_.SetClientDhParams(client)));
    rig_.handshakes.KeyStored(client.nonce(), false, rig_.now);
    Bytes reply;
    EXPECT_EQ(client.Receive(rig_.Only<SendPacket>(rig_.Drain()).payload, rig_.now, reply),
              Next::kDone);
  }
}

TEST_F(HandshakeTest, AcknowledgementsAreIgnored) {
  const std::int64_t ids[] = {1};
  tl::mt::MsgsAck ack;
  ack.msg_ids = ids;
  EXPECT_TRUE(rig_.Send(MakePlainMessage(MessageId(4), ack)).empty());
}

// ---- Keys that are taken ------------------------------------------------------------------------

TEST_F(HandshakeTest, ATakenKeyIdIsRetriedFiveTimes) {
  ClientHandshake client = rig_.Client();
  Bytes set_dh = rig_.SetClientDhParams(client);
  AuthKeyId last_id;
  for (int retry = 0; retry <= kHandshakeRetriesMax; ++retry) {
    const StoreKey store = rig_.Only<StoreKey>(rig_.Send(set_dh));
    EXPECT_NE(store.record.id, last_id);
    last_id = store.record.id;
    rig_.handshakes.KeyStored(client.nonce(), true, rig_.now);
    if (retry == kHandshakeRetriesMax) break;
    const Bytes answer = rig_.Only<SendPacket>(rig_.Drain()).payload;
    EXPECT_EQ(rig_.Answer(set_dh), answer);  // a repeated request
    set_dh = rig_.Step(client, answer);
  }
  EXPECT_EQ(rig_.Only<SendTransportError>(rig_.Drain()).code, -404);
  EXPECT_EQ(rig_.handshakes.size(), 0u);
}

TEST_F(HandshakeTest, ARetrySucceeds) {
  ClientHandshake client = rig_.Client();
  rig_.Only<StoreKey>(rig_.Send(rig_.SetClientDhParams(client)));
  rig_.handshakes.KeyStored(client.nonce(), true, rig_.now);
  const Bytes again = rig_.Step(client, rig_.Only<SendPacket>(rig_.Drain()).payload);
  const StoreKey store = rig_.Only<StoreKey>(rig_.Send(again));
  rig_.handshakes.KeyStored(client.nonce(), false, rig_.now);
  Bytes reply;
  ASSERT_EQ(client.Receive(rig_.Only<SendPacket>(rig_.Drain()).payload, rig_.now, reply),
            Next::kDone);
  EXPECT_EQ(client.key().key, store.record.key);
}

// ---- Temporary keys -----------------------------------------------------------------------------

TEST_F(HandshakeTest, LongWishesAreShortenedAndAbsurdOnesRefused) {
  struct Wish {
    std::int32_t seconds;
    std::optional<std::int32_t> granted;
  };
  const std::int32_t day = 24 * 3600;
  for (const Wish& wish : {Wish{1, 1}, Wish{day, day}, Wish{2 * day, 25 * 3600},
                           Wish{7 * day, 25 * 3600}, Wish{7 * day + 1, {}}, Wish{0, {}},
                           Wish{-1, {}}, Wish{INT32_MAX, {}}, Wish{INT32_MIN, {}}}) {
    ClientHandshake client = rig_.Client({.expires_in = wish.seconds});
    const Bytes req_dh = rig_.ReqDhParams(client);
    if (!wish.granted) {
      rig_.ExpectRefused(req_dh);
      continue;
    }
    const StoreKey store = rig_.Only<StoreKey>(rig_.Send(rig_.Step(client, rig_.Answer(req_dh))));
    EXPECT_EQ(store.record.expires, rig_.now + std::chrono::seconds(*wish.granted));
  }
}

// ---- Bounds -------------------------------------------------------------------------------------

TEST_F(HandshakeTest, AnExchangeLivesTenMinutes) {
  EXPECT_EQ(rig_.handshakes.NextDeadline(), std::nullopt);
  ClientHandshake client = rig_.Client();
  const Bytes req_dh = rig_.ReqDhParams(client);
  EXPECT_EQ(rig_.handshakes.NextDeadline(), rig_.now + std::chrono::minutes(10));
  rig_.now += std::chrono::minutes(10) - std::chrono::milliseconds(1);
  rig_.handshakes.Tick(rig_.now);
  EXPECT_EQ(rig_.handshakes.size(), 1u);
  rig_.now += std::chrono::milliseconds(1);
  rig_.handshakes.Tick(rig_.now);
  EXPECT_EQ(rig_.handshakes.size(), 0u);
  rig_.ExpectRefused(req_dh);
}

TEST_F(HandshakeTest, ResultsForAnExchangeThatIsGoneAreDropped) {
  ClientHandshake client = rig_.Client();
  rig_.handshakes.Receive(HandshakeRig::kLink, rig_.ReqDhParams(client), rig_.now);
  Output output;
  ASSERT_TRUE(rig_.outputs.Take(output));
  Computed computed = DoJob(std::get<Compute>(output), rig_.entropy);
  rig_.handshakes.Tick(rig_.now + std::chrono::hours(1));
  rig_.handshakes.HandleComputed(computed, rig_.now);
  EXPECT_TRUE(rig_.Drain().empty());
}

TEST_F(HandshakeTest, TheOldestGoesWhenThereAreTooMany) {
  ClientHandshake oldest = rig_.Client();
  const Bytes req_dh_oldest = rig_.ReqDhParams(oldest);
  ClientHandshake second = rig_.Client();
  const Bytes req_dh_second = rig_.ReqDhParams(second);
  tl::mt::fn::ReqPqMulti request;
  for (std::size_t i = 0; i < kHandshakesMax - 1; ++i) {
    StoreLittle(request.nonce.data(), i);
    rig_.Answer(MakePlainMessage(MessageId(4), request));
  }
  EXPECT_EQ(rig_.handshakes.size(), kHandshakesMax);
  rig_.ExpectRefused(req_dh_oldest);
  rig_.Answer(req_dh_second);
}

}  // namespace
}  // namespace trunkline::mtproto
