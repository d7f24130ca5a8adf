// `demo`: one call between two real clients, drawn as a ladder.
#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <utility>

#include "bench/load/call_pair.h"
#include "bench/load/commands.h"
#include "bench/load/describe.h"
#include "bench/load/ladder.h"
#include "bench/load/run.h"

namespace trunkline::load {
namespace {

constexpr std::chrono::seconds kPatience{60};

int Failed(const std::string& why) {
  std::fprintf(stderr, "trunkline-bench: demo: %s\n", why.c_str());
  return 1;
}

void Record(Ladder& ladder, Client& client, Side side) {
  client.Observe([&ladder, &client, side](Client::Event event, ByteView body) {
    switch (event) {
      case Client::Event::kQuery:
        return ladder.Add(client.now(), side, Ladder::Towards::kServer, DescribeQuery(body));
      case Client::Event::kResult:
        return ladder.Add(client.now(), side, Ladder::Towards::kClient,
                          "= " + DescribeResult(body));
      case Client::Event::kUpdates:
        return ladder.Add(client.now(), side, Ladder::Towards::kClient,
                          "update " + DescribeUpdates(body));
    }
  });
}

std::string Heading(const char* role, const ClientOptions& options) {
  return std::string(role) + ", layer " + std::to_string(options.layer) + ", " +
         std::string(NameOf(options.transport)) + (options.pfs ? ", PFS" : "");
}

}  // namespace

int RunDemo(const ServerOptions& server, const DemoOptions& options) {
  auto target = FindTarget(server);
  if (!target.ok()) return Failed(std::string(target.status().message()));
  target->pfs = options.pfs;

  boost::asio::io_context io(1);
  SystemEntropy entropy;
  PairOptions pair_options{.caller = *target,
                           .callee = *target,
                           .caller_number = options.phones[0],
                           .callee_number = options.phones[1],
                           .code = options.code};
  pair_options.caller.layer = options.layers[0];
  pair_options.callee.layer = options.layers.back();
  CallPair pair(io, pair_options, &entropy);

  std::optional<std::string> outcome;
  const auto set = [&outcome](const std::string& failure) { outcome = failure; };
  pair.SetUp(set);
  RunUntil(
      io, [&outcome] { return outcome.has_value(); }, kPatience);
  if (!outcome || !outcome->empty()) return Failed("setting up: " + outcome.value_or("no end"));

  Ladder ladder(pair.caller_client().now());
  Record(ladder, pair.caller_client(), Side::kCaller);
  Record(ladder, pair.callee_client(), Side::kCallee);
  outcome.reset();
  pair.Call(set);
  RunUntil(
      io, [&outcome] { return outcome.has_value(); }, kPatience);
  std::fputs(
      ladder.Draw(Heading("caller", pair_options.caller), Heading("callee", pair_options.callee))
          .c_str(),
      stdout);
  if (!outcome || !outcome->empty()) return Failed(outcome.value_or("no end"));
  std::printf("every step held: %llu checks\n", static_cast<unsigned long long>(pair.checks()));
  return 0;
}

}  // namespace trunkline::load
