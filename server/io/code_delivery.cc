#include "server/io/code_delivery.h"

#include <charconv>
#include <utility>

#include "common/log.h"
#include "common/secret.h"

namespace trunkline::io {
namespace {

// Both are digits, checked where they were made; anything else is left out instead of escaped.
std::string DigitsOf(const std::string& text) {
  std::string digits;
  for (const char c : text) {
    if (c >= '0' && c <= '9') digits.push_back(c);
  }
  return digits;
}

}  // namespace

absl::StatusOr<WebhookTarget> ParseWebhook(const std::string& url) {
  constexpr std::string_view kScheme = "http://";
  if (!url.starts_with(kScheme)) return absl::InvalidArgumentError("must start with http://");
  const std::string rest = url.substr(kScheme.size());
  const std::size_t slash = rest.find('/');
  const std::string authority = rest.substr(0, slash);
  WebhookTarget target;
  target.path = slash == std::string::npos ? "/" : rest.substr(slash);
  const std::size_t colon = authority.rfind(':');
  const bool bare_ipv6 = colon != std::string::npos && authority.back() == ']';
  if (colon == std::string::npos || bare_ipv6) {
    target.host = authority;
    target.port = "80";
  } else {
    target.host = authority.substr(0, colon);
    target.port = authority.substr(colon + 1);
  }
  if (target.host.starts_with('[') && target.host.ends_with(']')) {
    target.host = target.host.substr(1, target.host.size() - 2);
  }
  std::uint16_t port = 0;
  const char* const end = target.port.data() + target.port.size();
  const auto parsed = std::from_chars(target.port.data(), end, port);
  if (target.host.empty() || parsed.ec != std::errc() || parsed.ptr != end || port == 0) {
    return absl::InvalidArgumentError("must be http://HOST:PORT/PATH");
  }
  for (const char c : url) {
    if (c <= ' ' || c == 127) return absl::InvalidArgumentError("must not contain blanks");
  }
  return target;
}

CodeDelivery::CodeDelivery(CodeDeliveryConfig config, Stats* stats)
    : config_(std::move(config)), stats_(stats) {
  if (config_.enabled()) thread_ = std::thread([this] { Run(); });
}

CodeDelivery::~CodeDelivery() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    letters_.clear();
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void CodeDelivery::Deliver(std::string phone, std::string code) {
  {
    const std::lock_guard lock(mutex_);
    if (letters_.size() >= kCodesWaitingMax || stopping_ || !config_.enabled()) {
      stats_->codes_failed.Add();
      return;
    }
    letters_.push_back(Letter{std::move(phone), std::move(code)});
  }
  wake_.notify_one();
}

void CodeDelivery::Run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !letters_.empty(); });
    if (stopping_) return;
    Letter letter = std::move(letters_.front());
    letters_.pop_front();
    lock.unlock();
    const absl::Status status = Send(letter);
    Wipe(letter.code.data(), letter.code.size());
    if (status.ok()) {
      stats_->codes_delivered.Add();
    } else {
      stats_->codes_failed.Add();
      log::Warn("a login code was not delivered: {}", std::string(status.message()));
    }
    lock.lock();
  }
}

absl::Status CodeDelivery::Send(const Letter& letter) const {
  const std::string phone = DigitsOf(letter.phone), code = DigitsOf(letter.code);
  if (!config_.command.empty()) {
    return RunCodeCommand(config_.command, phone + " " + code + "\n", config_.timeout);
  }
  const auto target = ParseWebhook(config_.webhook);
  if (!target.ok()) return target.status();
  const std::string json = R"({"phone":")" + phone + R"(","code":")" + code + "\"}";
  return PostCode(*target, json, config_.timeout);
}

}  // namespace trunkline::io
