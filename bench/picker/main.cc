// trunkline-picker-sim: the picker in a made-up world beside baselines and oracles. Exit code 1
// when a promise isn't kept.
//   trunkline-picker-sim [--short] [--seed N] [--plots FOLDER]
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "bench/picker/simulation.h"
#include "bench/picker/svg.h"

namespace trunkline::bench {
namespace {

struct Options {
  Setup setup;
  bool is_short = false;  // a smaller world, and only those whose figures the promises need
  std::string plots;
};

bool g_kept = true;

void Promise(const char* what, double figure, double bound, bool at_most = true) {
  const bool kept = at_most ? figure <= bound : figure >= bound;
  g_kept = g_kept && kept;
  std::printf("%-8s %-62s %8.3f %s %.3f\n", kept ? "kept" : "BROKEN", what, figure,
              at_most ? "<=" : ">=", bound);
}

void Print(const std::vector<Result>& results) {
  std::printf("%-22s %8s %8s %7s %9s %9s %7s %9s\n", "policy", "mean ms", "p95 ms", "poor",
              "load x", "p95 x", "util", "no-UDP ok");
  for (const Result& result : results) {
    std::printf("%-22s %8.1f %8.1f %6.2f%% %9.2f %9.2f %7.2f %8.1f%%\n", result.name.c_str(),
                result.mean_ms, result.p95_ms, result.poor * 100, result.load_ratio,
                result.load_ratio_p95, result.utilisation_max, result.udp_less_reached * 100);
  }
}

const Result& Named(const std::vector<Result>& results, const std::string& name) {
  return *std::ranges::find(results, name, &Result::name);
}

void Judge(const std::vector<Result>& results, const std::vector<Spread>& spreads) {
  const Result& picker = Named(results, "picker");
  const Result& oracle = Named(results, "capacity-aware oracle");
  const Result& nearest = Named(results, "nearest to caller");
  Promise("mean round trip over the capacity-aware oracle", picker.mean_ms / oracle.mean_ms, 1.05);
  Promise("p95 round trip over the capacity-aware oracle", picker.p95_ms / oracle.p95_ms, 1.10);
  Promise("share of the oracle's cut of poor calls (from nearest to caller)",
          (nearest.poor - picker.poor) / (nearest.poor - oracle.poor), 0.85, false);
  Promise("max/mean load of ten equal relays, stats 2 s old, p99", spreads[0].p99, 1.25);
  Promise("seconds until the dead relay was offered for the last time", picker.dead_offered_s, 5);
  Promise("round trip paid for exploration, share", picker.explored_extra, 0.03);
}

void Write(const std::string& folder, const char* name, const Chart& chart) {
  std::ofstream(folder + "/" + name) << ToSvg(chart);
}

void Plot(const std::string& folder, const std::vector<Result>& results) {
  const Result& oracle = Named(results, "capacity-aware oracle");
  Chart regret{"Mean round trip over the capacity-aware oracle's, hour by hour",
               "hour",
               "percent",
               0,
               48,
               -20,
               30,
               {}};
  Chart cdf{"Round trip through the relay, second day", "ms", "share of calls", 0, 480, 0, 1, {}};
  Chart spread{
      "Max/mean load within a region, weighted by calls", "hour", "ratio", 0, 48, 1, 1.5, {}};
  for (const Result& result : results) {
    Series over{result.name, {}}, share{result.name, {}}, ratio{result.name, {}};
    for (std::size_t hour = 0; hour < result.hourly_ms.size(); ++hour) {
      const auto x = static_cast<double>(hour) + 0.5;
      over.points.emplace_back(x, 100 * (result.hourly_ms[hour] / oracle.hourly_ms[hour] - 1));
      ratio.points.emplace_back(x, result.hourly_ratio[hour]);
    }
    constexpr std::size_t kSteps = 200;
    for (std::size_t i = 0; i < kSteps; ++i) {
      share.points.emplace_back(result.rtt_ms[(result.rtt_ms.size() - 1) * i / (kSteps - 1)],
                                static_cast<double>(i) / (kSteps - 1));
    }
    regret.series.push_back(over);
    cdf.series.push_back(share);
    spread.series.push_back(ratio);
  }
  Write(folder, "picker-regret.svg", regret);
  Write(folder, "picker-rtt.svg", cdf);
  Write(folder, "picker-load.svg", spread);
}

int Main(const Options& options) {
  const Setup& setup = options.setup;
  World world(setup.seed, setup.networks);
  world.SetGrey({setup.grey_relay, setup.grey_from_s, setup.grey_until_s, setup.grey_loss});
  std::printf(
      "seed %llu, %zu relays, %zu networks, %.1f calls/s on average, 24 h to learn, 24 h "
      "measured\n",
      static_cast<unsigned long long>(setup.seed), kRelays, setup.networks, setup.calls_per_second);
  std::vector<std::unique_ptr<Policy>> policies;
  policies.push_back(MakePicker(world, setup.CapacityCalls()));
  policies.push_back(MakeOracle(world, true));
  policies.push_back(MakeNearestToCaller(world));
  if (!options.is_short) {
    policies.push_back(MakeMidPoint(world));
    policies.push_back(MakePreviousDay(world));
    policies.push_back(MakeLeastLoaded());
    policies.push_back(MakeRandom());
    policies.push_back(MakeOracle(world, false));
  }
  std::vector<Result> results;
  for (const auto& policy : policies) {
    const auto begin = std::chrono::steady_clock::now();
    results.push_back(Run(setup, world, *policy));
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    std::fprintf(stderr, "%s: %zu calls measured, %.1f s\n", policy->name().c_str(),
                 results.back().calls, took.count());
  }
  Print(results);
  std::vector<Spread> spreads;
  for (const SpreadPolicy policy :
       {SpreadPolicy::kPicker, SpreadPolicy::kLeastLoaded, SpreadPolicy::kRandom}) {
    spreads.push_back(RunSpread(policy, setup.stale_seconds));
    std::printf("ten equal relays, %-13s max/mean load %.3f on average, %.3f p99\n",
                spreads.back().name.c_str(), spreads.back().mean, spreads.back().p99);
  }
  const Result& picker = results.front();
  std::printf(
      "explored entries carried %.2f %% of the calls; the grey relay %.0f before, %.0f while "
      "grey\n",
      picker.explored_share * 100, picker.grey_before, picker.grey_during);
  Judge(results, spreads);
  if (!options.is_short) {
    const Speed speed = MeasureSpeed();
    Promise("picks per core-second, 100 relays, thousands", speed.picks_per_second / 1000, 100,
            false);
    Promise("p99 of one pick, microseconds", speed.p99_us, 50);
  }
  if (!options.plots.empty()) Plot(options.plots, results);
  return g_kept ? 0 : 1;
}

}  // namespace
}  // namespace trunkline::bench

int main(int argc, char** argv) {
  trunkline::bench::Options options;
  CLI::App app{"The relay picker in a made-up world; exit code 1 when a promise isn't kept."};
  app.add_flag("--short", options.is_short, "a smaller world, without the baselines");
  app.add_option("--seed", options.setup.seed)->capture_default_str();
  app.add_option("--plots", options.plots, "folder for SVG plots");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (options.is_short) {
    options.setup.networks = 400;
    options.setup.calls_per_second = 1.5;
  }
  return trunkline::bench::Main(options);
}
