// The MTProto server as a whole, without HTTP and without a command line: link threads, the book
// and its store, the crypto pool. Several can live in one process, each on its own data directory.
#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "server/io/admission.h"
#include "server/io/book_loop.h"
#include "server/io/code_delivery.h"
#include "server/io/crypto_pool.h"
#include "server/io/link_loop.h"
#include "server/io/node_config.h"
#include "server/io/switchboard.h"

namespace trunkline::io {

class Node {
 public:
  // Opens the data directory, reads the journal, listens. Connections are served when this returns.
  static absl::StatusOr<std::unique_ptr<Node>> Start(NodeConfig config);
  ~Node();  // Stop at once

  // Stops accepting and reading, finishes what is in hand and tells it, closes, projects the
  // journal. Each part gives up at the deadline. Once only.
  void Stop(std::chrono::steady_clock::time_point deadline);

  // One per configured listener, with the real port.
  const std::vector<HostPort>& addresses() const { return addresses_; }
  std::uint64_t fingerprint() const { return fingerprint_; }
  // For what operators ask; see there for threads.
  BookLoop& book() { return *book_; }
  // Counters that any thread may read.
  const Stats& stats() const { return switchboard_.stats(); }

 private:
  explicit Node(NodeConfig config);
  absl::Status Open();
  absl::Status BindAll(std::vector<Bound>& bound);
  void Configure(const std::vector<Bound>& bound);
  void MakeLoops(const crypto::RsaPrivateKey& key);
  void InstallKeys();
  absl::Status ListenAll(std::vector<Bound>& bound);
  bool FenceLinks(std::chrono::steady_clock::time_point deadline, void (*work)(LinkLoop&));
  bool FenceBook(std::chrono::steady_clock::time_point deadline);
  void AwaitFlushed(std::chrono::steady_clock::time_point deadline);

  NodeConfig config_;
  std::uint64_t fingerprint_ = 0;
  std::vector<HostPort> addresses_;
  rpc::DispatcherConfig dispatcher_;
  // In the order in which they need each other: the last is destroyed first, after all threads have
  // ended.
  Switchboard switchboard_;
  Admission admission_;
  std::unique_ptr<CodeDelivery> delivery_;
  std::unique_ptr<BookLoop> book_;
  std::unique_ptr<CryptoPool> crypto_;
  std::vector<std::unique_ptr<LinkLoop>> loops_;
  bool running_ = false;
};

}  // namespace trunkline::io
