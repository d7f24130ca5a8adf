// The relay apart from its command line: its threads, its HTTP pages, and the seam for whoever
// controls it: keys and orders go in, figures and summaries come out. Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "relay/io/config.h"
#include "relay/io/worker.h"
#include "relay/tag.h"
#include "server/http/http_server.h"

namespace trunkline::relay {

inline constexpr std::string_view kProgramVersion = "0.5.0";

class Daemon {
 public:
  // Forwards when this returns.
  static absl::StatusOr<std::unique_ptr<Daemon>> Start(const Config& config, const KeyRing& keys);
  ~Daemon();  // stops

  // Other keys from now on. Calls that are known go on, whatever became of their key.
  void SetKeys(const KeyRing& keys);
  // Cuts a call and keeps it out.
  void Deny(CallKey call);
  // Leaving: the relay itself wants no new offers, because it is about to stop. Offers stopped: the
  // server makes none. Either is draining; it forwards as before, and takes calls that were
  // offered.
  void SetLeaving(bool leaving) { leaving_ = leaving; }
  void SetOffersStopped(bool stopped) { offers_stopped_ = stopped; }
  bool leaving() const { return leaving_; }
  bool draining() const { return leaving_ || offers_stopped_; }

  // Of all threads together, not older than 100 ms.
  WorkerFigures figures() const;
  // Calls that ended since the last time, and while ReportLive is on each live call once in ten
  // seconds.
  std::vector<FlowSummary> TakeSummaries();
  void ReportLive(bool on);

  const Config& config() const { return config_; }  // with the ports that were chosen
  std::string ReadyLine() const;

 private:
  explicit Daemon(const Config& config) : config_(config) {}
  absl::Status OpenFirst();
  absl::Status Open(const KeyRing& keys);

  Config config_;
  std::atomic<bool> leaving_ = false, offers_stopped_ = false;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<http::HttpServer> http_;  // last: its handlers use all of the above
};

// All eight keys of a relay that shares `secret` with whoever mints its tags.
KeyRing DerivedKeys(ByteView secret, std::uint32_t relay_id);

}  // namespace trunkline::relay
