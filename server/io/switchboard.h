// Who is reached where: the mailboxes of all threads and the rule that says which link thread is
// the home of a key or of a key exchange. Made first, outlives every loop, shared by all of them
// without a lock.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "common/ids.h"
#include "server/io/admission.h"
#include "server/io/mailbox.h"
#include "server/io/messages.h"
#include "server/io/stats.h"
#include "server/mtproto/engine.h"

namespace trunkline::io {

inline constexpr unsigned kThreadsMax = 64;  // a link remembers the threads it has used in 64 bits
// Ids of links carry their thread: the top byte.
inline constexpr unsigned kLinkThreadShift = 56;

// Commands that wait for the book: at 3 us each, a third of a second. Above, queries are refused.
inline constexpr std::size_t kBookMailboxMax = 100'000;
// Packets that wait for another link thread. Above, their links are closed.
inline constexpr std::size_t kLinkMailboxMax = 100'000;

// Where the links come from, for any thread that asks: a session may live on another thread than
// its link. A lock for each owner, taken when a link opens or closes and when a call begins.
class LinkAddresses {
 public:
  void Put(LinkId link, const AddressKey& address) {
    const std::lock_guard lock(mutex_);
    addresses_.emplace(link, address);
  }
  void Drop(LinkId link) {
    const std::lock_guard lock(mutex_);
    addresses_.erase(link);
  }
  // Zeros: it is gone.
  AddressKey Find(LinkId link) const {
    const std::lock_guard lock(mutex_);
    const auto it = addresses_.find(link);
    return it == addresses_.end() ? AddressKey{} : it->second;
  }

 private:
  mutable std::mutex mutex_;
  absl::flat_hash_map<LinkId, AddressKey> addresses_;
};

class Switchboard {
 public:
  explicit Switchboard(unsigned threads) : addresses_(threads), book_(kBookMailboxMax) {
    for (unsigned i = 0; i < threads; ++i) {
      links_.push_back(std::make_unique<Mailbox<LinkMessage>>(kLinkMailboxMax));
    }
  }

  unsigned threads() const { return static_cast<unsigned>(links_.size()); }
  Mailbox<LinkMessage>& link(unsigned thread) { return *links_[thread]; }
  Mailbox<BookMessage>& book() { return book_; }
  LinkAddresses& addresses(LinkId link) { return addresses_[OwnerOf(link) % addresses_.size()]; }
  Stats& stats() { return stats_; }
  const Stats& stats() const { return stats_; }

  // Key ids are uniform, nonces are the client's choice: mixed, so that low bits can't be aimed at
  // one thread by accident.
  unsigned HomeOf(std::uint64_t hint) const {
    if (links_.size() == 1) return 0;
    hint = (hint ^ (hint >> 33)) * 0xff51afd7ed558ccdu;
    hint = (hint ^ (hint >> 33)) * 0xc4ceb9fe1a85ec53u;
    return static_cast<unsigned>((hint ^ (hint >> 33)) % links_.size());
  }
  unsigned HomeOf(AuthKeyId key) const { return HomeOf(mtproto::HomeHint(key)); }
  unsigned HomeOf(const mtproto::Nonce& nonce) const { return HomeOf(mtproto::HomeHint(nonce)); }
  static unsigned OwnerOf(LinkId link) {
    return static_cast<unsigned>(link.value() >> kLinkThreadShift);
  }

 private:
  std::vector<std::unique_ptr<Mailbox<LinkMessage>>> links_;
  std::vector<LinkAddresses> addresses_;  // by owner
  Mailbox<BookMessage> book_;
  Stats stats_;
};

}  // namespace trunkline::io
