#include "server/api/webhooks.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/bytes.h"
#include "common/crypto/sha.h"
#include "common/log.h"
#include "server/api/event_text.h"
#include "server/http/post.h"

namespace trunkline::api {
namespace {

constexpr Duration kAnswerTimeout = std::chrono::seconds(10);

absl::string_view Absl(std::string_view text) {
  return {text.data(), text.size()};
}

}  // namespace

std::string WebhookSignature(std::string_view secret, std::int64_t unix_s, std::string_view body) {
  const std::string signed_text = absl::StrCat(unix_s, ".", Absl(body));
  const auto mac = crypto::HmacSha256(AsBytes(secret), AsBytes(signed_text));
  return absl::StrCat("t=", unix_s, ",v1=", ToHex(mac));
}

// One webhook and its thread.
class WebhookSender::Line {
 public:
  Line(records::Webhook webhook, const Store* store, const crypto::TlsClient* trust)
      : webhook_(std::move(webhook)),
        store_(store),
        trust_(trust),
        thread_([this](const std::stop_token& stop) { Run(stop); }) {}

  const records::Webhook& webhook() const { return webhook_; }
  void Stop() { thread_.request_stop(); }
  void Tell() {
    {
      const std::lock_guard lock(mutex_);
      told_ = true;
    }
    wake_.notify_one();
  }

 private:
  void Run(const std::stop_token& stop) {
    const auto target = http::ParseTarget(webhook_.url);
    if (!target.ok()) return;  // it was checked when it was put
    after_ = kept_ = webhook_.after;
    failing_since_ms_ = webhook_.failing_since_ms;
    while (!stop.stop_requested()) {
      const auto events = store_->next(webhook_.organization, after_);
      if (!events.ok() || events->empty()) {
        Wait(stop, events.ok() ? std::nullopt : std::optional(records::WebhookPauseMs(1)));
        continue;
      }
      for (const records::Event& event : *events) {
        if (!Deliver(*target, event, stop)) break;
      }
      KeepMoved();
    }
  }

  void KeepMoved() {
    if (after_ == kept_) return;
    if (Keep([this](auto& writer) { return writer.Delivered(webhook_.id, kept_, after_); })) {
      kept_ = after_;
    }
  }

  // False: the next one has to wait, or we were stopped.
  bool Deliver(const http::Target& target, const records::Event& event,
               const std::stop_token& stop) {
    const std::string body = EventJson(event);
    const std::string signature = WebhookSignature(webhook_.secret, store_->now_ms() / 1000, body);
    const absl::Status posted = http::PostJson(target, {{"X-Trunkline-Signature", signature}}, body,
                                               kAnswerTimeout, trust_, stop);
    if (stop.stop_requested()) return false;
    if (posted.ok()) {
      after_ = event.seq;
      failed_ = 0;
      failing_since_ms_ = 0;
      return true;
    }
    Refused(event, posted, stop);
    return false;
  }

  void Refused(const records::Event& event, const absl::Status& why, const std::stop_token& stop) {
    const std::int64_t now_ms = store_->now_ms();
    if (failing_since_ms_ == 0) {
      failing_since_ms_ = now_ms;
      KeepMoved();
      Keep([this](auto& writer) { return writer.Failing(webhook_.id, failing_since_ms_); });
      log::Warn("webhook {}: event {} was not taken: {}", webhook_.id.Hex(), event.seq,
                std::string(why.message()));
    }
    if (now_ms - failing_since_ms_ < records::kWebhookTriesMs) {
      return Wait(stop, records::WebhookPauseMs(++failed_), false);
    }
    log::Warn("webhook {}: event {} is given up", webhook_.id.Hex(), event.seq);
    const std::string error(why.message());
    KeepMoved();
    if (!Keep([&](auto& writer) {
          return writer.GiveUp(webhook_.id, kept_, event.seq, error, now_ms);
        })) {
      return Wait(stop, records::WebhookPauseMs(1), false);
    }
    after_ = kept_ = event.seq;
    failed_ = 0;
    failing_since_ms_ = 0;
  }

  // What isn't kept is delivered once more after a restart.
  bool Keep(std::function<absl::Status(records::WebhookWriter&)> change) {
    const absl::Status kept = store_->change(std::move(change));
    if (!kept.ok()) {
      log::Warn("webhook {}: how far it is can't be kept: {}", webhook_.id.Hex(),
                std::string(kept.message()));
    }
    return kept.ok();
  }

  // Until told, if `by_news`, or until so long has passed, if it is bounded.
  void Wait(const std::stop_token& stop, std::optional<std::int64_t> bound_ms,
            bool by_news = true) {
    std::unique_lock lock(mutex_);
    const auto woken = [&] { return by_news && told_; };
    if (bound_ms) {
      wake_.wait_for(lock, stop, std::chrono::milliseconds(*bound_ms), woken);
    } else {
      wake_.wait(lock, stop, woken);
    }
    told_ = false;
  }

  const records::Webhook webhook_;
  const Store* const store_;
  const crypto::TlsClient* const trust_;
  std::int64_t after_ = 0, kept_ = 0, failing_since_ms_ = 0;
  int failed_ = 0;  // tries in a row
  std::mutex mutex_;
  std::condition_variable_any wake_;
  bool told_ = false;
  std::jthread thread_;  // uses all of the above
};

WebhookSender::WebhookSender(Store store, std::shared_ptr<const crypto::TlsClient> trust)
    : store_(std::move(store)), trust_(std::move(trust)) {}

WebhookSender::~WebhookSender() {
  for (const auto& line : lines_) line->Stop();
}

// One that changed ends before it begins anew, so that no two deliver the same events side by side.
void WebhookSender::Set(std::vector<records::Webhook> webhooks, records::Oid moved) {
  std::vector<std::unique_ptr<Line>> ended;
  {
    const std::lock_guard lock(mutex_);
    for (std::unique_ptr<Line>& line : lines_) {
      const records::Webhook& old = line->webhook();
      const auto found = std::find_if(webhooks.begin(), webhooks.end(), [&](const auto& one) {
        return one.id == old.id && one.id != moved && one.url == old.url &&
               one.secret == old.secret;
      });
      if (found != webhooks.end()) {
        webhooks.erase(found);
      } else {
        line->Stop();
        ended.push_back(std::move(line));
      }
    }
    std::erase(lines_, nullptr);
  }
  ended.clear();  // joins
  const std::lock_guard lock(mutex_);
  for (records::Webhook& webhook : webhooks) {
    lines_.push_back(std::make_unique<Line>(std::move(webhook), &store_, trust_.get()));
  }
}

void WebhookSender::Tell() {
  const std::lock_guard lock(mutex_);
  for (const auto& line : lines_) line->Tell();
}

}  // namespace trunkline::api
