// Token buckets: how often somebody may ask. Pure; the caller brings the time.
#pragma once

#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"

namespace trunkline::api {

struct Rate {
  std::int64_t per_second = 0;  // 0: as often as they like
  std::int64_t burst = 1;       // at once, after a rest
};

// Of many keys; of too many, those that asked last. Whoever is forgotten starts with a full bucket.
class RateLimit {
 public:
  static constexpr std::size_t kKeysMax = 10'000;
  explicit RateLimit(Rate rate, std::size_t keys_max = kKeysMax);

  // nullopt: it may, and that counts. Else in how many seconds it may again, at least one.
  std::optional<std::int64_t> Take(std::string_view key, std::int64_t now_ms);
  // The same, but nothing counts.
  std::optional<std::int64_t> Wait(std::string_view key, std::int64_t now_ms) const;

  std::size_t keys() const { return buckets_.size(); }

 private:
  struct Bucket {
    std::string key;
    std::int64_t level = 0;  // thousandths
    std::int64_t at_ms = 0;
  };
  std::int64_t LevelOf(const Bucket& bucket, std::int64_t now_ms) const;
  std::optional<std::int64_t> SecondsAt(std::int64_t level) const;
  Bucket& Used(std::string_view key, std::int64_t now_ms);

  const Rate rate_;
  const std::size_t keys_max_;
  std::list<Bucket> buckets_;  // who asked last is first
  absl::flat_hash_map<std::string_view, std::list<Bucket>::iterator> by_key_;
};

// The same for many threads: wrong secrets, by client. Whoever has none left has to wait.
class FailedTries {
 public:
  explicit FailedTries(Rate rate) : limit_(rate) {}
  std::optional<std::int64_t> Take(std::string_view client, std::int64_t now_ms) {
    const std::lock_guard lock(mutex_);
    return limit_.Take(client, now_ms);
  }
  std::optional<std::int64_t> Wait(std::string_view client, std::int64_t now_ms) const {
    const std::lock_guard lock(mutex_);
    return limit_.Wait(client, now_ms);
  }

 private:
  mutable std::mutex mutex_;
  RateLimit limit_;
};

// What counts as one client: an IPv4 address, or the 64 bits of IPv6 that one customer has.
std::string ClientOf(std::string_view address);

}  // namespace trunkline::api
