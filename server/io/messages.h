// What link threads, the book and the crypto pool send each other. Every message owns its bytes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "server/book/command.h"
#include "server/book/effect.h"
#include "server/mtproto/engine.h"
#include "server/records/ledger.h"
#include "server/rpc/dispatcher.h"

namespace trunkline::io {

// ---- To a link thread
// -----------------------------------------------------------------------------

// A packet of somebody else's link whose key or exchange lives here.
struct PacketIn {
  LinkId link;
  Bytes packet;
  bool wants_quick_ack = false;
};
// A link that has sent packets here is gone.
struct LinkGone {
  LinkId link;
};
// From the thread where a session lives to the one that owns the link.
using ToLink = std::variant<mtproto::SendPacket, mtproto::SendQuickAck, mtproto::SendTransportError,
                            mtproto::CloseLink>;

// auth.bindTempAuthKey: to the home of the permanent key, and back.
struct BindingAsked {
  unsigned asking_thread = 0;
  rpc::CheckBinding request;
};
struct BindingAnswered {
  rpc::CheckBinding request;
  bool valid = false;
};

// The part of a book::Push for sessions that live on this thread.
struct PushTo {
  std::vector<SessionRef> sessions;
  std::shared_ptr<const book::UpdateBatch> batch;
};
struct InstallKey {
  mtproto::KeyRecord record;
};
struct ExchangeDone {
  mtproto::Nonce nonce;
  bool taken = false;
};
// Runs on the receiving thread, in its turn: stopping, fences.
using Task = std::function<void()>;

using LinkMessage =
    std::variant<PacketIn, LinkGone, ToLink, BindingAsked, BindingAnswered, mtproto::Computed,
                 book::Reply, PushTo, InstallKey, ExchangeDone, book::KeyInfo, book::KeyGone, Task>;

// ---- To the book
// ----------------------------------------------------------------------------------

// A change of call records, in one transaction with what it does to live calls and boxes. `work`
// may run more than once; `done` is called once.
struct RecordChange {
  std::function<absl::Status(records::Ledger&, records::Live&)> work;
  std::function<void(absl::Status)> done;
};

using BookMessage = std::variant<book::Command, Task, RecordChange>;

}  // namespace trunkline::io
