// `calls`: pairs of phones that call one another again and again, each beginning when its last one
// ended.
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <cstdio>
#include <memory>

#include "bench/load/call_pair.h"
#include "bench/load/commands.h"
#include "bench/load/run.h"
#include "bench/load/usage.h"

namespace trunkline::load {
namespace {

constexpr std::chrono::hours kPatience{1};
constexpr int kSetUpsAtOnce = 16;  // key exchanges and sign-ins under way together

int Failed(const std::string& why) {
  std::fprintf(stderr, "trunkline-bench: calls: %s\n", why.c_str());
  return 1;
}

class Loop {
 public:
  Loop(boost::asio::io_context& io, int calls) : io_(io), left_(calls) {}

  void Add(std::unique_ptr<CallPair> pair) { pairs_.push_back(std::move(pair)); }

  bool SetUp() {
    for (int i = 0; i < kSetUpsAtOnce; ++i) SetUpNext();
    RunUntil(
        io_, [this] { return ready_ == pairs_.size() || !failure_.empty(); }, kPatience);
    return failure_.empty();
  }

  void Run() {
    for (const auto& pair : pairs_) Next(*pair);
    RunUntil(
        io_, [this] { return under_way_ == 0; }, kPatience);
  }

  const std::string& failure() const { return failure_; }
  std::uint64_t done() const { return done_; }
  std::uint64_t failed() const { return failed_; }

 private:
  void SetUpNext() {
    if (started_ == pairs_.size()) return;
    pairs_[started_++]->SetUp([this](const std::string& failure) {
      if (!failure.empty()) failure_ = failure;
      ++ready_;
      SetUpNext();
    });
  }

  void Next(CallPair& pair) {
    if (left_ == 0) return;
    --left_;
    ++under_way_;
    pair.Call([this, &pair](const std::string& failure) {
      --under_way_;
      if (failure.empty()) {
        ++done_;
      } else {
        ++failed_;
        if (failure_.empty()) failure_ = failure;
      }
      // Not from inside the phones' own callback.
      ++under_way_;
      boost::asio::post(io_, [this, &pair] {
        --under_way_;
        if (pair.caller_client().connected() && pair.callee_client().connected()) Next(pair);
      });
    });
  }

  boost::asio::io_context& io_;
  std::vector<std::unique_ptr<CallPair>> pairs_;
  std::string failure_;  // the first one
  int left_, under_way_ = 0;
  std::size_t started_ = 0, ready_ = 0;
  std::uint64_t done_ = 0, failed_ = 0;
};

}  // namespace

int RunCalls(const ServerOptions& server, const CallsOptions& options) {
  auto target = FindTarget(server);
  if (!target.ok()) return Failed(std::string(target.status().message()));
  target->layer = options.layer;

  boost::asio::io_context io(1);
  SystemEntropy entropy;
  Loop loop(io, options.calls);
  for (int i = 0; i < options.pairs; ++i) {
    const std::uint64_t number = options.first_phone + 2 * static_cast<std::uint64_t>(i);
    PairOptions pair{.caller = *target,
                     .callee = *target,
                     .caller_number = "+" + std::to_string(number),
                     .callee_number = "+" + std::to_string(number + 1),
                     .code = options.code};
    pair.script = {
        .get_dh_config = false, .signals = options.signals, .reuse_dh = options.reuse_dh};
    loop.Add(std::make_unique<CallPair>(io, std::move(pair), &entropy));
  }
  if (!loop.SetUp()) return Failed("setting up: " + loop.failure());

  const auto start = std::chrono::steady_clock::now();
  const double client_cpu = OwnCpuSeconds();
  const auto server_cpu = server.server_pid == 0 ? std::nullopt : CpuSecondsOf(server.server_pid);
  if (server.server_pid != 0 && !server_cpu) return Failed("--server-pid: no such process");
  loop.Run();
  Measurement result{.what = "calls", .done = loop.done(), .failed = loop.failed()};
  result.wall_seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  result.client_cpu_seconds = OwnCpuSeconds() - client_cpu;
  if (server_cpu) {
    result.server_cpu_seconds = CpuSecondsOf(server.server_pid).value_or(*server_cpu) - *server_cpu;
  }
  Print(result, server.json);
  if (loop.done() == static_cast<std::uint64_t>(options.calls)) return 0;
  return Failed("the first failure: " + loop.failure());
}

}  // namespace trunkline::load
