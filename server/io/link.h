// One TCP connection of a client, as its link thread holds it. Owned by the loop's table; a pending
// wait on the socket holds it too, so that it outlives its own removal.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include "boost/asio/basic_stream_socket.hpp"
#include "boost/asio/io_context.hpp"
#include "boost/asio/ip/tcp.hpp"
#include "boost/intrusive/list.hpp"
#include "common/bytes.h"
#include "common/ids.h"
#include "server/io/admission.h"
#include "server/mtproto/transport.h"

namespace trunkline::io {

// With the executor's concrete type: half the size of a socket with a type-erased one.
using LinkSocket =
    boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;

struct Link : boost::intrusive::list_base_hook<> {
  Link(LinkId link_id, LinkSocket link_socket, const AddressKey& peer)
      : id(link_id), socket(std::move(link_socket)), address(peer) {}

  std::size_t unsent() const { return outbox.size() - sent; }

  const LinkId id;
  LinkSocket socket;
  const AddressKey address;
  mtproto::Transport transport;
  // Framed bytes on their way out; the first `sent` of them are gone. Without memory when empty.
  Bytes outbox;
  std::size_t sent = 0;
  // Threads that have seen packets of this link and must hear of its end.
  std::uint64_t visited = 0;
  // Of the last whole packet; before the first one, of accept.
  std::chrono::steady_clock::time_point last_packet;
  bool heard = false;    // a whole packet has come: in the list of quiet links, else of fresh ones
  bool reading = false;  // a wait for input is pending
  bool writing = false;  // a wait for room is pending
  bool dirty = false;    // has something to flush at the end of the batch
  bool closing = false;  // closes when the outbox is empty
  bool closed = false;
};

using LinkList = boost::intrusive::list<Link, boost::intrusive::constant_time_size<false>>;

}  // namespace trunkline::io
