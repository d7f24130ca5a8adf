// TL beside protobuf: equal values, read or written in one run, every field visited into a checksum
// on both sides. Protobuf has its best case: an arena, messages that are used again, fixed-width
// numbers. Ends with the ratios of the medians; with --check it fails below what is promised.
#include <benchmark/benchmark.h>

#include <google/protobuf/arena.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bench/micro/allocations.h"
#include "bench/micro/tl_peer_values.h"
#include "bench/micro/tl_samples.h"

namespace trunkline::bench {
namespace {

std::uint64_t SumOf(const auto& value) {
  Sum sum;
  Visit(value, sum);
  return sum.value();
}

struct Requests {
  using Peer = peer::RequestCall;
  static const auto& Value(const TlSamples& samples) { return samples.request; }
  static const api::fn::phone::RequestCall* Read(tl::Reader& reader) {
    api::AnyMethod method;
    api::ReadMethod(reader, method);
    return method.As<api::fn::phone::RequestCall>();
  }
};

struct CallUpdates {
  using Peer = peer::Updates;
  static const auto& Value(const TlSamples& samples) { return samples.updates; }
  static const api::Updates* Read(tl::Reader& reader) {
    return tl::Read<api::AnyUpdates>(reader).As<api::Updates>();
  }
};

struct LongUpdates : CallUpdates {
  static const auto& Value(const TlSamples& samples) { return samples.long_updates; }
};

void SetBytes(benchmark::State& state, std::size_t each) {
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) *
                          static_cast<std::int64_t>(each));
  state.counters["bytes"] = static_cast<double>(each);
}

template <class Kind>
std::vector<std::uint8_t> TlBytes() {
  const TlSamples samples;
  std::vector<std::uint8_t> bytes;
  tl::AppendTo(bytes, Kind::Value(samples), kLayer);
  return bytes;
}

template <class Kind>
void BM_ReadTl(benchmark::State& state) {
  const std::vector<std::uint8_t> bytes = TlBytes<Kind>();
  const TlSamples samples;
  const std::uint64_t expected = SumOf(Kind::Value(samples));
  tl::Arena arena(1 << 20);
  arena.Allocate(1);
  {
    const Allocations allocations(state);
    for (auto _ : state) {
      arena.Reset();
      tl::Reader reader(bytes, &arena);
      const auto* const value = Kind::Read(reader);
      if (value == nullptr || !reader.AtEnd() || SumOf(*value) != expected) {
        state.SkipWithError("another value was read");
        break;
      }
    }
  }
  SetBytes(state, bytes.size());
}

template <class Kind>
void BM_ReadProtobuf(benchmark::State& state) {
  const TlSamples samples;
  typename Kind::Peer filled;
  Copy(Kind::Value(samples), filled);
  const std::string bytes = filled.SerializeAsString();
  const std::uint64_t expected = SumOf(Kind::Value(samples));
  google::protobuf::Arena arena;
  auto* const value = google::protobuf::Arena::CreateMessage<typename Kind::Peer>(&arena);
  const auto size = static_cast<int>(bytes.size());
  // Twice: what is used again has its memory from then on.
  for (int i = 0; i < 2; ++i) value->ParseFromArray(bytes.data(), size);
  {
    const Allocations allocations(state);
    for (auto _ : state) {
      if (!value->ParseFromArray(bytes.data(), size) || SumOf(*value) != expected) {
        state.SkipWithError("another value was read");
        break;
      }
    }
  }
  SetBytes(state, bytes.size());
}

template <class Kind>
void BM_WriteTl(benchmark::State& state) {
  const TlSamples samples;
  const auto& value = Kind::Value(samples);
  std::vector<std::uint8_t> out(tl::SizeOf(value, kLayer));
  {
    const Allocations allocations(state);
    for (auto _ : state) {
      if (!tl::WriteTo(out, value, kLayer)) state.SkipWithError("it does not fit");
      benchmark::DoNotOptimize(out.data());
      benchmark::ClobberMemory();
    }
  }
  SetBytes(state, out.size());
}

template <class Kind>
void BM_WriteProtobuf(benchmark::State& state) {
  const TlSamples samples;
  google::protobuf::Arena arena;
  auto* const value = google::protobuf::Arena::CreateMessage<typename Kind::Peer>(&arena);
  Copy(Kind::Value(samples), *value);
  std::vector<std::uint8_t> out(value->ByteSizeLong());
  const auto size = static_cast<int>(out.size());
  {
    const Allocations allocations(state);
    for (auto _ : state) {
      if (!value->SerializeToArray(out.data(), size)) state.SkipWithError("it does not fit");
      benchmark::DoNotOptimize(out.data());
      benchmark::ClobberMemory();
    }
  }
  SetBytes(state, out.size());
}

template <class Kind>
void BM_Memcpy(benchmark::State& state) {
  const std::vector<std::uint8_t> bytes = TlBytes<Kind>();
  std::vector<std::uint8_t> out(bytes.size());
  for (auto _ : state) {
    std::memcpy(out.data(), bytes.data(), bytes.size());
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  }
  SetBytes(state, bytes.size());
}

#define PEERS(kind)                  \
  BENCHMARK(BM_ReadTl<kind>);        \
  BENCHMARK(BM_ReadProtobuf<kind>);  \
  BENCHMARK(BM_WriteTl<kind>);       \
  BENCHMARK(BM_WriteProtobuf<kind>); \
  BENCHMARK(BM_Memcpy<kind>)

PEERS(Requests);
PEERS(CallUpdates);
PEERS(LongUpdates);

#undef PEERS

// Prints as usual and keeps the medians.
class RatioReporter : public benchmark::ConsoleReporter {
 public:
  RatioReporter() : ConsoleReporter(OO_None) {}

  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      failed_ |= run.error_occurred;
      std::vector<double>& times = times_[run.run_name.function_name];
      if (run.run_type == Run::RT_Iteration) times.push_back(run.GetAdjustedCPUTime());
      if (run.aggregate_name == "median") times = {run.GetAdjustedCPUTime()};
    }
    ConsoleReporter::ReportRuns(runs);
  }

  // False when a ratio is below its promise or a benchmark failed.
  bool Tell() {
    bool kept = !failed_;
    std::printf("\n%-12s %12s %12s %10s %8s\n", "", "TL ns", "protobuf ns", "ratio", "promise");
    for (const char* const kind : {"Requests", "CallUpdates", "LongUpdates"}) {
      kept &= Line("Read", kind, 3) & Line("Write", kind, 2);
    }
    return kept;
  }

 private:
  double Median(const std::string& name) {
    std::vector<double>& times = times_[name];
    if (times.empty()) return 0;
    std::sort(times.begin(), times.end());
    return times[times.size() / 2];
  }

  bool Line(const std::string& verb, const std::string& kind, double promise) {
    const double ours = Median("BM_" + verb + "Tl<" + kind + ">");
    const double theirs = Median("BM_" + verb + "Protobuf<" + kind + ">");
    if (ours == 0 || theirs == 0) return true;
    const double ratio = theirs / ours;
    std::printf("%-5s %-12s %8.1f %12.1f %9.2fx %6.0fx %s\n", verb.c_str(), kind.c_str(), ours,
                theirs, ratio, promise, ratio >= promise ? "kept" : "NOT KEPT");
    return ratio >= promise;
  }

  std::map<std::string, std::vector<double>> times_;
  bool failed_ = false;
};

}  // namespace
}  // namespace trunkline::bench

int main(int argc, char** argv) {
  const bool check = argc > 1 && std::strcmp(argv[1], "--check") == 0;
  if (check) {
    argv[1] = argv[0];
    ++argv;
    --argc;
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  trunkline::bench::RatioReporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  const bool kept = reporter.Tell();
  return check && !kept ? 1 : 0;
}
