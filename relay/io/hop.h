// What travels between the relay's threads: frames of TCP connections to the thread that owns their
// call, packets to the thread that owns the connection.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

#include "relay/endpoint.h"
#include "relay/limits.h"

namespace trunkline::relay {

struct Hop {
  enum class Kind : std::uint8_t {
    kFrame,    // from `at`, to be received by the owner of the call
    kDeliver,  // to `at`, a connection
    kProved,   // `at`, a connection, has sent a genuine tag
  };
  Kind kind = Kind::kFrame;
  bool unproved = false;  // kFrame: answer with kProved if its tag is genuine
  std::uint16_t size = 0;
  Endpoint at;
  std::array<std::uint8_t, kPacketBytesMax> bytes;
};

// Any thread posts, its owner takes all. Media is worth nothing when it is late: a full box
// refuses.
class HopBox {
 public:
  static constexpr std::size_t kHopsMax = 1024;

  // Called once before the first post; runs on the posting thread.
  void SetWake(std::function<void()> wake) { wake_ = std::move(wake); }

  // False: full.
  bool Post(const Hop& hop) {
    bool first = false;
    {
      const std::lock_guard lock(mutex_);
      if (hops_.size() == kHopsMax) return false;
      first = hops_.empty();
      hops_.push_back(hop);
    }
    if (first) wake_();
    return true;
  }
  // `out` is replaced; its memory goes to the box.
  void Take(std::vector<Hop>& out) {
    out.clear();
    const std::lock_guard lock(mutex_);
    hops_.swap(out);
  }

 private:
  std::function<void()> wake_;
  std::mutex mutex_;
  std::vector<Hop> hops_;
};

}  // namespace trunkline::relay
