#include "server/store/fact_codec.h"

#include <gtest/gtest.h>

#include <set>

#include "server/store/fact_parts.h"
#include "tests/server/store/world.h"

namespace trunkline::store {
namespace {

namespace fact = book::fact;

Bytes Encoded(const book::FactBody& body) {
  FactCodec codec;
  const ByteView bytes = codec.Encode(body);
  return Bytes(bytes.begin(), bytes.end());
}

TEST(FactCodecTest, EveryFieldOfEveryKindComesBack) {
  FactCodec codec;
  std::set<std::size_t> kinds;
  for (const book::FactBody& body : EveryKind()) {
    kinds.insert(body.index());
    const auto back = codec.Decode(Encoded(body));
    ASSERT_TRUE(back) << Describe(body);
    EXPECT_EQ(Describe(*back), Describe(body));
  }
  EXPECT_EQ(kinds.size(), std::variant_size_v<book::FactBody>);
}

template <std::size_t... I>
std::vector<book::FactBody> Defaults(std::index_sequence<I...>) {
  return {book::FactBody(std::in_place_index<I>)...};
}

TEST(FactCodecTest, DefaultsComeBackAsTheirKind) {
  FactCodec codec;
  for (const book::FactBody& body :
       Defaults(std::make_index_sequence<std::variant_size_v<book::FactBody>>())) {
    const auto back = codec.Decode(Encoded(body));
    ASSERT_TRUE(back) << body.index();
    EXPECT_EQ(Describe(*back), Describe(body));
  }
}

TEST(FactCodecTest, OneCodecServesManyFactsInTurn) {
  FactCodec codec;
  const auto kinds = EveryKind();
  for (int round = 0; round < 3; ++round) {
    for (const book::FactBody& body : kinds) {
      const ByteView bytes = codec.Encode(body);
      EXPECT_EQ(Bytes(bytes.begin(), bytes.end()), Encoded(body));
    }
  }
}

TEST(FactCodecTest, RefusesWhatIsNoFact) {
  FactCodec codec;
  EXPECT_FALSE(codec.Decode({}));
  const Bytes unknown_kind = FromHex("fa1f00");  // field 511
  EXPECT_FALSE(codec.Decode(unknown_kind));
  const Bytes not_protobuf(40, 0xff);
  EXPECT_FALSE(codec.Decode(not_protobuf));
}

TEST(FactCodecTest, RefusesAKeyOfAnotherLength) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{255}, std::size_t{257}}) {
    Row row;
    row.mutable_key_created()->set_key(std::string(size, 'k'));
    FactCodec codec;
    EXPECT_FALSE(codec.Decode(AsBytes(row.SerializeAsString()))) << size;
  }
}

// Rows of earlier versions don't say who ended the call.
TEST(FactCodecTest, WhoEndedACallFollowsFromItsReasonIfNotSaid) {
  const std::pair<call::Reason, call::EndedBy> rows[] = {
      {call::Reason::kBusy, call::EndedBy::kCallee},
      {call::Reason::kMissed, call::EndedBy::kCaller},
      {call::Reason::kHangup, call::EndedBy::kCaller},
      {call::Reason::kDisconnect, call::EndedBy::kServer},
  };
  FactCodec codec;
  for (const auto& [reason, by] : rows) {
    Row row;
    row.mutable_call_ended()->set_reason(static_cast<std::uint32_t>(reason));
    const auto body = codec.Decode(AsBytes(row.SerializeAsString()));
    ASSERT_TRUE(body);
    EXPECT_EQ(std::get<fact::CallEnded>(*body).ended_by, by);
    row.mutable_call_ended()->set_ended_by(3);
    EXPECT_EQ(std::get<fact::CallEnded>(*codec.Decode(AsBytes(row.SerializeAsString()))).ended_by,
              call::EndedBy::kServer);
    row.mutable_call_ended()->set_ended_by(4);
    EXPECT_FALSE(codec.Decode(AsBytes(row.SerializeAsString())));
  }
}

TEST(FactCodecTest, RefusesEnumsOutOfRange) {
  Row reason, privacy_key, rule, connection;
  reason.mutable_call_ended()->set_reason(5);
  privacy_key.mutable_privacy_set()->set_key(2);
  rule.mutable_privacy_set()->mutable_rules()->add_rules()->set_kind(6);
  connection.mutable_call_confirmed()->mutable_callee_connections()->add_connections()->set_kind(2);
  FactCodec codec;
  for (const Row& row : {reason, privacy_key, rule, connection}) {
    EXPECT_FALSE(codec.Decode(AsBytes(row.SerializeAsString()))) << row.DebugString();
  }
  reason.mutable_call_ended()->set_reason(4);
  EXPECT_TRUE(codec.Decode(AsBytes(reason.SerializeAsString())));
}

// A damaged row is refused or read as some fact; it never brings the process down.
TEST(FactCodecTest, DamagedBytesAreHarmless) {
  FactCodec codec;
  for (const book::FactBody& body : EveryKind()) {
    const Bytes whole = Encoded(body);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      Bytes damaged(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
      codec.Decode(damaged);
      damaged = whole;
      damaged[size] ^= static_cast<std::uint8_t>(1u << (size % 8));
      codec.Decode(damaged);
    }
    EXPECT_FALSE(codec.Decode(ByteView(whole).first(1)));
  }
}

}  // namespace
}  // namespace trunkline::store
