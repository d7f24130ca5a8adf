// Reading and writing of LinkLoop.
#include <algorithm>
#include <utility>

#include "boost/asio/buffer.hpp"
#include "server/io/link_loop.h"

namespace trunkline::io {
namespace {

namespace net = boost::asio;

// Reads of one wake-up, so that one busy link can't starve the others.
constexpr int kReadsMax = 4;
// Outbox memory that is kept between uses: this many buffers, none larger.
constexpr std::size_t kSpareMax = 64;
constexpr std::size_t kSpareBytesMax = 16 * 1024;

// The packet carries the id of a key, so its receiver has proved to own it.
bool IsEncrypted(ByteView packet) {
  return packet.size() >= 8 && LoadLittle<std::int64_t>(packet.data()) != 0;
}

}  // namespace

// ---- Reading ------------------------------------------------------------------------------------

void LinkLoop::AwaitInput(const LinkPtr& link) {
  if (link->closed || link->closing || link->reading) return;
  if (link->unsent() > limits_.outbox_bytes_max / 2)
    return;  // until it has taken what it asked for
  link->reading = true;
  link->socket.async_wait(LinkSocket::wait_read, [this, link](const Error& error) {
    link->reading = false;
    if (!error && !link->closed) OnInput(link);
  });
}

void LinkLoop::OnInput(const LinkPtr& link) {
  if (input_stopped_) return;
  BeginBatch();
  for (int i = 0; i < kReadsMax && !link->closed; ++i) {
    if (!ReadSome(link)) break;
  }
  EndBatch();
  AwaitInput(link);
}

// Whether there may be more to read.
bool LinkLoop::ReadSome(const LinkPtr& link) {
  Error error;
  const std::size_t bytes = link->socket.read_some(net::buffer(input_), error);
  if (error == net::error::would_block || error == net::error::try_again) return false;
  if (error) {
    Close(*link, "the peer closed", Blame::kPeer);
    return false;
  }
  Receive(*link, ByteSpan(input_).first(bytes));
  return bytes == input_.size();
}

void LinkLoop::Receive(Link& link, ByteSpan chunk) {
  using Next = mtproto::Transport::Next;
  link.transport.Receive(chunk);
  mtproto::Packet packet;
  for (;;) {
    const Next next = link.transport.Poll(packet);
    if (next == Next::kMore) return;
    if (next == Next::kClose) return Close(link, link.transport.close_reason(), Blame::kUs);
    Heard(link);
    Route(link, packet);
    if (link.closed || link.closing) return;
  }
}

void LinkLoop::Heard(Link& link) {
  (link.heard ? quiet_ : fresh_).erase(LinkList::s_iterator_to(link));
  link.heard = true;
  link.last_packet = std::chrono::steady_clock::now();
  quiet_.push_back(link);
  switchboard_->stats().packets_received.Add();
}

void LinkLoop::Route(Link& link, const mtproto::Packet& packet) {
  const auto hint = mtproto::HomeHint(packet.payload);
  if (!hint) return Close(link, "a packet too short to be one", Blame::kUs);
  const unsigned home = switchboard_->HomeOf(*hint);
  link.visited |= std::uint64_t{1} << home;
  if (home == thread_index_) {
    return home_.Receive(link.id, packet.payload, packet.wants_quick_ack, now_);
  }
  if (!switchboard_->link(home).HasRoom()) return Close(link, "overload", Blame::kUs);
  home_.outbound().other_threads[home].push_back(PacketIn{
      link.id, Bytes(packet.payload.begin(), packet.payload.end()), packet.wants_quick_ack});
}

// ---- Writing ------------------------------------------------------------------------------------

void LinkLoop::Deliver(ToLink& output) {
  const LinkId id = std::visit([](const auto& out) { return out.link; }, output);
  const auto it = links_.find(id);
  if (it == links_.end()) return;  // it closed meanwhile
  const LinkPtr link = it->second;
  if (link->closing) return;
  Append(*link, output);
  // A large batch isn't a slow client: only what the kernel doesn't take counts.
  if (link->unsent() > limits_.outbox_bytes_max && !link->writing) Flush(link);
  if (link->unsent() > limits_.outbox_bytes_max) {
    return Close(*link, "too slow for what it asked for", Blame::kUs);
  }
  if (!link->dirty && !link->closed) {
    link->dirty = true;
    dirty_.push_back(link);
  }
}

void LinkLoop::Append(Link& link, const ToLink& output) {
  if (link.outbox.capacity() == 0) link.outbox = TakeBuffer();
  if (const auto* packet = std::get_if<mtproto::SendPacket>(&output)) {
    if (IsEncrypted(packet->payload)) link.transport.SetAuthorised(true);
    link.transport.AppendPacket(packet->payload, entropy_, link.outbox);
    switchboard_->stats().packets_sent.Add();
  } else if (const auto* ack = std::get_if<mtproto::SendQuickAck>(&output)) {
    link.transport.AppendQuickAck(ack->token, entropy_, link.outbox);
  } else if (const auto* error = std::get_if<mtproto::SendTransportError>(&output)) {
    link.transport.AppendError(error->code, entropy_, link.outbox);
  } else {
    link.closing = true;
  }
}

void LinkLoop::Flush(const LinkPtr& link) {
  Error error;
  std::size_t bytes = 0;
  if (link->unsent() > 0) {
    bytes = link->socket.write_some(net::buffer(link->outbox.data() + link->sent, link->unsent()),
                                    error);
  }
  if (error && error != net::error::would_block && error != net::error::try_again) {
    return Close(*link, "the peer closed", Blame::kPeer);
  }
  Sent(link, error ? 0 : bytes);
}

void LinkLoop::Sent(const LinkPtr& link, std::size_t bytes) {
  link->sent += bytes;
  if (link->unsent() > 0) return AwaitRoom(link);
  link->sent = 0;
  GiveBuffer(std::exchange(link->outbox, {}));
  if (link->closing) return Close(*link, "closed by the engine", Blame::kUs);
  AwaitInput(link);
}

void LinkLoop::AwaitRoom(const LinkPtr& link) {
  // Bytes that are gone go from the front at once when they are the larger part.
  if (link->sent > link->unsent()) {
    link->outbox.erase(link->outbox.begin(),
                       link->outbox.begin() + static_cast<std::ptrdiff_t>(link->sent));
    link->sent = 0;
  }
  link->writing = true;
  ++unflushed_;
  link->socket.async_wait(LinkSocket::wait_write, [this, link](const Error& error) {
    if (link->closed) return;
    link->writing = false;
    BeginBatch();
    if (error) {
      Close(*link, "the peer closed", Blame::kPeer);
    } else if (!link->closed) {
      Flush(link);
      AwaitInput(link);
    }
    EndBatch();
    RoomNoLongerAwaited();
  });
}

void LinkLoop::RoomNoLongerAwaited() {
  if (--unflushed_ == 0 && when_flushed_) std::exchange(when_flushed_, nullptr)();
}

Bytes LinkLoop::TakeBuffer() {
  if (spare_.empty()) return {};
  Bytes buffer = std::move(spare_.back());
  spare_.pop_back();
  return buffer;
}

void LinkLoop::GiveBuffer(Bytes buffer) {
  if (buffer.capacity() == 0 || buffer.capacity() > kSpareBytesMax || spare_.size() >= kSpareMax) {
    return;
  }
  buffer.clear();
  spare_.push_back(std::move(buffer));
}

}  // namespace trunkline::io
