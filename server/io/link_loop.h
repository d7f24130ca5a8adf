// A link thread: accepts connections, reads, cuts packets, passes each to the home of its key, and
// writes what comes back. All its state belongs to its own thread; others reach it through its
// mailbox.
//
// A batch is what one wake-up brings: its packets are worked off, then everything that it caused
// leaves: one write per link, one post per other thread.
#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <span>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "boost/asio/basic_socket_acceptor.hpp"
#include "boost/asio/steady_timer.hpp"
#include "server/io/home.h"
#include "server/io/link.h"
#include "server/io/listener.h"
#include "server/io/node_config.h"
#include "server/io/switchboard.h"

namespace trunkline::io {

class LinkLoop {
 public:
  struct Shared {
    Switchboard* switchboard;
    Admission* admission;
    CryptoPool* crypto;
  };
  // What `shared` names outlives the loop.
  LinkLoop(unsigned thread, LinkLimits limits, mtproto::EngineConfig engine,
           rpc::DispatcherConfig dispatcher, Shared shared);
  ~LinkLoop();  // Stop

  // Before Start: keys are installed here.
  Home& home() { return home_; }
  // Takes over a bound socket and lets connections queue up. Before Start.
  absl::Status Listen(BoundSocket socket);
  void Start();

  // These run on the loop's thread, in a Task. No new links and no more input; what is in hand goes
  // on.
  void StopInput();
  // `done` runs once everything that was written has left.
  void WhenFlushed(Task done);

  // Closes all links and ends the thread.
  void Stop();

 private:
  using Executor = boost::asio::io_context::executor_type;
  using Acceptor = boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, Executor>;
  using LinkPtr = std::shared_ptr<Link>;
  using Error = boost::system::error_code;

  void Accept(Acceptor& acceptor);
  void Accepted(LinkSocket socket, const boost::asio::ip::tcp::endpoint& peer);

  // Reading.
  void AwaitInput(const LinkPtr& link);
  void OnInput(const LinkPtr& link);
  bool ReadSome(const LinkPtr& link);
  void Receive(Link& link, ByteSpan chunk);
  void Route(Link& link, const mtproto::Packet& packet);
  void Heard(Link& link);

  // Writing.
  void Deliver(ToLink& output);
  void Append(Link& link, const ToLink& output);
  void Flush(const LinkPtr& link);
  void AwaitRoom(const LinkPtr& link);
  void Sent(const LinkPtr& link, std::size_t bytes);
  void RoomNoLongerAwaited();
  Bytes TakeBuffer();
  void GiveBuffer(Bytes buffer);

  // Batches.
  void BeginBatch();
  void EndBatch();
  void WorkOffMailbox();
  void Arm();
  void OnTimer();
  void CloseSilent();
  void UpdateStats();

  enum class Blame { kPeer, kUs };  // who ended it, for the counters
  void Close(Link& link, std::string_view reason, Blame blame);

  const unsigned thread_index_;
  const LinkLimits limits_;
  Switchboard* const switchboard_;
  Admission* const admission_;
  SystemEntropy entropy_;
  Home home_;

  boost::asio::io_context context_{1};
  std::vector<std::unique_ptr<Acceptor>> acceptors_;
  boost::asio::steady_timer timer_{context_};
  boost::asio::steady_timer accept_pause_{context_};
  std::thread thread_;

  absl::flat_hash_map<LinkId, LinkPtr> links_;
  LinkList fresh_;  // no whole packet yet, oldest first
  LinkList quiet_;  // longest without a packet first
  std::uint64_t next_link_ = 1;
  bool input_stopped_ = false;
  std::size_t unflushed_ = 0;  // links with a wait for room
  Task when_flushed_;

  WallTime now_{};
  std::chrono::steady_clock::time_point armed_{};  // the timer's expiry; epoch: not armed
  std::chrono::steady_clock::time_point next_sweep_{};
  std::vector<LinkMessage> inbox_;
  std::vector<ToLink> own_outputs_;
  std::vector<LinkPtr> dirty_, flushing_;
  std::vector<Bytes> spare_;  // outbox memory between uses
  std::int64_t sessions_told_ = 0, keys_told_ = 0;
  std::array<std::uint8_t, 64 * 1024> input_;
};

}  // namespace trunkline::io
