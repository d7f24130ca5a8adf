// `calls`: pairs of phones that call one another again and again: each begins when its last one
// ended, or, at a set rate, when the next call is due and the pair is free.
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdio>
#include <deque>
#include <memory>

#include "bench/load/call_pair.h"
#include "bench/load/commands.h"
#include "bench/load/run.h"
#include "bench/load/usage.h"

namespace trunkline::load {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::hours kCallsPatience{1};
constexpr int kSetUpsAtOnce = 16;  // key exchanges and sign-ins under way together

class CallLoop {
 public:
  explicit CallLoop(boost::asio::io_context& io) : io_(io), timer_(io) {}

  void Add(std::unique_ptr<CallPair> pair) { pairs_.push_back(std::move(pair)); }

  bool SetUp() {
    for (int i = 0; i < kSetUpsAtOnce; ++i) SetUpNext();
    RunUntil(
        io_, [this] { return ready_ == pairs_.size() || !failure_.empty(); }, kCallsPatience);
    return failure_.empty();
  }

  // A call of each pair, which doesn't count: the first one makes the keys that are used again.
  bool MakeKeys() {
    Run(pairs_.size());
    done_ = 0;
    return failure_.empty();
  }

  void Run(std::uint64_t calls) {
    left_ = calls;
    for (const auto& pair : pairs_) Next(*pair);
    RunUntil(
        io_, [this] { return under_way_ == 0; }, kCallsPatience);
  }

  // Open loop: a server that falls behind doesn't slow the calls down, it makes them late.
  void RunAtRate(double rate, std::uint64_t calls, Latencies* latencies) {
    left_ = calls;
    latencies_ = latencies;
    interval_ = std::chrono::nanoseconds(static_cast<std::int64_t>(1e9 / rate));
    next_due_ = Clock::now();
    for (const auto& pair : pairs_) free_.push_back(pair.get());
    AwaitDue();
    RunUntil(
        io_, [this] { return under_way_ == 0 && (left_ == 0 || free_.empty()); }, kCallsPatience);
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
    Start(pair);
  }

  void AwaitDue() {
    if (left_ == 0) return;
    timer_.expires_at(next_due_);
    timer_.async_wait([this](const boost::system::error_code& error) {
      if (!error) StartDue();
    });
  }

  void StartDue() {
    const Clock::time_point now = Clock::now();
    while (left_ > 0 && next_due_ <= now && !free_.empty()) {
      CallPair& pair = *free_.front();
      free_.pop_front();
      --left_;
      Measure(pair, next_due_);
      next_due_ += interval_;
      Start(pair);
    }
    // Else the pair that becomes free goes on.
    if (next_due_ > now) AwaitDue();
  }

  void Measure(CallPair& pair, Clock::time_point due) {
    pair.caller().OnMoment([this, due](Phone::Moment moment) {
      if (moment == Phone::Moment::kRequestAnswered) latencies_->answer.Record(Clock::now() - due);
    });
    pair.callee().OnMoment([this, due](Phone::Moment moment) {
      if (moment == Phone::Moment::kRung) latencies_->ring.Record(Clock::now() - due);
    });
  }

  void Start(CallPair& pair) {
    ++under_way_;
    pair.Call([this, &pair](const std::string& failure) {
      if (failure.empty()) {
        ++done_;
      } else {
        ++failed_;
        if (failure_.empty()) failure_ = failure;
      }
      // Not from inside the phones' own callback.
      boost::asio::post(io_, [this, &pair] {
        --under_way_;
        if (pair.caller_client().connected() && pair.callee_client().connected()) Free(pair);
      });
    });
  }

  void Free(CallPair& pair) {
    if (latencies_ == nullptr) return Next(pair);
    free_.push_back(&pair);
    if (left_ == 0 || free_.size() > 1 || next_due_ > Clock::now()) return;
    ++latencies_->waited;
    StartDue();
  }

  boost::asio::io_context& io_;
  std::vector<std::unique_ptr<CallPair>> pairs_;
  std::string failure_;  // the first one
  std::uint64_t left_ = 0, under_way_ = 0;
  std::size_t started_ = 0, ready_ = 0;
  std::uint64_t done_ = 0, failed_ = 0;

  // Of a set rate.
  boost::asio::steady_timer timer_;
  std::chrono::nanoseconds interval_{};
  Clock::time_point next_due_{};
  std::deque<CallPair*> free_;
  Latencies* latencies_ = nullptr;  // null: no set rate
};

}  // namespace

int RunCalls(const ServerOptions& server, const CallsOptions& options) {
  auto target = FindTarget(server);
  if (!target.ok()) return Failed("calls", std::string(target.status().message()));
  target->layer = options.layer;

  boost::asio::io_context io(1);
  SystemEntropy entropy;
  CallLoop loop(io);
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
  if (!loop.SetUp()) return Failed("calls", "setting up: " + loop.failure());
  if (options.reuse_dh && !loop.MakeKeys())
    return Failed("calls", "making keys: " + loop.failure());

  const auto start = std::chrono::steady_clock::now();
  const double client_cpu = OwnCpuSeconds();
  const auto server_cpu = server.server_pid == 0 ? std::nullopt : CpuSecondsOf(server.server_pid);
  if (server.server_pid != 0 && !server_cpu)
    return Failed("calls", "--server-pid: no such process");
  Latencies latencies;
  const bool open = options.rate > 0;
  const auto calls = open ? static_cast<std::uint64_t>(options.rate * options.seconds)
                          : static_cast<std::uint64_t>(options.calls);
  if (open) {
    loop.RunAtRate(options.rate, calls, &latencies);
  } else {
    loop.Run(calls);
  }
  Measurement result{.what = "calls", .done = loop.done(), .failed = loop.failed()};
  result.wall_seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  result.client_cpu_seconds = OwnCpuSeconds() - client_cpu;
  if (server_cpu) {
    result.server_cpu_seconds = CpuSecondsOf(server.server_pid).value_or(*server_cpu) - *server_cpu;
  }
  if (open) result.latencies = &latencies;
  Print(result, server.json);
  if (loop.done() == calls) return 0;
  return Failed("calls", "the first failure: " + loop.failure());
}

}  // namespace trunkline::load
