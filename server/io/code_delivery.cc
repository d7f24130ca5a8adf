#include "server/io/code_delivery.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/log.h"
#include "common/secret.h"
#include "server/http/post.h"

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
  const auto target = http::ParseTarget(config_.webhook);
  if (!target.ok()) return target.status();
  const std::string json = R"({"phone":")" + phone + R"(","code":")" + code + "\"}";
  const absl::Status posted =
      http::PostJson(*target, {}, json, config_.timeout, config_.trust.get());
  if (posted.ok()) return posted;
  return {posted.code(), absl::StrCat("code.webhook: ", posted.message())};
}

}  // namespace trunkline::io
