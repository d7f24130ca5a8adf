// A thread for work that takes too long for those who answer many, one after the other.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace trunkline::io {

class SideThread {
 public:
  // At most so much work waits.
  explicit SideThread(std::size_t waiting_max);
  ~SideThread();  // what waits is dropped, what runs is waited for
  SideThread(const SideThread&) = delete;
  SideThread& operator=(const SideThread&) = delete;

  // By any thread. False: too much waits, and this isn't done.
  bool Post(std::function<void()> work);

 private:
  void Run();

  const std::size_t waiting_max_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> waiting_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace trunkline::io
