#include "server/api/webhooks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "boost/asio/io_context.hpp"
#include "boost/asio/ip/tcp.hpp"
#include "boost/beast/core.hpp"
#include "boost/beast/http.hpp"
#include "boost/json/parse.hpp"
#include "common/bytes.h"
#include "common/crypto/sha.h"

namespace trunkline::api {
namespace {

using records::Event;
using records::Oid;
using testing::ElementsAre;

// Takes deliveries one after the other and answers as told; 200 when nothing is.
class Receiver {
 public:
  struct Delivery {
    std::int64_t seq = 0;
    std::string body, signature;
  };

  Receiver() : thread_([this](const std::stop_token& stop) { Serve(stop); }) {}
  ~Receiver() {
    thread_.request_stop();
    boost::asio::io_context context;
    boost::asio::ip::tcp::socket last(context);
    boost::system::error_code ignored;
    last.connect(acceptor_.local_endpoint(), ignored);  // ends its waiting
  }
  std::string url() const {
    return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) + "/events";
  }
  void Answer(std::deque<unsigned> statuses) {
    const std::lock_guard lock(mutex_);
    statuses_ = std::move(statuses);
  }
  std::vector<Delivery> Await(std::size_t count) {
    std::unique_lock lock(mutex_);
    come_.wait(lock, [&] { return deliveries_.size() >= count; });
    return deliveries_;
  }

 private:
  void Serve(const std::stop_token& stop) {
    namespace http = boost::beast::http;
    for (;;) {
      boost::system::error_code error;
      boost::asio::ip::tcp::socket socket(context_);
      acceptor_.accept(socket, error);
      if (error || stop.stop_requested()) return;
      boost::beast::flat_buffer buffer;
      http::request<http::string_body> request;
      http::read(socket, buffer, request, error);
      if (error) continue;
      http::response<http::string_body> response;
      {
        const std::lock_guard lock(mutex_);
        const auto json = boost::json::parse(request.body());
        deliveries_.push_back({json.at("seq").to_number<std::int64_t>(), request.body(),
                               std::string(request["X-Trunkline-Signature"])});
        response.result(statuses_.empty() ? 200 : statuses_.front());
        if (!statuses_.empty()) statuses_.pop_front();
      }
      response.prepare_payload();
      http::write(socket, response, error);
      come_.notify_all();
    }
  }

  boost::asio::io_context context_;
  boost::asio::ip::tcp::acceptor acceptor_{context_,
                                           {boost::asio::ip::make_address("127.0.0.1"), 0}};
  std::mutex mutex_;
  std::condition_variable come_;
  std::deque<unsigned> statuses_;
  std::vector<Delivery> deliveries_;
  std::jthread thread_;
};

// An outbox in memory, and what the sender wrote of its webhooks.
class WebhookOutbox : public records::WebhookWriter {
 public:
  WebhookSender::Store Store() {
    return {.next = [this](Oid, std::int64_t after) -> absl::StatusOr<std::vector<Event>> {
              const std::lock_guard lock(mutex_);
              std::vector<Event> events;
              for (const Event& event : events_) {
                if (event.seq > after) events.push_back(event);
              }
              return events;
            },
            .change =
                [this](const std::function<absl::Status(records::WebhookWriter&)>& change) {
                  const std::lock_guard lock(mutex_);
                  const absl::Status status = change(*this);
                  changed_.notify_all();
                  return status;
                },
            .now_ms =
                [this] {
                  const std::lock_guard lock(mutex_);
                  return now_ms_;
                }};
  }
  void Add(std::int64_t seq) {
    const std::lock_guard lock(mutex_);
    events_.push_back({.seq = seq, .id = Oid(1, static_cast<std::uint64_t>(seq))});
  }
  void SetClock(std::int64_t now_ms) {
    const std::lock_guard lock(mutex_);
    now_ms_ = now_ms;
  }
  void AwaitAfter(std::int64_t after) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return after_ == after; });
  }
  void AwaitFailing() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return failing_since_ms_ != 0; });
  }
  std::vector<std::int64_t> dead() {
    const std::lock_guard lock(mutex_);
    return dead_;
  }

  absl::StatusOr<bool> PutWebhook(const records::Webhook&, bool, std::int64_t) override {
    return true;
  }
  absl::StatusOr<bool> RemoveWebhook(Oid, std::string_view) override { return true; }
  absl::Status Delivered(Oid, std::int64_t before, std::int64_t after) override {
    if (after_ == before) after_ = after;
    return absl::OkStatus();
  }
  absl::Status Failing(Oid, std::int64_t since_ms) override {
    failing_since_ms_ = since_ms;
    return absl::OkStatus();
  }
  absl::Status GiveUp(Oid webhook, std::int64_t before, std::int64_t seq, std::string_view,
                      std::int64_t) override {
    dead_.push_back(seq);
    return Delivered(webhook, before, seq);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Event> events_;
  std::int64_t now_ms_ = 1'700'000'000'000, after_ = 0, failing_since_ms_ = 0;
  std::vector<std::int64_t> dead_;
};

std::vector<std::int64_t> SeqsOf(const std::vector<Receiver::Delivery>& deliveries) {
  std::vector<std::int64_t> seqs;
  for (const auto& delivery : deliveries) seqs.push_back(delivery.seq);
  return seqs;
}

class WebhooksTest : public testing::Test {
 protected:
  records::Webhook To(const Receiver& receiver) const {
    return {.id = Oid(1, 1),
            .organization = Oid(1, 2),
            .name = "crm",
            .url = receiver.url(),
            .secret = "s3cret"};
  }

  Receiver receiver_;
  WebhookOutbox outbox_;
  WebhookSender sender_{outbox_.Store(), nullptr};
};

// By hand: printf '1700000000.{}' | openssl dgst -sha256 -hmac s3cret
TEST(WebhookSignatureTest, CanBeCheckedByAnybody) {
  EXPECT_EQ(
      WebhookSignature("s3cret", 1'700'000'000, "{}"),
      "t=1700000000,v1=" + ToHex(crypto::HmacSha256(AsBytes("s3cret"), AsBytes("1700000000.{}"))));
}

TEST(WebhookPauseTest, DoublesUpToTenMinutes) {
  EXPECT_EQ(records::WebhookPauseMs(1), 1'000);
  EXPECT_EQ(records::WebhookPauseMs(2), 2'000);
  EXPECT_EQ(records::WebhookPauseMs(10), 512'000);
  EXPECT_EQ(records::WebhookPauseMs(11), 600'000);
  EXPECT_EQ(records::WebhookPauseMs(1'000'000), 600'000);
}

// in order, and again what wasn't taken.
TEST_F(WebhooksTest, DeliversInOrderAndAgain) {
  receiver_.Answer({200, 500, 200});
  for (const std::int64_t seq : {1, 2, 3}) outbox_.Add(seq);
  sender_.Set({To(receiver_)});
  const auto deliveries = receiver_.Await(4);
  EXPECT_THAT(SeqsOf(deliveries), ElementsAre(1, 2, 2, 3));
  EXPECT_EQ(deliveries[1].body, deliveries[2].body);
  EXPECT_EQ(deliveries[0].signature, WebhookSignature("s3cret", 1'700'000'000, deliveries[0].body));
  outbox_.AwaitAfter(3);
  outbox_.Add(4);
  sender_.Tell();
  EXPECT_THAT(SeqsOf(receiver_.Await(5)), ElementsAre(1, 2, 2, 3, 4));
}

TEST_F(WebhooksTest, GivesAnEventUpAfterADay) {
  receiver_.Answer({500, 404});
  outbox_.Add(1);
  outbox_.Add(2);
  sender_.Set({To(receiver_)});
  outbox_.AwaitFailing();
  outbox_.SetClock(1'700'000'000'000 + records::kWebhookTriesMs);
  EXPECT_THAT(SeqsOf(receiver_.Await(3)), ElementsAre(1, 1, 2));
  outbox_.AwaitAfter(2);
  EXPECT_THAT(outbox_.dead(), ElementsAre(1));
}

TEST_F(WebhooksTest, OneThatIsGoneIsLeftAlone) {
  outbox_.Add(1);
  sender_.Set({To(receiver_)});
  receiver_.Await(1);
  outbox_.AwaitAfter(1);
  sender_.Set({});
  outbox_.Add(2);
  sender_.Tell();
  records::Webhook back = To(receiver_);
  back.after = 2;
  sender_.Set({back});
  outbox_.Add(3);
  sender_.Tell();
  EXPECT_THAT(SeqsOf(receiver_.Await(2)), ElementsAre(1, 3));
}

// A receiver that never answers doesn't hold up the end.
TEST(WebhookSenderTest, EndsInMidDelivery) {
  boost::asio::io_context context;
  boost::asio::ip::tcp::acceptor silent(context, {boost::asio::ip::make_address("127.0.0.1"), 0});
  WebhookOutbox outbox;
  outbox.Add(1);
  WebhookSender sender(outbox.Store(), nullptr);
  sender.Set({{.id = Oid(1, 1),
               .organization = Oid(1, 2),
               .name = "crm",
               .url = "http://127.0.0.1:" + std::to_string(silent.local_endpoint().port()),
               .secret = "s"}});
  boost::asio::ip::tcp::socket connected(context);
  silent.accept(connected);
}

}  // namespace
}  // namespace trunkline::api
