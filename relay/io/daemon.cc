#include "relay/io/daemon.h"

#include <unistd.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "relay/io/pages.h"

namespace trunkline::relay {
namespace {

constexpr int kPortAttempts = 8;

void Add(WorkerFigures& sum, const WorkerFigures& one) {
  sum.counters.packets_in += one.counters.packets_in;
  sum.counters.bytes_in += one.counters.bytes_in;
  sum.counters.packets_forwarded += one.counters.packets_forwarded;
  sum.counters.bytes_forwarded += one.counters.bytes_forwarded;
  sum.counters.answers += one.counters.answers;
  sum.counters.sessions_started += one.counters.sessions_started;
  sum.counters.moves += one.counters.moves;
  sum.counters.summaries_lost += one.counters.summaries_lost;
  for (std::size_t i = 0; i < kDropCount; ++i) {
    sum.counters.dropped[i] += one.counters.dropped[i];
  }
  sum.tcp.accepted += one.tcp.accepted;
  sum.tcp.refused += one.tcp.refused;
  sum.tcp.closed += one.tcp.closed;
  sum.tcp.silent += one.tcp.silent;
  sum.tcp.dropped += one.tcp.dropped;
  sum.tcp.bad_streams += one.tcp.bad_streams;
  sum.sessions += one.sessions;
  sum.ports += one.ports;
  sum.connections += one.connections;
  sum.session_bytes += one.session_bytes;
  sum.send_failures += one.send_failures;
  sum.overruns += one.overruns;
  sum.hops_dropped += one.hops_dropped;
  sum.own_address += one.own_address;
}

}  // namespace

KeyRing DerivedKeys(ByteView secret, std::uint32_t relay_id) {
  KeyRing keys;
  for (std::uint8_t id = 0; id < kTagKeyIds; ++id) {
    keys.Set(id, DeriveTagKey(secret, relay_id, id));
  }
  return keys;
}

absl::StatusOr<std::unique_ptr<Daemon>> Daemon::Start(const Config& config, const KeyRing& keys) {
  std::unique_ptr<Daemon> daemon(new Daemon(config));
  const absl::Status status = daemon->Open(keys);
  if (!status.ok()) return status;
  return daemon;
}

// A port that the kernel chose for UDP may be taken for TCP: then it chooses again.
absl::Status Daemon::OpenFirst() {
  const std::vector<HostPort> wanted = config_.listen;
  absl::Status status;
  for (int attempt = 0; attempt < kPortAttempts; ++attempt) {
    config_.listen = wanted;
    workers_.clear();
    workers_.push_back(std::make_unique<Worker>(config_, 0));
    status = workers_.front()->Open(config_.listen);
    const bool chosen =
        std::any_of(wanted.begin(), wanted.end(), [](const HostPort& at) { return at.port == 0; });
    if (status.ok() || !chosen) break;
  }
  return status;
}

absl::Status Daemon::Open(const KeyRing& keys) {
  absl::Status opened = OpenFirst();
  if (!opened.ok()) return opened;
  for (std::uint32_t thread = 1; thread < config_.threads; ++thread) {
    workers_.push_back(std::make_unique<Worker>(config_, thread));
    opened = workers_.back()->Open(config_.listen);
    if (!opened.ok()) return opened;
  }
  if (config_.threads > 1) {
    const absl::Status status = workers_.front()->Steer(config_.threads);
    if (!status.ok()) return status;
  }
  if (config_.advertise.host.empty()) config_.advertise = config_.listen.front();
  if (config_.advertise.port == 0) config_.advertise.port = config_.listen.front().port;
  if (!config_.http.host.empty()) {
    auto server = http::HttpServer::Start(config_.http.host, config_.http.port, Pages(*this));
    if (!server.ok()) return server.status();
    http_ = *std::move(server);
    config_.http.port = http_->port();
  }
  SetKeys(keys);
  Worker::Peers peers;
  for (const auto& worker : workers_) peers.boxes.push_back(&worker->box());
  for (const auto& worker : workers_) worker->Start(peers);
  return absl::OkStatus();
}

Daemon::~Daemon() {
  http_.reset();
  // All of them stop before any goes: they post to each other.
  for (const auto& worker : workers_) worker->Stop();
}

void Daemon::SetKeys(const KeyRing& keys) {
  const auto verifier = std::make_shared<const KeyRingVerifier>(keys);
  for (const auto& worker : workers_) worker->SetVerifier(verifier);
}

void Daemon::Deny(CallKey call) {
  for (const auto& worker : workers_) worker->Deny(call);
}

WorkerFigures Daemon::figures() const {
  WorkerFigures sum;
  for (const auto& worker : workers_) Add(sum, worker->figures());
  return sum;
}

std::vector<FlowSummary> Daemon::TakeSummaries() {
  std::vector<FlowSummary> summaries;
  for (const auto& worker : workers_) worker->TakeSummaries(summaries);
  return summaries;
}

void Daemon::ReportLive(bool on) {
  for (const auto& worker : workers_) worker->ReportLive(on);
}

std::string Daemon::ReadyLine() const {
  std::string line = absl::StrCat("ready relay=", HostPortText(config_.advertise),
                                  " id=", config_.id, " pid=", getpid());
  if (http_ != nullptr) absl::StrAppend(&line, " http=", HostPortText(config_.http));
  return line;
}

}  // namespace trunkline::relay
