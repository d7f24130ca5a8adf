// The way into a thread that others may hold on to: shut before the thread's context ends.
#pragma once

#include <functional>
#include <mutex>
#include <utility>

#include "boost/asio/io_context.hpp"
#include "boost/asio/post.hpp"

namespace trunkline {

class Gate {
 public:
  explicit Gate(boost::asio::io_context* context) : context_(context) {}
  // Runs on the context's thread; after Shut it is dropped. From any thread.
  void Post(std::function<void()> work) {
    const std::lock_guard lock(mutex_);
    if (context_ != nullptr) boost::asio::post(*context_, std::move(work));
  }
  // The same, at once if this is that thread. Not from within Post or Shut.
  template <class Work>
  void Dispatch(Work work) {
    if (IsHere()) return work();
    Post(std::move(work));
  }
  void Shut() {
    const std::lock_guard lock(mutex_);
    context_ = nullptr;
  }

 private:
  bool IsHere() {
    const std::lock_guard lock(mutex_);
    return context_ != nullptr && context_->get_executor().running_in_this_thread();
  }

  std::mutex mutex_;
  boost::asio::io_context* context_;
};

}  // namespace trunkline
