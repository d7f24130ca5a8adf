#include "server/io/crypto_pool.h"

#include <utility>

#include "common/crypto/dh.h"
#include "common/entropy.h"

namespace trunkline::io {

CryptoPool::CryptoPool(unsigned threads, crypto::RsaPrivateKey key, Switchboard* switchboard)
    : key_(std::move(key)), switchboard_(switchboard), jobs_max_(threads * kCryptoJobsMax) {
  for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { Run(); });
}

CryptoPool::~CryptoPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    jobs_.clear();
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool CryptoPool::HasRoom() {
  const std::lock_guard lock(mutex_);
  return jobs_.size() < jobs_max_;
}

void CryptoPool::Post(unsigned asking_thread, mtproto::Compute job) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    jobs_.push_back(Job{asking_thread, std::move(job)});
  }
  wake_.notify_one();
}

void CryptoPool::Run() {
  SystemEntropy entropy;
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    if (stopping_) return;
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    switchboard_->link(job.asking_thread).Post(Do(job.compute, entropy));
    lock.lock();
  }
}

mtproto::Computed CryptoPool::Do(mtproto::Compute& compute, Entropy& entropy) const {
  using mtproto::Compute;
  using mtproto::Computed;
  if (const auto* rsa = std::get_if<Compute::RsaDecrypt>(&compute.job)) {
    Computed::RsaDecrypted done{};
    done.ok = key_.Decrypt(rsa->block, done.block);
    return {compute.ticket, done};
  }
  if (const auto* shared = std::get_if<Compute::DhShared>(&compute.job)) {
    return {compute.ticket, Computed::Shared{crypto::DhShared(shared->other, shared->secret)}};
  }
  return {compute.ticket, crypto::MakeDhPair(entropy)};
}

}  // namespace trunkline::io
