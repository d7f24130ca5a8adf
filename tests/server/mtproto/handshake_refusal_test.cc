// Whatever is wrong with a message of the key exchange, the client gets -404 and nothing else.
#include <gtest/gtest.h>

#include <set>

#include "common/crypto/message_key.h"
#include "server/mtproto/handshake_crypto.h"
#include "server/mtproto/plain_message.h"
#include "tests/server/mtproto/handshake_rig.h"

namespace trunkline::mtproto {
namespace {

class HandshakeRefusalTest : public testing::Test {
 protected:
  // req_DH_params of a fresh exchange, changed by `change`.
  template <class Change>
  void ExpectReqDhParamsRefused(Change change, std::string_view what) {
    ClientHandshake client = rig_.Client({.dc = 2});
    const Bytes packet = rig_.ReqDhParams(client);
    tl::Arena arena;
    tl::Reader reader(ByteView(packet).subspan(kPlainHeaderBytes), &arena);
    tl::mt::AnyObject object;
    ASSERT_TRUE(tl::mt::ReadObject(reader, object));
    auto request = *object.As<tl::mt::fn::ReqDHParams>();
    change(request);
    rig_.ExpectRefused(MakePlainMessage(MessageId(4), request), what);
  }
  HandshakeRig rig_;
};

TEST_F(HandshakeRefusalTest, WhatIsNoMessageOfTheExchange) {
  rig_.ExpectRefused({}, "nothing");
  rig_.ExpectRefused(Bytes(20, 0), "no body");
  rig_.ExpectRefused(Bytes(40, 0), "no length");
  rig_.ExpectRefused(MakePlainMessage(MessageId(4), tl::mt::fn::Ping{1}), "ping");
  rig_.ExpectRefused(MakePlainMessage(MessageId(4), tl::mt::ResPQ{}), "an answer");
  Bytes trailing = MakePlainMessage(MessageId(4), tl::mt::fn::ReqPqMulti{});
  trailing.insert(trailing.end(), 4, 0);
  rig_.ExpectRefused(trailing, "packet longer than its message");
  StoreLittle(trailing.data() + 16, std::uint32_t{24});
  rig_.ExpectRefused(trailing, "message longer than its object");
  EXPECT_EQ(rig_.handshakes.size(), 0u);
}

TEST_F(HandshakeRefusalTest, EveryStrictPrefix) {
  ClientHandshake client = rig_.Client();
  const Bytes req_pq = client.Start(rig_.now);
  for (std::size_t size = 0; size < req_pq.size(); ++size) {
    rig_.ExpectRefused(ByteView(req_pq).first(size));
  }
  const Bytes req_dh = rig_.ReqDhParams(client);
  for (std::size_t size = 24; size < req_dh.size(); ++size) {
    Bytes cut(req_dh.begin(), req_dh.begin() + static_cast<std::ptrdiff_t>(size));
    StoreLittle(cut.data() + 16, static_cast<std::uint32_t>(size - kPlainHeaderBytes));
    rig_.ExpectRefused(cut);
  }
  rig_.Answer(req_dh);  // none of these named the exchange completely
}

TEST_F(HandshakeRefusalTest, PublicPartOfReqDhParams) {
  using Request = tl::mt::fn::ReqDHParams;
  ExpectReqDhParamsRefused([](Request& r) { std::swap(r.p, r.q); }, "p and q swapped");
  ExpectReqDhParamsRefused([](Request& r) { r.p = ""; }, "no p");
  ExpectReqDhParamsRefused([](Request& r) { r.q = "123456789"; }, "q above 64 bits");
  ExpectReqDhParamsRefused([](Request& r) { r.public_key_fingerprint ^= 1; }, "fingerprint");
  ExpectReqDhParamsRefused([](Request& r) { r.encrypted_data.remove_suffix(1); }, "255 bytes");
  ExpectReqDhParamsRefused([](Request& r) { r.encrypted_data = ""; }, "no data");
  ExpectReqDhParamsRefused([](Request& r) { r.server_nonce[3] ^= 1; }, "server_nonce");
  ExpectReqDhParamsRefused([](Request& r) { r.nonce[3] ^= 1; }, "nonce");
  const std::string above_n(256, '\xff');
  ExpectReqDhParamsRefused([&](Request& r) { r.encrypted_data = above_n; }, "not below n");
}

TEST_F(HandshakeRefusalTest, WideNumbersAreTakenByValue) {
  ClientHandshake client = rig_.Client();
  const Bytes packet = rig_.ReqDhParams(client);
  tl::Arena arena;
  tl::Reader reader(ByteView(packet).subspan(kPlainHeaderBytes), &arena);
  tl::mt::AnyObject object;
  ASSERT_TRUE(tl::mt::ReadObject(reader, object));
  auto request = *object.As<tl::mt::fn::ReqDHParams>();
  const std::string p = std::string(4, '\0') + std::string(request.p);
  request.p = p;
  rig_.Answer(MakePlainMessage(MessageId(4), request));
}

// The object inside RSA is authentic but says something else than the outer message.
TEST_F(HandshakeRefusalTest, InnerDataMustAgree) {
  using Change = void (*)(InnerData&);
  const Change changes[] = {
      [](InnerData& i) { ++i.pq; },
      [](InnerData& i) { i.p += 2; },
      [](InnerData& i) { std::swap(i.p, i.q); },
      [](InnerData& i) { i.nonce[0] ^= 1; },
      [](InnerData& i) { i.server_nonce[15] ^= 1; },
      [](InnerData&) {},  // the control: goes through
  };
  for (const RsaForm form : {RsaForm::kPad, RsaForm::kLegacy}) {
    for (const Change& change : changes) {
      tl::mt::fn::ReqPqMulti start;
      rig_.entropy.Fill(start.nonce);
      const Bytes res_pq = rig_.Answer(MakePlainMessage(MessageId(4), start));
      tl::Arena arena;
      tl::Reader reader(ByteView(res_pq).subspan(kPlainHeaderBytes), &arena);
      tl::mt::AnyObject object;
      ASSERT_TRUE(tl::mt::ReadObject(reader, object));
      const auto& answer = *object.As<tl::mt::ResPQ>();
      const std::uint64_t pq = *ReadBigEndian(answer.pq);
      const Pq factors = *Factorise(pq, 1);
      InnerData inner{pq, factors.p, factors.q, start.nonce, answer.server_nonce, {}, {}, {}};
      change(inner);
      const crypto::RsaBlock block =
          WrapInner(SerialiseInner(inner), form, TestRsaPublicKey(), rig_.entropy);
      const BigEndian p(factors.p);
      const BigEndian q(factors.q);
      tl::mt::fn::ReqDHParams request;
      request.nonce = start.nonce;
      request.server_nonce = answer.server_nonce;
      request.p = p.view();
      request.q = q.view();
      request.public_key_fingerprint = static_cast<std::int64_t>(TestRsaKey().fingerprint());
      request.encrypted_data = AsText(block);
      const Bytes packet = MakePlainMessage(MessageId(8), request);
      if (&change == std::end(changes) - 1) {
        rig_.Answer(packet);
      } else {
        rig_.ExpectRefused(packet);
        rig_.ExpectRefused(packet, "the exchange is over");
      }
    }
  }
}

// Bits of the packet that nothing protects: the message id, and the zeros behind p and q.
bool IsFree(const Bytes& packet, std::size_t byte) {
  if (byte >= 8 && byte < 16) return true;
  const bool req_dh = LoadLittle<std::uint32_t>(packet.data() + 20) == tl::mt::fn::ReqDHParams::kId;
  const std::size_t p_at = kPlainHeaderBytes + 4 + 32;
  return req_dh && byte >= p_at && byte < p_at + 16 && (byte - p_at) % 8 >= 5;
}

// All bits of what is public; one bit of each enciphered byte (any of them changes the whole; every
// bit is tried below, without the maths of an exchange).
template <class MakePacket>
void FlipBits(HandshakeRig& rig, MakePacket make_packet) {
  ClientHandshake client = rig.Client({.dc = 2});
  Bytes packet = make_packet(client);
  const std::size_t head = kPlainHeaderBytes + 4 + 32 + 24;
  for (std::size_t bit = 0; bit < packet.size() * 8; ++bit) {
    const std::size_t byte = bit / 8;
    if (IsFree(packet, byte) || (byte >= head && bit % 8 != byte % 8)) continue;
    Bytes flipped = packet;
    flipped[byte] = static_cast<std::uint8_t>(flipped[byte] ^ 1 << (bit % 8));
    rig.ExpectRefused(flipped, std::to_string(bit));
    if (testing::Test::HasFailure()) return;
    if (rig.handshakes.size() == 0) {
      rig.ExpectRefused(packet, "the exchange is over");
      client = rig.Client({.dc = 2});
      packet = make_packet(client);
    }
  }
}

TEST_F(HandshakeRefusalTest, FlippedBitsOfReqDhParams) {
  FlipBits(rig_, [&](ClientHandshake& client) { return rig_.ReqDhParams(client); });
}

TEST_F(HandshakeRefusalTest, FlippedBitsOfSetClientDhParams) {
  FlipBits(rig_, [&](ClientHandshake& client) { return rig_.SetClientDhParams(client); });
}

TEST_F(HandshakeRefusalTest, EveryBitOfTheHashedPart) {
  const crypto::IgeKey key = TemporaryKey(NewNonce{}, tl::Int128{});
  const Bytes data(100, 5);
  const Bytes sealed = SealHashed(key, data, rig_.entropy);
  EXPECT_TRUE(OpenHashed(key, sealed)->Matches(data.size()));
  EXPECT_FALSE(OpenHashed(key, sealed)->Matches(data.size() - 4));
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    Bytes flipped = sealed;
    flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ 1 << (bit % 8));
    const auto opened = OpenHashed(key, flipped);
    // The last block holds 8 bytes of data and 8 of padding; its whole decryption changes.
    ASSERT_FALSE(opened->Matches(data.size())) << bit;
  }
}

TEST_F(HandshakeRefusalTest, PaddingOfABlockOrMore) {
  const crypto::IgeKey key = TemporaryKey(NewNonce{}, tl::Int128{});
  Bytes data(108, 5);  // with the hash a whole number of blocks
  EXPECT_TRUE(OpenHashed(key, SealHashed(key, data, rig_.entropy))->Matches(108));
  EXPECT_FALSE(OpenHashed(key, SealHashed(key, data, rig_.entropy))->Matches(92));
  EXPECT_FALSE(OpenHashed(key, Bytes(16, 0)).has_value());
  EXPECT_FALSE(OpenHashed(key, Bytes(33, 0)).has_value());
}

TEST_F(HandshakeRefusalTest, WrongStep) {
  ClientHandshake client = rig_.Client();
  const Bytes res_pq = rig_.Answer(client.Start(rig_.now));
  const Bytes req_dh = rig_.Step(client, res_pq);
  tl::mt::fn::SetClientDHParams early;
  std::copy_n(res_pq.begin() + 24, 16, early.nonce.begin());
  std::copy_n(res_pq.begin() + 40, 16, early.server_nonce.begin());
  rig_.ExpectRefused(MakePlainMessage(MessageId(4), early), "no DH params were sent");
  rig_.ExpectRefused(req_dh, "the exchange is over");
}

TEST_F(HandshakeRefusalTest, AnotherRequestForAStepThatIsDone) {
  ClientHandshake client = rig_.Client();
  Bytes req_dh = rig_.ReqDhParams(client);
  const Bytes set_dh = rig_.Step(client, rig_.Answer(req_dh));
  req_dh.back() ^= 1;
  rig_.ExpectRefused(req_dh);
  rig_.ExpectRefused(set_dh, "the exchange is over");
}

// A set_client_DH_params made by hand for the exchange that `client` has begun.
class SetClientDhTest : public HandshakeRefusalTest {
 protected:
  // Knows the client's new nonce because it draws it.
  void Begin() {
    tl::mt::fn::ReqPqMulti start;
    rig_.entropy.Fill(start.nonce);
    const Bytes res_pq = rig_.Answer(MakePlainMessage(MessageId(4), start));
    tl::Arena arena;
    tl::Reader reader(ByteView(res_pq).subspan(kPlainHeaderBytes), &arena);
    tl::mt::AnyObject object;
    ASSERT_TRUE(tl::mt::ReadObject(reader, object));
    const auto& answer = *object.As<tl::mt::ResPQ>();
    nonce_ = start.nonce;
    server_nonce_ = answer.server_nonce;
    rig_.entropy.Fill(new_nonce_);
    const std::uint64_t pq = *ReadBigEndian(answer.pq);
    const Pq factors = *Factorise(pq, 1);
    const InnerData inner{pq, factors.p, factors.q, nonce_, server_nonce_, new_nonce_, {}, {}};
    const auto block =
        WrapInner(SerialiseInner(inner), RsaForm::kPad, TestRsaPublicKey(), rig_.entropy);
    const BigEndian p(factors.p);
    const BigEndian q(factors.q);
    tl::mt::fn::ReqDHParams request{nonce_,
                                    server_nonce_,
                                    p.view(),
                                    q.view(),
                                    static_cast<std::int64_t>(TestRsaKey().fingerprint()),
                                    AsText(block)};
    rig_.Answer(MakePlainMessage(MessageId(8), request));
  }
  template <class Inner>
  Bytes Packet(const Inner& inner) {
    Bytes data;
    tl::AppendTo(data, inner);
    const Bytes sealed = SealHashed(TemporaryKey(new_nonce_, server_nonce_), data, rig_.entropy);
    return MakePlainMessage(MessageId(12),
                            tl::mt::fn::SetClientDHParams{nonce_, server_nonce_, AsText(sealed)});
  }
  tl::mt::ClientDHInnerData Inner(std::string_view g_b) const {
    return {nonce_, server_nonce_, 0, g_b};
  }

  tl::Int128 nonce_{}, server_nonce_{};
  NewNonce new_nonce_{};
  const std::string good_ = "\x01" + std::string(248, '\0');  // 2^1984
};

TEST_F(SetClientDhTest, InnerObjectMustAgree) {
  const auto refused = [&](auto change, std::string_view what) {
    Begin();
    auto inner = Inner(good_);
    change(inner);
    rig_.ExpectRefused(Packet(inner), what);
    EXPECT_EQ(rig_.handshakes.size(), 0u);
  };
  using Client = tl::mt::ClientDHInnerData;
  refused([](Client& c) { c.nonce[0] ^= 1; }, "nonce");
  refused([](Client& c) { c.server_nonce[0] ^= 1; }, "server_nonce");
  refused([](Client& c) { c.retry_id = 1; }, "retry without cause");
  Begin();
  rig_.ExpectRefused(Packet(tl::mt::ServerDHInnerData{}), "another object");
  Begin();
  rig_.Only<StoreKey>(rig_.Send(Packet(Inner(good_))));
}

TEST_F(SetClientDhTest, PublicValueOutOfRangeClosesTheLinkToo) {
  crypto::DhNumber p_minus_1 = crypto::DhPrime();
  --p_minus_1.back();
  const std::string values[] = {"",
                                "\x01",
                                "\x02",
                                std::string(248, '\xff'),
                                std::string(AsText(p_minus_1)),
                                std::string(256, '\xff'),
                                "\x01" + std::string(256, '\0')};
  for (const std::string& value : values) {
    Begin();
    const auto drained = rig_.Send(Packet(Inner(value)));
    ASSERT_EQ(drained.size(), 2u);
    EXPECT_EQ(std::get<SendTransportError>(drained[0]).code, -404);
    EXPECT_EQ(std::get<CloseLink>(drained[1]).link, HandshakeRig::kLink);
    EXPECT_EQ(rig_.handshakes.size(), 0u);
  }
}

}  // namespace
}  // namespace trunkline::mtproto
