// Between one relay and its server: passes on what both say, until it is told to keep the relay's
// words for itself, or to cut the link.
#pragma once

#include <sys/eventfd.h>

#include <atomic>
#include <thread>

#include "tests/server/relays/raw_link.h"

namespace trunkline::relays {

class Proxy {
 public:
  explicit Proxy(std::uint16_t server_port)
      : server_port_(server_port),
        wake_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
        thread_([this] { Run(); }) {}
  ~Proxy() {
    stop_ = true;
    eventfd_write(wake_, 1);
    thread_.join();
    close(wake_);
  }
  std::uint16_t port() const { return listener_.port(); }

  // From now on, until the link is cut.
  void Swallow() { swallowing_ = true; }
  // Until the relay has spoken so many times more, in vain.
  bool AwaitSwallowed(int times) {
    const int until = swallowed_ + times;
    for (int spent_ms = 0; swallowed_ < until && spent_ms < relay::kPatienceMs; spent_ms += 10) {
      poll(nullptr, 0, 10);
    }
    return swallowed_ >= until;
  }
  void Cut() {
    cut_ = true;
    eventfd_write(wake_, 1);
  }

 private:
  void Run() {
    while (!stop_) {
      pollfd events[] = {{listener_.descriptor(), POLLIN, 0}, {wake_, POLLIN, 0}};
      poll(events, 2, -1);
      eventfd_t ignored = 0;
      eventfd_read(wake_, &ignored);
      if (events[0].revents == 0) continue;
      const int relay = listener_.Accept(), server = ConnectTo(server_port_);
      while (!stop_ && !cut_ && Pass(relay, server)) {
      }
      cut_ = swallowing_ = false;
      close(relay);
      close(server);
    }
  }
  bool Pass(int relay, int server) {
    pollfd events[] = {{relay, POLLIN, 0}, {server, POLLIN, 0}, {wake_, POLLIN, 0}};
    poll(events, 3, -1);
    if (events[0].revents != 0 && !Move(relay, server, swallowing_)) return false;
    return events[1].revents == 0 || Move(server, relay, false);
  }
  bool Move(int from, int to, bool swallow) {
    std::array<std::uint8_t, 4096> buffer;
    const ssize_t got = recv(from, buffer.data(), buffer.size(), 0);
    if (got <= 0) return false;
    if (swallow) {
      ++swallowed_;
      return true;
    }
    return send(to, buffer.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL) == got;
  }

  const Listener listener_;
  const std::uint16_t server_port_;
  const int wake_;
  std::atomic<bool> stop_ = false, swallowing_ = false, cut_ = false;
  std::atomic<int> swallowed_ = 0;
  std::thread thread_;
};

}  // namespace trunkline::relays
