// The relay's link to its server, on a thread of its own: connects, registers, tells load and
// flows, takes keys and orders, and when it breaks does so again, for ever. What happens here never
// stops forwarding.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "common/crypto/psk_tls.h"
#include "common/entropy.h"
#include "relay/control/relay_end.h"
#include "relay/io/control_connection.h"
#include "relay/io/daemon.h"

namespace trunkline::relay {

class ControlLink {
 public:
  // Begins. `daemon`, which has a server in its configuration, outlives it.
  explicit ControlLink(Daemon& daemon);
  // Tells which calls have ended and that the relay goes; half a second at most.
  ~ControlLink();
  ControlLink(const ControlLink&) = delete;
  ControlLink& operator=(const ControlLink&) = delete;

  // Until the relay has registered for the first time (OK); until the server has refused it for a
  // reason that doesn't heal (its text; the link has ended then); or until `descriptor` can be read
  // (CANCELLED). Of one thread.
  absl::Status WaitRegistered(int descriptor);

  // The daemon's draining has changed: the server is told at once.
  void Wake();

 private:
  struct Outcome {
    std::string why;  // for the log
    bool registered = false;
    bool final = false;  // trying again is of no use
  };

  void Run();
  Outcome RunOnce();
  void WaitBeforeRetry(Duration delay);
  void Say(const std::string& text);
  control::Registration MakeRegistration() const;
  void TakeEvents(control::RelayEnd& end, Outcome& outcome);
  void Take(const control::Welcome& welcome);
  void GatherFlows();
  void Keep(std::vector<FlowSummary> unheard);
  void TellFlows(ControlConnection& connection, std::size_t unsent_max);
  void Leave(ControlConnection& connection);

  Daemon& daemon_;
  const std::string server_;  // for logs
  const crypto::PskTlsContext tls_;
  SystemEntropy entropy_;
  const std::uint64_t instance_;
  int wake_ = -1, verdict_ = -1;    // event descriptors
  std::vector<FlowSummary> flows_;  // not told yet, or in vain
  std::string said_;                // last line about trouble, and when
  std::uint64_t said_us_ = 0;
  std::atomic<bool> stop_ = false;
  std::mutex mutex_;
  absl::Status refused_;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace trunkline::relay
