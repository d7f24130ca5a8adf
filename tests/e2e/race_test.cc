// Several devices act in the same instant: whatever the order, one of them wins, everybody is told
// the same, and the call goes on or ends once.

#include <algorithm>
#include <optional>
#include <vector>

#include "tests/e2e/fixture.h"
#include "tests/e2e/live_call.h"

namespace trunkline::e2e {
namespace {

constexpr int kRounds = 12;
constexpr int kDevices = 6;

class RaceTest : public WithServer {
 protected:
  static void SetUpTestSuite() {
    directory_ = std::make_unique<TempDir>();
    server_ = std::make_unique<ServerProcess>(directory_->path(),
                                              std::vector<std::string>{"--threads", "3"});
    ASSERT_TRUE(server_->started()) << server_->ready_line();
  }

  RaceTest() : pair_(NewPair()), call_(pair_.a.get(), pair_.b.get(), pair_.b_for_a, &entropy_) {
    more_.push_back(std::move(pair_.b));
    for (int i = 1; i < kDevices; ++i) {
      more_.push_back(SignedIn(pair_.b_number));
      EXPECT_TRUE(more_.back()->Ask(fn::updates::GetState{}).ok());
    }
  }

  // All of these go out before any of them is answered.
  struct Asked {
    Device* device;
    Bytes body;
    std::optional<load::Reply> reply{};
  };
  void AskAtOnce(std::vector<Asked>& asked) {
    for (Asked& one : asked) {
      one.device->client().InvokeBody(one.body,
                                      [&one](const load::Reply& reply) { one.reply = reply; });
    }
    const auto all_answered = [&asked] {
      return std::all_of(asked.begin(), asked.end(), [](const Asked& one) { return one.reply; });
    };
    ASSERT_TRUE(load::RunUntil(io_, all_answered, kPatience));
  }

  template <class Method>
  static Bytes Body(Device& device, const Method& method) {
    Bytes body;
    tl::AppendTo(body, method, device.client().options().layer);
    return body;
  }
  Bytes AcceptBody(Device& device) {
    const api::InputPhoneCall peer = call_.PeerFor(device);
    const api::PhoneCallProtocol protocol = TestProtocol();
    const crypto::DhPair pair = crypto::MakeDhPair(entropy_);
    return Body(device,
                fn::phone::AcceptCall{
                    .peer = &peer, .g_b = AsText(pair.public_value), .protocol = &protocol});
  }
  Bytes DiscardBody(Device& device) {
    const api::InputPhoneCall peer = call_.PeerFor(device);
    const api::PhoneCallDiscardReasonBusy reason;
    return Body(device, fn::phone::DiscardCall{.peer = &peer, .reason = &reason});
  }

  bool RingAll() {
    if (!call_.Request()) return false;
    return std::all_of(more_.begin(), more_.end(),
                       [this](const auto& device) { return call_.Ring(*device); });
  }
  // Of the call's message in that device's box, as pushed or as answered.
  static std::uint32_t ReasonIn(const api::UpdateNewMessage& update) {
    const auto* message = update.message.As<api::MessageService>();
    const auto* action =
        message == nullptr ? nullptr : message->action.As<api::MessageActionPhoneCall>();
    return action == nullptr ? 0 : action->reason().id();
  }
  static std::uint32_t PushedReason(Device& device) {
    const auto* update = device.Await<api::UpdateNewMessage>();
    return update == nullptr ? 0 : ReasonIn(*update);
  }
  static std::uint32_t AnsweredReason(Device& device, const load::Reply& reply) {
    const auto any = device.Result<fn::phone::DiscardCall>(reply);
    const auto* updates = any ? any->As<api::Updates>() : nullptr;
    if (updates == nullptr) return 0;
    for (const api::AnyUpdate& update : updates->updates) {
      if (const auto* message = update.As<api::UpdateNewMessage>()) return ReasonIn(*message);
    }
    return 0;
  }
  void Forget() {
    pair_.a->updates().clear();
    for (const auto& device : more_) device->updates().clear();
  }

  Pair pair_;
  LiveCall call_;
  std::vector<std::unique_ptr<Device>> more_;  // of b
};

TEST_F(RaceTest, OneOfSixAccepts) {
  for (int round = 0; round < kRounds; ++round) {
    ASSERT_TRUE(RingAll()) << round;
    std::vector<Asked> asked;
    for (const auto& device : more_) asked.push_back({device.get(), AcceptBody(*device)});
    AskAtOnce(asked);
    Device* winner = nullptr;
    for (Asked& one : asked) {
      if (one.device->CallOf<api::PhoneCallWaiting>(*one.reply) != nullptr) {
        EXPECT_EQ(winner, nullptr) << "two devices took the call, round " << round;
        winner = one.device;
      } else {
        EXPECT_EQ(one.reply->Text(), "400 CALL_ALREADY_ACCEPTED");
        EXPECT_NE(one.device->AwaitCall<api::PhoneCallDiscarded>(), nullptr) << "stops ringing";
      }
    }
    ASSERT_NE(winner, nullptr) << round;
    EXPECT_NE(pair_.a->AwaitCall<api::PhoneCallAccepted>(), nullptr);
    EXPECT_TRUE(pair_.a->Ping());
    EXPECT_FALSE(pair_.a->HasCall<api::PhoneCallAccepted>()) << "told once";
    EXPECT_TRUE(call_.TellsEnd(*winner, call_.AskDiscard(*winner)));
    EXPECT_NE(pair_.a->AwaitCall<api::PhoneCallDiscarded>(), nullptr);
    Forget();
  }
}

TEST_F(RaceTest, AcceptAndDeclineAndHangUpCross) {
  for (int round = 0; round < kRounds; ++round) {
    ASSERT_TRUE(RingAll()) << round;
    Device &taker = *more_[0], &decliner = *more_[1];
    std::vector<Asked> asked;
    asked.push_back({&taker, AcceptBody(taker)});
    asked.push_back({&decliner, DiscardBody(decliner)});
    if (round % 2 == 0) asked.push_back({pair_.a.get(), DiscardBody(*pair_.a)});
    if (round % 3 == 0) std::swap(asked.front(), asked.back());
    AskAtOnce(asked);
    for (Asked& one : asked) {
      const std::string text = one.reply->Text();
      if (one.device == &taker) {
        EXPECT_TRUE(text == "ok" || text == "400 CALL_ALREADY_DECLINED") << text;
      } else if (one.device == &decliner) {
        EXPECT_TRUE(text == "ok" || text == "400 CALL_ALREADY_ACCEPTED") << text;
      } else {
        EXPECT_EQ(text, "ok") << "its caller can always end it";
      }
    }
    // Ends it if nobody did; and tells everybody one reason.
    const load::Reply reply = call_.AskDiscard(*pair_.a);
    ASSERT_TRUE(call_.TellsEnd(*pair_.a, reply)) << reply.Text();
    const std::uint32_t reason = AnsweredReason(*pair_.a, reply);
    EXPECT_NE(reason, 0u);
    EXPECT_EQ(PushedReason(*more_[2]), reason) << round;
    Forget();
  }
}

}  // namespace
}  // namespace trunkline::e2e
