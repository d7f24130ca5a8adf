// The relays' side of a server: the control listener, the probes of TURN servers, who is drained,
// the keys of tags. What comes in goes to the book's desk, on the book's thread. Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "common/bytes.h"
#include "server/book/relay_desk.h"
#include "server/relays/relay_control.h"
#include "server/relays/relay_state.h"
#include "server/relays/turn_prober.h"

namespace trunkline::relays {

struct RelayServiceConfig {
  std::string data_dir;
  std::string control_host;  // numeric; empty: relays can't register
  std::uint16_t control_port = 0;
  Bytes secret;  // of the control channel
  std::vector<book::RelayConfig> configured;
};

// Runs the work on the book's thread, in its turn.
using DeskWork = std::function<void(book::RelayDesk& desk, WallTime now)>;
using AskDesk = std::function<void(DeskWork work)>;

class RelayService {
 public:
  // `ask` outlives the service and everything that it was given.
  static absl::StatusOr<std::unique_ptr<RelayService>> Start(RelayServiceConfig config,
                                                             AskDesk ask);
  ~RelayService();

  std::optional<std::uint16_t> control_port() const;

  // ---- For operators. `done` runs on the book's thread.

  void List(std::function<void(std::vector<book::RelayStatus>)> done) const;
  void Show(std::int64_t id, std::function<void(std::optional<book::RelayStatus>)> done) const;
  void Explain(CallId call, std::function<void(std::optional<book::RelayExplanation>)> done) const;
  // On the disk when `done` runs. NOT_FOUND: no such entry.
  using Drained = std::function<void(absl::StatusOr<book::RelayStatus>)>;
  void SetDraining(std::int64_t id, bool draining, Drained done);
  // A relay's tags carry the new key from some beats on. `done` gets the key id, on any thread.
  void RotateSecret(std::function<void(absl::StatusOr<int>)> done);

  // For metrics: the fleet as it was at most a second ago.
  struct Snapshot {
    std::vector<book::RelayStatus> relays;
    picker::Picker::Stats picks;
  };
  Snapshot Latest() const;

 private:
  struct Shared;
  struct Writer;
  explicit RelayService(std::shared_ptr<Shared> shared);
  absl::Status StartControl(const RelayServiceConfig& config);
  absl::Status StartProbes(const std::vector<book::RelayConfig>& configured);

  // What work on the book's thread uses; it may run when the service is gone.
  std::shared_ptr<Shared> shared_;
  std::unique_ptr<TurnProber> prober_;
  std::unique_ptr<Writer> writer_;
};

}  // namespace trunkline::relays
