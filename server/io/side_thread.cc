#include "server/io/side_thread.h"

#include <utility>

namespace trunkline::io {

SideThread::SideThread(std::size_t waiting_max) : waiting_max_(waiting_max) {
  thread_ = std::thread([this] { Run(); });
}

SideThread::~SideThread() {
  std::deque<std::function<void()>> dropped;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    dropped.swap(waiting_);
  }
  dropped.clear();
  wake_.notify_one();
  thread_.join();
}

bool SideThread::Post(std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() >= waiting_max_) return false;
    waiting_.push_back(std::move(work));
  }
  wake_.notify_one();
  return true;
}

void SideThread::Run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return;
    {
      const std::function<void()> work = std::move(waiting_.front());
      waiting_.pop_front();
      lock.unlock();
      work();
    }
    lock.lock();
  }
}

}  // namespace trunkline::io
