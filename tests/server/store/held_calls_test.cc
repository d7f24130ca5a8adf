#include "server/store/held_calls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace trunkline::store {
namespace {

namespace fact = book::fact;
using testing::ElementsAre;
using testing::IsEmpty;

class HeldCallsTest : public testing::Test {
 protected:
  // The rows that taking this one folds.
  std::vector<std::int64_t> Take(std::int64_t seq, book::Stream stream, std::int64_t id,
                                 book::FactBody body) {
    folded_.clear();
    EXPECT_TRUE(held_.Take(seq, book::Fact{stream, id, 1, std::move(body)}, Fold()).ok());
    return folded_;
  }
  std::vector<std::int64_t> OfCall(std::int64_t seq, std::int64_t call, book::FactBody body) {
    return Take(seq, book::Stream::kCall, call, std::move(body));
  }
  std::vector<std::int64_t> Release() {
    folded_.clear();
    EXPECT_TRUE(held_.Release(Fold()).ok());
    return folded_;
  }
  std::function<absl::Status(std::int64_t, book::Fact)> Fold() {
    return [this](std::int64_t seq, const book::Fact&) {
      folded_.push_back(seq);
      return seq == broken_ ? absl::InternalError("broken") : absl::OkStatus();
    };
  }

  HeldCalls held_;
  std::vector<std::int64_t> folded_;
  std::int64_t broken_ = -1;
};

TEST_F(HeldCallsTest, ACallComesWholeWithItsEnd) {
  EXPECT_THAT(OfCall(1, 7, fact::CallRequested{}), IsEmpty());
  EXPECT_THAT(OfCall(2, 8, fact::CallRequested{}), IsEmpty());
  EXPECT_THAT(OfCall(3, 7, fact::CallReceived{}), IsEmpty());
  EXPECT_EQ(held_.oldest_seq(), 1);
  EXPECT_THAT(OfCall(4, 7, fact::CallEnded{}), ElementsAre(1, 3, 4));
  EXPECT_EQ(held_.rows(), 1u);
  EXPECT_EQ(held_.oldest_seq(), 2);
  EXPECT_THAT(OfCall(5, 7, fact::CallRated{}), ElementsAre(5));
  EXPECT_THAT(OfCall(6, 8, fact::CallEnded{}), ElementsAre(2, 6));
  EXPECT_EQ(held_.rows(), 0u);
  EXPECT_EQ(held_.oldest_seq(), std::nullopt);
}

TEST_F(HeldCallsTest, WhatBeganBeforeOrIsNoCallPasses) {
  EXPECT_THAT(OfCall(1, 7, fact::CallAccepted{}), ElementsAre(1));
  EXPECT_THAT(OfCall(2, 8, fact::CallRequested{}), IsEmpty());
  // Streams number their entities apart.
  EXPECT_THAT(Take(3, book::Stream::kUser, 8, fact::UserSeen{}), ElementsAre(3));
  EXPECT_THAT(OfCall(4, 7, fact::CallEnded{}), ElementsAre(4));
}

TEST_F(HeldCallsTest, ReleasedRowsComeInTheirOrder) {
  for (int call = 0; call < 20; ++call) OfCall(1 + call, 100 - call, fact::CallRequested{});
  for (int call = 0; call < 20; ++call) OfCall(21 + call, 81 + call, fact::CallReceived{});
  const std::vector<std::int64_t> rows = Release();
  ASSERT_EQ(rows.size(), 40u);
  for (std::size_t i = 0; i < rows.size(); ++i) EXPECT_EQ(rows[i], static_cast<int>(i) + 1);
  EXPECT_EQ(held_.rows(), 0u);
  EXPECT_THAT(Release(), IsEmpty());
  EXPECT_THAT(OfCall(41, 90, fact::CallEnded{}), ElementsAre(41));
}

TEST_F(HeldCallsTest, AnErrorIsTheFoldersAndForgettingStartsAnew) {
  OfCall(1, 7, fact::CallRequested{});
  broken_ = 1;
  const auto status =
      held_.Take(2, book::Fact{book::Stream::kCall, 7, 2, fact::CallEnded{}}, Fold());
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  OfCall(3, 8, fact::CallRequested{});
  held_.Forget();
  EXPECT_EQ(held_.rows(), 0u);
  EXPECT_THAT(Release(), IsEmpty());
}

}  // namespace
}  // namespace trunkline::store
