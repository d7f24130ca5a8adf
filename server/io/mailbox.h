// A queue into one thread: any thread posts, its owner takes everything that has gathered at once.
// The first message into an empty box wakes the owner; the ones behind it ride along, so load makes
// batches larger instead of wake-ups more frequent.
//
// Bound: HasRoom is asked before what a peer caused is made; PostAll itself never refuses, because
// what is in the hands of a batch already (answers, fences, ends of links) must not be lost. So a
// box holds at most its maximum plus one batch per posting thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <iterator>
#include <mutex>
#include <utility>
#include <vector>

#include "common/check.h"

namespace trunkline::io {

template <class T>
class Mailbox {
 public:
  explicit Mailbox(std::size_t messages_max) : messages_max_(messages_max) {}
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  // Called once by the owner, before the first post. `wake` runs on the posting thread.
  void SetWake(std::function<void()> wake) { wake_ = std::move(wake); }

  // Whether something that can be refused may still be posted.
  bool HasRoom() const { return size() < messages_max_; }
  // As of a moment ago.
  std::size_t size() const { return size_.load(std::memory_order_acquire); }
  bool empty() const { return size() == 0; }

  void Post(T message) {
    bool first = false;
    {
      const std::lock_guard lock(mutex_);
      first = messages_.empty();
      messages_.push_back(std::move(message));
      size_.store(messages_.size(), std::memory_order_release);
    }
    if (first) Wake();
  }

  // Moves the batch in, in order, and leaves it empty with its memory.
  void PostAll(std::vector<T>& batch) {
    if (batch.empty()) return;
    bool first = false;
    {
      const std::lock_guard lock(mutex_);
      first = messages_.empty();
      messages_.insert(messages_.end(), std::make_move_iterator(batch.begin()),
                       std::make_move_iterator(batch.end()));
      size_.store(messages_.size(), std::memory_order_release);
    }
    batch.clear();
    if (first) Wake();
  }

  // Owner only. Everything that has gathered; `out` is replaced, its memory goes to the box.
  void Take(std::vector<T>& out) {
    out.clear();
    if (out.capacity() > kKeptMax) std::vector<T>().swap(out);  // a burst's memory isn't kept
    const std::lock_guard lock(mutex_);
    messages_.swap(out);
    size_.store(0, std::memory_order_release);
  }

 private:
  static constexpr std::size_t kKeptMax = 4096;

  void Wake() {
    CHECK(wake_ != nullptr);
    wake_();
  }

  const std::size_t messages_max_;
  std::function<void()> wake_;
  std::mutex mutex_;
  std::vector<T> messages_;
  std::atomic<std::size_t> size_ = 0;
};

}  // namespace trunkline::io
