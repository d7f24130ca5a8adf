#include "bench/relay/load.h"

#include <time.h>

#include <algorithm>
#include <vector>

namespace trunkline::bench {
namespace {

constexpr double kWarmSeconds = 0.3;
constexpr std::uint64_t kLostNs = 20'000'000, kLastNs = 50'000'000;
constexpr std::size_t kSamplesMax = 4 << 20;
constexpr std::size_t kWorthwhile = 16;  // packets in one system call, when many may go

clockid_t ClockOf(pid_t pid) {
  // As clock_getcpuclockid makes it: the scheduler's own, all threads.
  return static_cast<clockid_t>((~static_cast<unsigned>(pid) << 3) | 2);
}

class Load {
 public:
  Load(Wire& caller, Wire& callee, Way& way, const LoadOptions& options)
      : caller_(caller), callee_(callee), way_(way), options_(options) {
    delays_.reserve(kSamplesMax);
  }

  LoadResult Run(double seconds) {
    sent_ = received_ = lost_ = 0;
    delays_.clear();
    const clockid_t relay_clock = ClockOf(options_.relay);
    const std::uint64_t relay_from = NowNs(relay_clock);
    const std::uint64_t own_from = NowNs(CLOCK_PROCESS_CPUTIME_ID);
    from_ = heard_ = NowNs(CLOCK_MONOTONIC);
    const std::uint64_t until = from_ + static_cast<std::uint64_t>(seconds * 1e9);
    for (std::uint64_t now = from_; now < until; now = NowNs(CLOCK_MONOTONIC)) {
      const std::size_t due = Due(now);
      if (due > 0) Send(due, now);
      if (Receive()) {
        heard_ = now;
      } else if (now - heard_ > kLostNs) {
        lost_ = sent_ - received_;
        heard_ = now;
      }
    }
    const double took = static_cast<double>(NowNs(CLOCK_MONOTONIC) - from_) / 1e9;
    const auto relay = static_cast<double>(NowNs(relay_clock) - relay_from);
    const auto own = static_cast<double>(NowNs(CLOCK_PROCESS_CPUTIME_ID) - own_from);
    const auto in_time = static_cast<double>(std::max<std::uint64_t>(received_, 1));
    TakeTheLast();
    std::ranges::sort(delays_);
    return {.sent = sent_,
            .received = received_,
            .seconds = took,
            .packets_per_second = in_time / took,
            .relay_ns_per_packet = relay / in_time,
            .relay_share = relay / 1e9 / took,
            .load_share = own / 1e9 / took,
            .p50_us = Delay(0.5),
            .p99_us = Delay(0.99)};
  }

 private:
  std::size_t Due(std::uint64_t now) const {
    if (options_.window == 0) {
      const double passed = static_cast<double>(now - from_) / 1e9;
      const auto due = static_cast<std::uint64_t>(passed * options_.packets_per_second);
      return due <= sent_ ? 0 : std::min<std::size_t>(kBurst, due - sent_);
    }
    const std::uint64_t under_way = sent_ - std::min(sent_, received_ + lost_);
    if (under_way >= options_.window) return 0;
    const auto room = std::min<std::size_t>(kBurst, options_.window - under_way);
    return room >= kWorthwhile || under_way == 0 ? room : 0;
  }

  void Send(std::size_t count, std::uint64_t now) {
    Wire::Out burst[kBurst];
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint32_t call = next_++ % options_.calls;
      const ByteSpan packet = way_.PacketOf(call);
      StoreLittle(&packet[way_.stamp_out], now);
      burst[i] = {call, packet};
    }
    sent_ += caller_.Send({burst, count});
  }

  bool Receive() {
    const auto in = callee_.Receive();
    if (in.empty()) return false;
    const std::uint64_t now = NowNs(CLOCK_MONOTONIC);
    for (const Wire::In& one : in) {
      if (one.packet.size() != way_.size_in) continue;
      ++received_;
      const auto stamp = LoadLittle<std::uint64_t>(&one.packet[way_.stamp_in]);
      if (stamp < from_) continue;  // of the run before
      if (delays_.size() < kSamplesMax) {
        delays_.push_back(
            static_cast<std::uint32_t>(std::min<std::uint64_t>(now - stamp, 1u << 31)));
      }
    }
    return true;
  }

  void TakeTheLast() {
    const std::uint64_t until = NowNs(CLOCK_MONOTONIC) + kLastNs;
    while (received_ < sent_ && NowNs(CLOCK_MONOTONIC) < until) Receive();
  }

  double Delay(double share) const {
    if (delays_.empty()) return 0;
    const auto last = static_cast<double>(delays_.size() - 1);
    return delays_[static_cast<std::size_t>(share * last)] / 1e3;
  }

  Wire& caller_;
  Wire& callee_;
  Way& way_;
  const LoadOptions& options_;
  std::uint64_t sent_ = 0, received_ = 0, lost_ = 0;
  std::uint64_t from_ = 0, heard_ = 0;
  std::uint32_t next_ = 0;
  std::vector<std::uint32_t> delays_;
};

}  // namespace

LoadResult RunLoad(Wire& caller, Wire& callee, Way& way, const LoadOptions& options) {
  Load load(caller, callee, way, options);
  load.Run(kWarmSeconds);
  return load.Run(options.seconds);
}

}  // namespace trunkline::bench
