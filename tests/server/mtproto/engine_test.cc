// The engine as a whole: from a key exchange to encrypted messages, keys that end, packets that
// aren't authentic, and the proof that binds a temporary key.
#include "server/mtproto/engine.h"

#include <gtest/gtest.h>

#include "common/crypto/aes.h"
#include "common/crypto/sha.h"
#include "common/gzip.h"
#include "server/mtproto/client_handshake.h"
#include "server/mtproto/plain_message.h"
#include "server/mtproto/salts.h"
#include "tests/server/mtproto/handshake_rig.h"
#include "tests/server/mtproto/test_client.h"

namespace trunkline::mtproto {
namespace {

using namespace std::chrono_literals;
namespace mt = tl::mt;

// ---- Key exchange -------------------------------------------------------------------------------

class KeyExchangeTest : public testing::TestWithParam<RsaForm> {
 protected:
  // Does the pool's and the store's part; the packets that went out.
  std::vector<Bytes> Serve() {
    std::vector<Bytes> packets;
    Output output;
    while (world.engine.Poll(output)) {
      if (const auto* compute = std::get_if<Compute>(&output)) {
        world.engine.HandleComputed(DoJob(*compute, world.entropy), world.now);
      } else if (auto* store = std::get_if<StoreKey>(&output)) {
        EXPECT_FALSE(world.engine.HasKey(store->record.id));
        world.engine.InstallKey(store->record);
        world.engine.KeyStored(store->nonce, false, world.now);
      } else if (auto* send = std::get_if<SendPacket>(&output)) {
        packets.push_back(std::move(send->payload));
      } else {
        ADD_FAILURE() << "output " << output.index();
      }
    }
    return packets;
  }

  World world{EngineConfig{.rsa_fingerprints = {TestRsaKey().fingerprint()},
                           .salt_secret = World::Secret()}};
};

TEST_P(KeyExchangeTest, EndsWithAPongUnderTheNewKey) {
  const LinkId link{1};
  ClientHandshake handshake({.rsa = GetParam()}, TestRsaPublicKey(), &world.entropy);
  Bytes packet = handshake.Start(world.now);
  for (int step = 1;; ++step) {
    world.engine.Receive(link, packet, false, world.now);
    const auto answers = Serve();
    ASSERT_EQ(answers.size(), 1u) << "step " << step;
    const auto next = handshake.Receive(answers[0], world.now, packet);
    ASSERT_NE(next, ClientHandshake::Next::kFailed) << handshake.failure();
    if (next == ClientHandshake::Next::kDone) break;
    ASSERT_LT(step, 3);
  }
  EXPECT_TRUE(world.engine.HasKey(handshake.key().id));
  EXPECT_EQ(world.engine.stats().keys, 1u);

  TestClient client(world);  // under another key, to be changed
  client.key = handshake.key().key;
  client.key_id = handshake.key().id;
  client.salt = handshake.key().first_salt;
  const auto received = client.SendService(mt::fn::Ping{.ping_id = 8});
  ASSERT_NE(client.Find<mt::Pong>(received), nullptr);
  EXPECT_EQ(client.Find<mt::Pong>(received)->ping_id, 8);
}

INSTANTIATE_TEST_SUITE_P(BothForms, KeyExchangeTest,
                         testing::Values(RsaForm::kPad, RsaForm::kLegacy));

// ---- Packets ------------------------------------------------------------------------------------

class EngineTest : public testing::Test {
 protected:
  World world;
  TestClient client{world};
};

TEST_F(EngineTest, UnknownKeyIsTold) {
  world.engine.ForgetKey(client.key_id, world.now);
  EXPECT_TRUE(client.SendService(mt::fn::Ping{}).empty());
  const auto errors = world.Take<SendTransportError>();
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0].code, -404);
  EXPECT_EQ(errors[0].link, client.link);
  EXPECT_TRUE(world.Take<CloseLink>().empty());
}

TEST_F(EngineTest, DamageClosesTheLinkInSilenceAndHurtsNothingElse) {
  client.Begin();
  const Bytes good = client.Seal(client.MakeQuery());
  for (std::size_t at = 8; at < good.size(); ++at) {
    Bytes packet = good;
    packet[at] ^= 0x40;
    world.engine.Receive(LinkId(9), packet, true, world.now);
    world.Drain();
    ASSERT_EQ(world.outputs.size(), 1u) << at;
    ASSERT_EQ(world.Take<CloseLink>().size(), 1u) << at;
  }
  for (const std::size_t size : {24u, 56u, 71u}) {
    Bytes packet(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size));
    world.engine.Receive(LinkId(9), packet, true, world.now);
    EXPECT_EQ(world.Take<CloseLink>().size(), 1u) << size;
  }
  EXPECT_NE(client.Find<mt::Pong>(client.SendService(mt::fn::Ping{})), nullptr);
}

TEST_F(EngineTest, ShortPacketsCloseTheLink) {
  Bytes packet(23);
  world.engine.Receive(LinkId(9), packet, false, world.now);
  EXPECT_EQ(world.Take<CloseLink>().size(), 1u);
  EXPECT_EQ(HomeHint(ByteView(packet)), std::nullopt);
}

TEST_F(EngineTest, SessionZeroIsRefused) {
  client.session = SessionId(0);
  EXPECT_TRUE(client.SendService(mt::fn::Ping{}).empty());
  EXPECT_EQ(world.Take<CloseLink>().size(), 1u);
}

TEST_F(EngineTest, StrangePlaintextIsRefusedAndAcknowledgementsAreIgnored) {
  const std::vector<std::int64_t> ids = {1, 2};
  Bytes packet = MakePlainMessage(MessageId(4), mt::MsgsAck{.msg_ids = ids});
  world.engine.Receive(LinkId(1), packet, false, world.now);
  world.Drain();
  EXPECT_TRUE(world.outputs.empty());
  packet = MakePlainMessage(MessageId(4), mt::fn::Ping{.ping_id = 1});
  world.engine.Receive(LinkId(1), packet, false, world.now);
  const auto errors = world.Take<SendTransportError>();
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0].code, -404);
}

TEST_F(EngineTest, HomeIsTheKeysOrTheNonces) {
  const Bytes packet = client.Seal(client.MakeQuery());
  EXPECT_EQ(HomeHint(ByteView(packet)), HomeHint(client.key_id));
  Nonce nonce;
  nonce.fill(3);
  const Bytes plain = MakePlainMessage(MessageId(4), mt::fn::ReqPqMulti{.nonce = nonce});
  EXPECT_EQ(HomeHint(ByteView(plain)), HomeHint(nonce));
}

TEST_F(EngineTest, QuickAckOnlyWhenAskedForAndAccepted) {
  const TestClient::Message query = client.MakeQuery();
  Bytes packet = client.Seal(query);
  Bytes copy = packet;
  const auto opened = OpenMessage(client.key, crypto::Direction::kToServer, copy);
  ASSERT_TRUE(opened.ok());
  world.engine.Receive(client.link, packet, true, world.now);
  const auto acks = world.Take<SendQuickAck>();
  ASSERT_EQ(acks.size(), 1u);
  EXPECT_EQ(acks[0].token, opened->quick_ack_token);
  EXPECT_EQ(acks[0].link, client.link);
  EXPECT_NE(acks[0].token & 0x80000000u, 0u);

  client.Send(client.MakeQuery(), false);
  EXPECT_TRUE(world.Take<SendQuickAck>().empty());
  client.salt = 0;
  client.Send(client.MakeQuery(), true);
  EXPECT_TRUE(world.Take<SendQuickAck>().empty());
}

TEST_F(EngineTest, TwoKeysOnOneLink) {
  TestClient other(world, 2);
  client.Begin();
  other.Begin();
  EXPECT_NE(client.Find<mt::Pong>(client.SendService(mt::fn::Ping{})), nullptr);
  EXPECT_NE(other.Find<mt::Pong>(other.SendService(mt::fn::Ping{})), nullptr);
  world.engine.LinkClosed(client.link, world.now);
  world.Advance(900s);
  EXPECT_EQ(world.Take<SessionEnded>().size(), 2u);
}

// ---- Temporary keys -----------------------------------------------------------------------------

TEST_F(EngineTest, TemporaryKeyEndsWithItsSessions) {
  TestClient temporary(world, 2, 1000s);
  temporary.Begin();
  EXPECT_EQ(world.engine.TemporaryKeyExpiry(temporary.key_id), world.now + 1000s);
  EXPECT_EQ(world.engine.TemporaryKeyExpiry(client.key_id), std::nullopt);
  world.Advance(999s);
  EXPECT_TRUE(world.engine.HasKey(temporary.key_id));
  world.Advance(1s);
  EXPECT_FALSE(world.engine.HasKey(temporary.key_id));
  ASSERT_EQ(world.Take<SessionEnded>().size(), 1u);
  temporary.SendService(mt::fn::Ping{});
  EXPECT_EQ(world.Take<SendTransportError>().size(), 1u);
}

TEST_F(EngineTest, ExpiredKeyIsRefusedEvenBeforeTheTimer) {
  TestClient temporary(world, 2, 1000s);
  world.now += 1000s;
  temporary.SendService(mt::fn::Ping{});
  EXPECT_EQ(world.Take<SendTransportError>().size(), 1u);
  EXPECT_FALSE(world.engine.HasKey(temporary.key_id));
}

constexpr std::uint32_t kBind = 0xcdd42a05;

// invokeWithLayer(initConnection(query)), with proxy and params.
Bytes Wrapped(const Bytes& query) {
  Bytes body = Words({0xda9b0d0d, 214, 0xc1cd5ea9, 3, 12345});
  const auto append = [&](const Bytes& more) { body.insert(body.end(), more.begin(), more.end()); };
  for (int text = 0; text < 6; ++text) append({3, 'a', 'b', 'c'});
  append(Words({0x75588b3f}));
  append({3, 'h', 's', 't'});
  append(Words({443}));
  append(Words({0x99c1d49d, 0x1cb5c415, 1, 0xc0de1bd9}));
  append({3, 'k', 'e', 'y'});
  append(Words({0xf7444763, 0x1cb5c415, 4, 0x3f6d7b68, 0xc7345e6a, 0x997275b5, 0x2be0dfa4, 0, 0,
                0xb71e767a}));
  append({3, 'v', 'a', 'l'});
  append(query);
  return body;
}

TEST_F(EngineTest, BindNeedsNoSalt) {
  Gzip gzip;
  Bytes bind = Words({kBind});
  bind.resize(160);
  Bytes packed;
  ASSERT_TRUE(gzip.Deflate(bind, packed));
  const Bytes gzipped = Serialized(mt::GzipPacked{.packed_data = AsText(packed)});
  std::uint64_t seed = 10;
  for (const Bytes& body : {bind, Wrapped(bind), gzipped, Wrapped(gzipped)}) {
    TestClient temporary(world, ++seed, 1000s);
    temporary.salt = 0;
    temporary.Send(temporary.Make(body, true));
    EXPECT_EQ(world.Take<Query>().size(), 1u);
    temporary.Send(temporary.MakeContainer({temporary.Make(body, true)}));
    EXPECT_EQ(world.Take<Query>().size(), 1u);
    EXPECT_NE(temporary.Find<mt::BadServerSalt>(temporary.Send(temporary.MakeQuery())), nullptr);
    EXPECT_NE(temporary.Find<mt::BadServerSalt>(
                  temporary.Send(temporary.Make(Wrapped(Words({kGetConfig})), true))),
              nullptr);
  }
  client.salt = 0;  // a permanent key has nothing to bind
  EXPECT_NE(client.Find<mt::BadServerSalt>(client.Send(client.Make(bind, true))), nullptr);
}

// ---- Proof of a binding -------------------------------------------------------------------------

struct Inner {
  std::int64_t msg_id = 0x6500000000000004;
  std::int32_t seq_no = 0;
  std::int32_t length = 40;
  std::uint32_t constructor = mt::BindAuthKeyInner::kId;
  std::int64_t nonce = 11;
  std::int64_t temp_key = 22;
  std::int64_t perm_key = 0;
  std::int64_t temp_session = 33;
  std::int32_t expires_at = 1'700'001'000;
};

// perm_auth_key_id, msg_key and 80 bytes under MTProto 1.0, made by hand.
Bytes Proof(const TestClient& owner, const Inner& inner) {
  std::array<std::uint8_t, 80> plain{};
  SeededEntropy(3).Fill(plain);
  StoreLittle(plain.data() + 16, inner.msg_id);
  StoreLittle(plain.data() + 24, inner.seq_no);
  StoreLittle(plain.data() + 28, inner.length);
  StoreLittle(plain.data() + 32, inner.constructor);
  StoreLittle(plain.data() + 36, inner.nonce);
  StoreLittle(plain.data() + 44, inner.temp_key);
  StoreLittle(plain.data() + 52, inner.perm_key);
  StoreLittle(plain.data() + 60, inner.temp_session);
  StoreLittle(plain.data() + 68, inner.expires_at);
  const crypto::Sha1Digest digest = crypto::Sha1(ByteView(plain).first(72));
  crypto::MessageKey message_key;
  std::copy_n(digest.begin() + 4, 16, message_key.begin());
  Bytes proof(104);
  StoreLittle(proof.data(), owner.key_id.value());
  std::ranges::copy(message_key, proof.begin() + 8);
  crypto::IgeEncrypt(crypto::DeriveIgeKeyV1(owner.key, message_key, crypto::Direction::kToServer),
                     plain, ByteSpan(proof).subspan(24));
  return proof;
}

class BindingTest : public EngineTest {
 protected:
  BindingTest() { inner.perm_key = client.key_id.value(); }
  Engine::Binding Claimed() const {
    return {.temp_key = AuthKeyId(22),
            .perm_key = client.key_id,
            .nonce = 11,
            .expires_at = 1'700'001'000,
            .temp_session = SessionId(33),
            .msg_id = MessageId(0x6500000000000004)};
  }
  bool Check(const Inner& made) {
    return world.engine.CheckBinding(Claimed(), Proof(client, made));
  }
  Inner inner;
};

TEST_F(BindingTest, GoodProofIsAccepted) {
  EXPECT_TRUE(Check(inner));
}

TEST_F(BindingTest, EveryFieldCounts) {
  const auto with = [&](auto change) {
    Inner other = inner;
    change(other);
    return Check(other);
  };
  EXPECT_FALSE(with([](Inner& i) { i.msg_id += 4; }));
  EXPECT_FALSE(with([](Inner& i) { i.seq_no = 1; }));
  EXPECT_FALSE(with([](Inner& i) { i.length = 44; }));
  EXPECT_FALSE(with([](Inner& i) { i.constructor += 1; }));
  EXPECT_FALSE(with([](Inner& i) { i.nonce += 1; }));
  EXPECT_FALSE(with([](Inner& i) { i.temp_key += 1; }));
  EXPECT_FALSE(with([](Inner& i) { i.perm_key += 1; }));
  EXPECT_FALSE(with([](Inner& i) { i.temp_session += 1; }));
  EXPECT_FALSE(with([](Inner& i) { i.expires_at += 1; }));
}

TEST_F(BindingTest, DamageLengthAndForeignKeysAreRefused) {
  const Bytes good = Proof(client, inner);
  for (const std::size_t at : {0u, 7u, 8u, 23u, 24u, 95u}) {
    Bytes bad = good;
    bad[at] ^= 1;
    EXPECT_FALSE(world.engine.CheckBinding(Claimed(), bad)) << at;
  }
  EXPECT_FALSE(world.engine.CheckBinding(Claimed(), ByteView(good).first(103)));
  EXPECT_FALSE(world.engine.CheckBinding(Claimed(), {}));

  TestClient other(world, 2);
  EXPECT_FALSE(world.engine.CheckBinding(Claimed(), Proof(other, inner)));
  Engine::Binding unknown = Claimed();
  unknown.perm_key = AuthKeyId(1);
  EXPECT_FALSE(world.engine.CheckBinding(unknown, good));

  // A temporary key can't stand in for the permanent one.
  TestClient temporary(world, 3, 1000s);
  Inner of_temporary = inner;
  of_temporary.perm_key = temporary.key_id.value();
  Engine::Binding claimed = Claimed();
  claimed.perm_key = temporary.key_id;
  EXPECT_FALSE(world.engine.CheckBinding(claimed, Proof(temporary, of_temporary)));
}

}  // namespace
}  // namespace trunkline::mtproto
