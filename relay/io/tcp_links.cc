#include "relay/io/tcp_links.h"

#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "relay/io/addresses.h"

namespace trunkline::relay {
namespace {

constexpr int kBacklog = 512;
constexpr int kAcceptsAtOnce = 64;
constexpr std::uint64_t kFirstFrameMs = 5'000;
constexpr std::size_t kUnprovedMax = 256;
// About what a talking phone can bridge; older media is worth less than newer.
constexpr std::uint64_t kQueueMs = 200;
constexpr std::size_t kQueuePacketsMax = 128;
// The kernel's queue counts as well: little of it, or the 200 ms mean nothing.
constexpr int kUnsentBytes = 16 * 1024;
constexpr std::uint32_t kListenerBit = 1u << 31;
constexpr std::uint32_t kNumbers = kListenerBit / kThreadsMax;

}  // namespace

TcpLinks::TcpLinks(std::uint32_t thread, std::uint32_t connections_max, int epoll, OnFrame on_frame)
    : thread_(thread),
      connections_max_(connections_max),
      epoll_(epoll),
      on_frame_(std::move(on_frame)) {}

TcpLinks::~TcpLinks() {
  for (const auto& [number, link] : links_) close(link->descriptor);
  for (const int listener : listeners_) close(listener);
}

absl::Status TcpLinks::Listen(const HostPort& at) {
  const SocketAddress address = AddressOf(at);
  const int listener = socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (listener < 0) return Failed("listen", at);
  listeners_.push_back(listener);
  SetOption(listener, SOL_SOCKET, SO_REUSEADDR, 1);
  SetOption(listener, SOL_SOCKET, SO_REUSEPORT, 1);
  SetOption(listener, IPPROTO_TCP, TCP_NOTSENT_LOWAT, kUnsentBytes);
  if (bind(listener, address.get(), address.size()) != 0) return Failed("listen", at);
  if (listen(listener, kBacklog) != 0) return Failed("listen", at);
  epoll_event event{.events = EPOLLIN, .data = {}};
  event.data.u64 = kMark << 32 | kListenerBit | static_cast<std::uint32_t>(listener);
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, listener, &event) != 0) return Failed("listen", at);
  return absl::OkStatus();
}

void TcpLinks::Handle(std::uint64_t data, std::uint32_t events, std::uint64_t now_ms) {
  const auto low = static_cast<std::uint32_t>(data);
  if ((low & kListenerBit) != 0) {
    return Accept(static_cast<int>(low & ~kListenerBit), now_ms);
  }
  auto found = links_.find(low);
  if (found == links_.end()) return;
  if ((events & EPOLLOUT) != 0) Write(*found->second);
  found = links_.find(low);
  if (found != links_.end() && (events & ~std::uint32_t{EPOLLOUT}) != 0) {
    Read(*found->second, now_ms);
  }
}

void TcpLinks::Accept(int listener, std::uint64_t now_ms) {
  for (int i = 0; i < kAcceptsAtOnce; ++i) {
    sockaddr_in6 name{};
    socklen_t size = sizeof name;
    const int descriptor =
        accept4(listener, reinterpret_cast<sockaddr*>(&name), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor < 0) return;
    MakeRoom(now_ms);
    if (links_.size() >= connections_max_) {
      ++counters_.refused;
      close(descriptor);
      continue;
    }
    SetOption(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
    const std::uint32_t number = (next_++ % kNumbers) * kThreadsMax + thread_;
    auto link = std::make_unique<Link>();
    link->descriptor = descriptor;
    link->at = EndpointOf(name);
    link->at.transport = Transport::kTcp;
    link->at.connection = number;
    link->began_ms = link->heard_ms = now_ms;
    epoll_event event{.events = EPOLLIN, .data = {}};
    event.data.u64 = kMark << 32 | number;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event);
    links_[number] = std::move(link);
    unproved_.push_back(number);
    ++counters_.accepted;
  }
}

// Whoever only holds connections open loses the oldest first, so that others still get in.
void TcpLinks::MakeRoom(std::uint64_t now_ms) {
  while (!unproved_.empty()) {
    const auto found = links_.find(unproved_.front());
    const bool waits = found != links_.end() && !found->second->proved;
    const bool late = waits && now_ms - found->second->began_ms >= kFirstFrameMs;
    if (waits && !late && unproved_.size() < kUnprovedMax) return;
    if (waits) {
      ++counters_.silent;
      Close(unproved_.front());
    }
    unproved_.pop_front();
  }
}

void TcpLinks::Read(Link& link, std::uint64_t now_ms) {
  const std::uint32_t number = link.at.connection;
  const ssize_t got = recv(link.descriptor, buffer_.data(), buffer_.size(), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) return Close(number);
  link.stream.Receive(ByteSpan(buffer_).first(static_cast<std::size_t>(got)));
  ByteView frame;
  while (link.stream.Poll(frame) == TcpStream::Next::kFrame) {
    link.heard_ms = now_ms;
    on_frame_(frame, link.at, !link.proved);
    if (!links_.contains(number)) return;  // an answer failed
  }
  if (link.stream.close_reason().empty()) return;
  ++counters_.bad_streams;
  Close(number);
}

void TcpLinks::Send(std::uint32_t connection, ByteView packet, std::uint64_t now_ms) {
  const auto found = links_.find(connection);
  if (found == links_.end()) return;
  Link& link = *found->second;
  while (!link.queue.empty() && (link.queue.size() >= kQueuePacketsMax ||
                                 now_ms - link.queue.front().since_ms > kQueueMs)) {
    link.queue.pop_front();
    ++counters_.dropped;
  }
  link.queue.push_back({Bytes(packet.begin(), packet.end()), now_ms});
  if (!link.wants_write) Write(link);
}

void TcpLinks::Write(Link& link) {
  for (;;) {
    if (link.sent == link.out.size()) {
      link.out.clear();
      link.sent = 0;
      while (!link.queue.empty() && link.out.empty()) {
        if (!link.stream.Append(link.queue.front().packet, link.out)) ++counters_.dropped;
        link.queue.pop_front();
      }
      if (link.out.empty()) return Watch(link, false);
    }
    const ssize_t sent = send(link.descriptor, link.out.data() + link.sent,
                              link.out.size() - link.sent, MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN) return Watch(link, true);
    if (sent < 0) return Close(link.at.connection);
    link.sent += static_cast<std::size_t>(sent);
  }
}

void TcpLinks::Watch(Link& link, bool write) {
  if (link.wants_write == write) return;
  link.wants_write = write;
  epoll_event event{.events = EPOLLIN, .data = {}};
  if (write) event.events |= EPOLLOUT;
  event.data.u64 = kMark << 32 | link.at.connection;
  epoll_ctl(epoll_, EPOLL_CTL_MOD, link.descriptor, &event);
}

void TcpLinks::Prove(std::uint32_t connection) {
  const auto found = links_.find(connection);
  if (found != links_.end()) found->second->proved = true;
}

void TcpLinks::Close(std::uint32_t connection) {
  const auto found = links_.find(connection);
  close(found->second->descriptor);
  links_.erase(found);
  ++counters_.closed;
}

void TcpLinks::Tick(std::uint64_t now_ms, std::uint32_t idle_ms) {
  MakeRoom(now_ms);
  std::vector<std::uint32_t> idle;
  for (const auto& [number, link] : links_) {
    if (now_ms - link->heard_ms >= idle_ms) idle.push_back(number);
  }
  for (const std::uint32_t number : idle) Close(number);
}

}  // namespace trunkline::relay
