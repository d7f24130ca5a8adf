#include "server/api/rate_limit.h"

#include <algorithm>

#include "boost/asio/ip/address.hpp"
#include "common/address_key.h"

namespace trunkline::api {
namespace {

constexpr std::int64_t kOne = 1000;  // a request, in thousandths

}  // namespace

RateLimit::RateLimit(Rate rate, std::size_t keys_max) : rate_(rate), keys_max_(keys_max) {}

// Tokens a second are thousandths a millisecond.
std::int64_t RateLimit::LevelOf(const Bucket& bucket, std::int64_t now_ms) const {
  const std::int64_t full = rate_.burst * kOne;
  const std::int64_t rested = std::max<std::int64_t>(now_ms - bucket.at_ms, 0);
  const std::int64_t missing = full - bucket.level;
  if (rested > missing / rate_.per_second) return full;
  return bucket.level + rested * rate_.per_second;
}

std::optional<std::int64_t> RateLimit::SecondsAt(std::int64_t level) const {
  if (level >= kOne) return std::nullopt;
  const std::int64_t wait_ms = (kOne - level + rate_.per_second - 1) / rate_.per_second;
  return std::max<std::int64_t>((wait_ms + 999) / 1000, 1);
}

RateLimit::Bucket& RateLimit::Used(std::string_view key, std::int64_t now_ms) {
  const auto known = by_key_.find(key);
  if (known != by_key_.end()) {
    buckets_.splice(buckets_.begin(), buckets_, known->second);
    return buckets_.front();
  }
  if (buckets_.size() >= keys_max_) {
    by_key_.erase(buckets_.back().key);
    buckets_.pop_back();
  }
  buckets_.push_front({std::string(key), rate_.burst * kOne, now_ms});
  by_key_.emplace(buckets_.front().key, buckets_.begin());
  return buckets_.front();
}

std::optional<std::int64_t> RateLimit::Take(std::string_view key, std::int64_t now_ms) {
  if (rate_.per_second == 0) return std::nullopt;
  Bucket& bucket = Used(key, now_ms);
  bucket.level = LevelOf(bucket, now_ms);
  bucket.at_ms = now_ms;
  const auto wait = SecondsAt(bucket.level);
  if (!wait) bucket.level -= kOne;
  return wait;
}

std::optional<std::int64_t> RateLimit::Wait(std::string_view key, std::int64_t now_ms) const {
  if (rate_.per_second == 0) return std::nullopt;
  const auto known = by_key_.find(key);
  if (known == by_key_.end()) return std::nullopt;
  return SecondsAt(LevelOf(*known->second, now_ms));
}

std::string ClientOf(std::string_view address) {
  boost::system::error_code error;
  const auto parsed = boost::asio::ip::make_address(std::string(address), error);
  if (error) return std::string(address);
  const boost::asio::ip::address_v6 key(KeyOf(parsed));
  if (!key.is_v4_mapped()) return key.to_string();
  return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, key).to_string();
}

}  // namespace trunkline::api
