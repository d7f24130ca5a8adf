// trunkline-relay-load: voice packets through a relay on 127.0.0.1, and what they cost it.
//   load  packets at a rate or with a window; prints one line of JSON
//   hold  opens calls, prints "held N", keeps them until its input ends
// Exit codes: 0 done, 1 the calls couldn't be opened, 2 wrong usage.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <iterator>

#include "bench/relay/load.h"

namespace trunkline::bench {
namespace {

constexpr unsigned kLifeSeconds = 60;

struct Options {
  std::string way = "reflector", secret_file;
  std::uint16_t port = 0;
  std::uint32_t relay_id = 1;
  LoadOptions load;
};

std::unique_ptr<Way> WayOf(const Options& options) {
  if (options.way == "turn") return ThroughTurn();
  if (options.way == "forwarder") return ThroughForwarder();
  std::ifstream file(options.secret_file);
  std::string secret{std::istreambuf_iterator<char>(file), {}};
  while (!secret.empty() && secret.back() == '\n') secret.pop_back();
  return ThroughReflector(options.relay_id, std::move(secret));
}

void Print(const LoadResult& result) {
  std::printf(
      "{\"sent\": %llu, \"received\": %llu, \"seconds\": %.3f, \"packets_per_second\": %.0f, "
      "\"relay_ns_per_packet\": %.1f, \"relay_share\": %.4f, \"load_share\": %.4f, "
      "\"p50_us\": %.1f, \"p99_us\": %.1f}\n",
      static_cast<unsigned long long>(result.sent),
      static_cast<unsigned long long>(result.received), result.seconds, result.packets_per_second,
      result.relay_ns_per_packet, result.relay_share, result.load_share, result.p50_us,
      result.p99_us);
}

int Main(const Options& options, bool hold) {
  Wire caller(1, options.port), callee(2, options.port);
  if (options.way == "forwarder") {
    // Tells it the two ports that it forwards between.
    const std::uint16_t ports[] = {caller.port(), callee.port()};
    caller.Send(0, ByteView(reinterpret_cast<const std::uint8_t*>(ports), sizeof ports));
  }
  const auto way = WayOf(options);
  if (!way->Open(caller, callee, options.load.calls)) {
    std::fprintf(stderr, "trunkline-relay-load: the calls can't be opened\n");
    return 1;
  }
  if (!hold) {
    Print(RunLoad(caller, callee, *way, options.load));
    return 0;
  }
  std::printf("held %u\n", options.load.calls);
  std::fflush(stdout);
  char byte;
  while (read(STDIN_FILENO, &byte, 1) > 0) {
  }
  return 0;
}

}  // namespace
}  // namespace trunkline::bench

int main(int argc, char** argv) {
  using namespace trunkline::bench;
  CLI::App app{"Voice packets through a relay on 127.0.0.1."};
  Options options;
  app.require_subcommand(1);
  app.add_option("--way", options.way, "what forwards")
      ->check(CLI::IsMember({"reflector", "turn", "forwarder"}))
      ->capture_default_str();
  app.add_option("--port", options.port, "its UDP port")->required();
  app.add_option("--relay-id", options.relay_id, "of a reflector")->capture_default_str();
  app.add_option("--secret-file", options.secret_file, "of a reflector");
  app.add_option("--calls", options.load.calls)->check(CLI::Range(1u, kCallsMax));
  CLI::App* const load = app.add_subcommand("load", "packets, one line of JSON");
  load->add_option("--window", options.load.window, "packets under way")
      ->check(CLI::Range(1, 4096));
  load->add_option("--rate", options.load.packets_per_second, "packets a second")
      ->check(CLI::Range(1.0, 1e6));
  load->add_option("--seconds", options.load.seconds)->check(CLI::Range(0.1, 20.0));
  load->add_option("--pid", options.load.relay, "measure this process's CPU time");
  CLI::App* const hold = app.add_subcommand("hold", "calls until the input ends");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (load->parsed() && options.load.window == 0 && options.load.packets_per_second == 0) {
    std::fprintf(stderr, "trunkline-relay-load: one of --window and --rate is needed\n");
    return 2;
  }
  alarm(kLifeSeconds);  // whatever happens, it ends
  return Main(options, hold->parsed());
}
