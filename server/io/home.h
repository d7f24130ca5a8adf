// What lives on a link thread apart from its sockets: the sessions and key exchanges whose home it
// is (Engine) and their queries (Dispatcher). One input at a time; afterwards both are drained and
// what must leave gathers in an Outbound, which the loop sends at the end of its batch.
#pragma once

#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "common/entropy.h"
#include "common/time.h"
#include "server/io/crypto_pool.h"
#include "server/io/messages.h"
#include "server/io/switchboard.h"
#include "server/mtproto/engine.h"
#include "server/rpc/dispatcher.h"

namespace trunkline::io {

struct Outbound {
  std::vector<ToLink> own_links;                        // of this thread, in order
  std::vector<std::vector<LinkMessage>> other_threads;  // by thread
  std::vector<BookMessage> book;
};

class Home {
 public:
  // Everything borrowed outlives the home. `crypto` may be null where no key exchange comes in.
  Home(unsigned thread, mtproto::EngineConfig engine, rpc::DispatcherConfig dispatcher,
       Switchboard* switchboard, CryptoPool* crypto, Entropy* entropy);

  // At start-up, before the thread runs.
  void Install(mtproto::KeyRecord record) { engine_.InstallKey(std::move(record)); }
  void Install(const book::KeyInfo& info, WallTime now);

  // One packet whose home is this thread; decrypted in place.
  void Receive(LinkId link, ByteSpan packet, bool wants_quick_ack, WallTime now);
  void LinkClosed(LinkId link, WallTime now);
  // Whatever came by mailbox, but for ToLink and Task, which are the loop's. What it makes for
  // sessions gathers until Flush: many packets are sealed together.
  void Handle(LinkMessage& message, WallTime now);
  void Flush(WallTime now) { Drain(now); }
  void Tick(WallTime now);
  std::optional<WallTime> NextDeadline() const;

  Outbound& outbound() { return outbound_; }
  mtproto::Engine::Stats stats() const { return engine_.stats(); }

 private:
  void Apply(LinkMessage& message, WallTime now);
  void Drain(WallTime now);
  void DrainReady(WallTime now);
  void Perform(mtproto::Output& output, WallTime now);
  void Perform(rpc::Output& output, WallTime now);
  void ToOwner(LinkId link, ToLink output);
  void ToThread(unsigned thread, LinkMessage message);
  void ToBook(book::Command command);
  AddressKey AddressOf(const SessionRef& session);
  void HandleReply(const book::Reply& reply, WallTime now);
  void StoreKey(mtproto::StoreKey& request);
  void DestroyKey(const mtproto::DestroyKey& request);
  bool CheckBinding(const rpc::CheckBinding& request) const;

  const unsigned thread_;
  Switchboard* const switchboard_;
  CryptoPool* const crypto_;
  mtproto::Engine engine_;
  rpc::Dispatcher dispatcher_;
  Outbound outbound_;
  // Messages of this thread to itself: inputs that wait until the present one is drained.
  std::deque<LinkMessage> own_;
  // Keys to be destroyed at their client's wish: the book's answer goes to the engine.
  absl::flat_hash_set<std::pair<SessionRef, MessageId>> destroying_;
  // Temporary keys that are bound, and the permanent key each acts for.
  absl::flat_hash_map<AuthKeyId, AuthKeyId> bound_;
};

}  // namespace trunkline::io
