// One forwarding thread: its sockets, its reflector, its TCP connections. Everything but the posts
// and the snapshot is used by its own thread alone.
#pragma once

#include <poll.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "relay/io/config.h"
#include "relay/io/hop.h"
#include "relay/io/tcp_links.h"
#include "relay/io/udp_socket.h"
#include "relay/reflector.h"

namespace trunkline::relay {

// What a thread tells of itself, ten times a second.
struct WorkerFigures {
  Counters counters;
  TcpLinks::Counters tcp;
  std::uint64_t sessions = 0, ports = 0, connections = 0;
  std::uint64_t session_bytes = 0;  // memory in use
  std::uint64_t send_failures = 0, overruns = 0, hops_dropped = 0, own_address = 0;
};

class Worker {
 public:
  // The other workers, once all exist; `boxes` has one for each thread.
  struct Peers {
    std::vector<HopBox*> boxes;
  };

  Worker(const Config& config, std::uint32_t thread);
  ~Worker();  // stops and joins
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // In the order of the threads. The first worker's ports are the others' (0: the kernel chooses).
  absl::Status Open(std::vector<HostPort>& listen);
  absl::Status Steer(std::uint32_t threads);
  void Start(Peers peers);
  void Stop();

  // Any thread; orders are taken at once.
  void SetVerifier(std::shared_ptr<const TagVerifier> verifier);
  void Deny(CallKey call);
  WorkerFigures figures() const;
  // Whether summaries of live calls are made too, of each once in ten seconds.
  void ReportLive(bool on) { report_live_ = on; }
  // Moves summaries of ended and of live calls to the end of `out`.
  void TakeSummaries(std::vector<FlowSummary>& out);
  HopBox& box() { return box_; }

 private:
  struct Orders {
    std::shared_ptr<const TagVerifier> verifier;
    std::vector<CallKey> denied;
  };

  void Run();
  bool Wait(bool forever);
  void HandleOthers();
  bool ReceiveAll(UdpSocket& socket);
  void ReceiveBatch(UdpSocket& socket, std::size_t count);
  void TakeFrame(ByteView frame, const Endpoint& from, bool unproved);
  void ReceiveFrame(ByteView frame, const Endpoint& from, bool unproved);
  void TakeHops();
  void Deliver(ByteSpan packet, const Endpoint& to);
  void Pass(std::uint32_t thread, Hop::Kind kind, const Endpoint& at, ByteView bytes,
            bool unproved = false);
  void FlushAll();
  void TakeOrders();
  void Tick();
  void AddLiveFlows();
  void ReadClocks();
  void Wake();
  std::uint64_t NowMs() const { return now_.micros / 1000; }

  const Config config_;
  const std::uint32_t thread_number_;
  int epoll_ = -1, wake_ = -1, tick_ = -1;  // epoll_: TCP, wake_ and tick_
  // The UDP sockets and epoll_. Those aren't in epoll_ as well: whoever stands in a socket's queue
  // all the time, and not only while it sleeps, is called for each packet that leaves.
  std::vector<pollfd> polled_;
  std::vector<std::unique_ptr<UdpSocket>> sockets_;
  LocalAddresses own_;
  std::shared_ptr<const TagVerifier> verifier_;  // before reflector_, which points to it
  std::unique_ptr<Reflector> reflector_;
  std::unique_ptr<TcpLinks> links_;
  Peers peers_;
  HopBox box_;
  std::vector<Hop> hops_;
  Hop outgoing_;
  Bytes frame_;
  Moment now_;
  std::uint64_t next_tick_ms_ = 0;
  std::uint32_t ticks_ = 0;
  std::uint64_t hops_dropped_ = 0, own_address_ = 0;
  std::vector<FlowSummary> told_;  // of this tick
  std::uint32_t live_place_ = 0;   // where the pass over live calls goes on; 0: it is over
  std::uint64_t next_live_pass_ms_ = 0;

  std::atomic<bool> stop_ = false, report_live_ = false;
  mutable std::mutex mutex_;  // guards what follows
  Orders orders_;
  WorkerFigures figures_;
  std::vector<FlowSummary> summaries_;
  std::thread thread_;
};

}  // namespace trunkline::relay
