// The subcommands of trunkline-bench. Each returns the exit code: 0 all held, 1 something failed,
// after one line on stderr.
#pragma once

#include <cstdio>
#include <string>
#include <vector>

#include "bench/load/client.h"
#include "bench/load/histogram.h"

namespace trunkline::load {

// That line, and the code.
inline int Failed(const char* command, const std::string& why) {
  std::fprintf(stderr, "trunkline-bench: %s: %s\n", command, why.c_str());
  return 1;
}

struct ServerOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;
  std::string key_file;
  TransportChoice transport = TransportChoice::kAbridged;
  int server_pid = 0;  // 0: its CPU time isn't measured
  bool json = false;
};

struct DemoOptions {
  std::string code;
  std::vector<std::string> phones;  // caller, callee
  std::vector<int> layers;
  bool pfs = false;
  std::uint32_t voice_packets = 0;  // that each side must hear through the call's first relay
};
int RunDemo(const ServerOptions& server, const DemoOptions& options);

struct CallsOptions {
  std::string code;
  std::uint64_t first_phone = 0;  // pair i has the numbers first + 2i and first + 2i + 1
  int calls = 1000;
  int pairs = 10;
  int layer = 198;
  int signals = 0;
  bool reuse_dh = false;
  double rate =
      0;  // calls a second, begun whatever the server does; 0: each pair as fast as it can
  double seconds = 0;  // of `rate`
};
int RunCalls(const ServerOptions& server, const CallsOptions& options);

struct HandshakeOptions {
  int count = 1000;
  int connections = 8;
};
int RunHandshakes(const ServerOptions& server, const HandshakeOptions& options);

// The address and the public key as client options.
absl::StatusOr<ClientOptions> FindTarget(const ServerOptions& options);

// At a set rate, each from the moment at which its call was due.
struct Latencies {
  Histogram ring;            // to phoneCallRequested at the callee
  Histogram answer;          // to the result of phone.requestCall
  std::uint64_t waited = 0;  // calls that were due when no pair was free
};

// What a loop measured, as text or JSON on stdout.
struct Measurement {
  const char* what;  // "calls", "handshakes"
  std::uint64_t done = 0, failed = 0;
  double wall_seconds = 0, client_cpu_seconds = 0;
  double server_cpu_seconds = -1;  // negative: not measured
  const Latencies* latencies = nullptr;
};
void Print(const Measurement& measurement, bool json);

}  // namespace trunkline::load
