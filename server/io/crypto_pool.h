// RSA and 2048-bit powers, away from the link threads. A job comes back to its asking thread's
// mailbox as mtproto::Computed.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "common/crypto/rsa.h"
#include "server/io/switchboard.h"
#include "server/mtproto/engine.h"

namespace trunkline::io {

// Jobs that wait, per thread of the pool: at 0.5 ms each, a wait that clients still take for a slow
// network.
inline constexpr std::size_t kCryptoJobsMax = 256;

class CryptoPool {
 public:
  // `switchboard` outlives the pool.
  CryptoPool(unsigned threads, crypto::RsaPrivateKey key, Switchboard* switchboard);
  ~CryptoPool();  // drops what waits, joins

  // Asked before a step of a key exchange is let in; false: refuse it with -429. Jobs of steps
  // already let in are always taken, so the queue stays within its maximum plus what one packet per
  // link thread causes.
  bool HasRoom();
  void Post(unsigned asking_thread, mtproto::Compute job);

 private:
  struct Job {
    unsigned asking_thread;
    mtproto::Compute compute;
  };
  void Run();
  mtproto::Computed Do(mtproto::Compute& compute, Entropy& entropy) const;

  const crypto::RsaPrivateKey key_;
  Switchboard* const switchboard_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> jobs_;
  bool stopping_ = false;
  std::size_t jobs_max_ = 0;
  std::vector<std::thread> threads_;
};

}  // namespace trunkline::io
