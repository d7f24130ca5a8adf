// The drawing of a conversation, and that descriptions of messages hold no secrets.

#include "bench/load/ladder.h"

#include <gtest/gtest.h>

#include "bench/load/describe.h"
#include "tl/api_types.h"
#include "tl/mt_types.h"
#include "tl/runtime/codec.h"

namespace trunkline::load {
namespace {

namespace api = tl::api;
namespace fn = tl::api::fn;

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

TEST(LadderTest, DrawsArrowsBetweenThreePosts) {
  const WallTime start = FromUnixSeconds(100);
  Ladder ladder(start);
  ladder.Add(start, Side::kCaller, Ladder::Towards::kServer, "ask");
  ladder.Add(start + std::chrono::microseconds(1500), Side::kCallee, Ladder::Towards::kClient,
             "ring");
  ladder.Note(start, Side::kCallee, "thinks");
  const std::vector<std::string> lines = Lines(ladder.Draw("caller", "callee"));
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[1].substr(0, 17), "     0.0 |-- ask ");
  EXPECT_EQ(lines[2].substr(0, 9), "     1.5 ");
  const std::size_t middle = lines[1].find('|', 10);
  ASSERT_NE(middle, std::string::npos);
  EXPECT_EQ(lines[1][middle - 1], '>');
  EXPECT_EQ(lines[2][middle], '|');
  EXPECT_EQ(lines[2].substr(middle, 9), "|-- ring ");
  EXPECT_EQ(lines[2][lines[2].size() - 2], '>');
  for (const std::string& line : {lines[1], lines[2], lines[3]}) {
    EXPECT_EQ(line[middle], '|');
    EXPECT_EQ(line.size(), lines[1].size());
  }
  EXPECT_EQ(lines[0].find("server"), middle - 2);
}

TEST(LadderTest, LongTextsAreCut) {
  const WallTime start = FromUnixSeconds(100);
  Ladder ladder(start);
  ladder.Add(start, Side::kCaller, Ladder::Towards::kClient, std::string(500, 'x'));
  EXPECT_LT(Lines(ladder.Draw("a", "b"))[1].size(), 200u);
}

TEST(DescribeTest, NamesWhatWasOnTheWireAndNoSecret) {
  const std::string g_a(256, 's');
  const api::InputPhoneCall peer{.id = 1, .access_hash = 2};
  const api::PhoneCallProtocol protocol;
  Bytes body;
  tl::AppendTo(body, fn::phone::ConfirmCall{.peer = &peer, .g_a = g_a, .protocol = &protocol}, 198);
  EXPECT_EQ(DescribeQuery(body), "phone.confirmCall#2efe1722 g_a:256");

  const api::InputUserSelf user;
  const std::string hash(32, 'h');
  Bytes request;
  tl::AppendTo(request,
               fn::phone::RequestCall{.user_id = &user, .g_a_hash = hash, .protocol = &protocol},
               198);
  EXPECT_EQ(DescribeQuery(request), "phone.requestCall#a6c4600c g_a_hash:32");
}

TEST(DescribeTest, ShowsTheCallInsideByItsOwnLayersId) {
  const api::PhoneCallProtocol protocol;
  const api::PhoneCallWaiting waiting =
      api::PhoneCallWaiting{.protocol = &protocol}.set_receive_date(1);
  const api::phone::PhoneCall result{.phone_call = &waiting};
  Bytes at_198, at_229;
  tl::AppendTo(at_198, result, 198);
  tl::AppendTo(at_229, result, 229);
  EXPECT_EQ(DescribeResult(at_198), "phoneCallWaiting#eed42858 ringing");
  EXPECT_EQ(DescribeResult(at_229), "phoneCallWaiting#c5226f17 ringing");
}

TEST(DescribeTest, ShowsErrorsAndUpdates) {
  Bytes error;
  tl::AppendTo(error, tl::mt::RpcError{.error_code = 400, .error_message = "CALL_PEER_INVALID"});
  EXPECT_EQ(DescribeResult(error), "400 CALL_PEER_INVALID");

  const api::UpdatePhoneCallSignalingData signal{.phone_call_id = 1, .data = "abc"};
  Bytes update;
  tl::AppendTo(update, api::UpdateShort{.update = &signal}, 198);
  EXPECT_EQ(DescribeUpdates(update), "updatePhoneCallSignalingData data:3");
  EXPECT_EQ(DescribeResult(FromHex("efbeadde")), "?#deadbeef");
}

}  // namespace
}  // namespace trunkline::load
