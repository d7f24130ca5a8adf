// The TCP connections of one thread: accepting, reading frames, and queues of packets that are
// dropped from the front when the client doesn't take them in time.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"
#include "common/bytes.h"
#include "relay/endpoint.h"
#include "relay/io/config.h"
#include "relay/tcp_stream.h"

namespace trunkline::relay {

// A connection's number carries its thread, so that any thread can send to it.
inline constexpr std::uint32_t kThreadsMax = 64;
inline std::uint32_t ThreadOfConnection(std::uint32_t connection) {
  return connection % kThreadsMax;
}

class TcpLinks {
 public:
  struct Counters {
    std::uint64_t accepted = 0, refused = 0, closed = 0;
    std::uint64_t silent = 0;   // closed: no genuine tag in time
    std::uint64_t dropped = 0;  // packets that a client was too slow for
    std::uint64_t bad_streams = 0;
  };
  // `frame` is valid during the call.
  using OnFrame = std::function<void(ByteView frame, const Endpoint& from, bool unproved)>;

  TcpLinks(std::uint32_t thread, std::uint32_t connections_max, int epoll, OnFrame on_frame);
  ~TcpLinks();
  TcpLinks(const TcpLinks&) = delete;
  TcpLinks& operator=(const TcpLinks&) = delete;

  absl::Status Listen(const HostPort& at);

  // Events of the epoll instance whose data is a connection's number or a listener's (IsMine).
  static bool IsMine(std::uint64_t data) { return (data >> 32) == kMark; }
  void Handle(std::uint64_t data, std::uint32_t events, std::uint64_t now_ms);
  void Send(std::uint32_t connection, ByteView packet, std::uint64_t now_ms);
  void Prove(std::uint32_t connection);
  // Deadlines; once a second is enough.
  void Tick(std::uint64_t now_ms, std::uint32_t idle_ms);

  std::size_t size() const { return links_.size(); }
  const Counters& counters() const { return counters_; }

 private:
  static constexpr std::uint64_t kMark = 1;
  struct Waiting {
    Bytes packet;
    std::uint64_t since_ms;
  };
  struct Link {
    int descriptor;
    Endpoint at;
    TcpStream stream;
    std::deque<Waiting> queue;  // not framed yet: the cipher counts what is really sent
    Bytes out;                  // framed; from `sent` on it waits for the socket
    std::size_t sent = 0;
    std::uint64_t began_ms = 0, heard_ms = 0;
    bool proved = false;
    bool wants_write = false;
  };

  void Accept(int listener, std::uint64_t now_ms);
  void Read(Link& link, std::uint64_t now_ms);
  void Write(Link& link);
  void Close(std::uint32_t connection);
  void MakeRoom(std::uint64_t now_ms);
  void Watch(Link& link, bool write);

  const std::uint32_t thread_;
  const std::uint32_t connections_max_;
  const int epoll_;
  const OnFrame on_frame_;
  std::vector<int> listeners_;
  std::unordered_map<std::uint32_t, std::unique_ptr<Link>> links_;
  std::deque<std::uint32_t> unproved_;  // oldest first; some have gone or been proved since
  std::uint32_t next_ = 1;
  Counters counters_;
  std::array<std::uint8_t, 16 * 1024> buffer_;
};

}  // namespace trunkline::relay
