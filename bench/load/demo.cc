// `demo`: one call between two real clients, drawn as a ladder.
#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <functional>
#include <optional>
#include <utility>

#include "bench/load/call_pair.h"
#include "bench/load/commands.h"
#include "bench/load/describe.h"
#include "bench/load/ladder.h"
#include "bench/load/run.h"
#include "bench/load/voice.h"

namespace trunkline::load {
namespace {

constexpr std::chrono::seconds kDemoPatience{60};

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

// The two ends of a call's media.
class Conversation {
 public:
  Conversation(boost::asio::io_context& io, std::uint32_t packets) : io_(io), packets_(packets) {}

  void Begin(bool caller, const tl::api::PhoneCall& call, std::function<void()> done) {
    for (const tl::api::AnyPhoneConnection& connection : call.connections) {
      const auto* const relay = connection.As<tl::api::PhoneConnection>();
      if (relay == nullptr || relay->tcp()) continue;
      boost::system::error_code error;
      const auto address = boost::asio::ip::make_address(std::string(relay->ip), error);
      if (error) continue;
      const Voice::Relay endpoint(address, static_cast<std::uint16_t>(relay->port));
      (caller ? caller_ : callee_)
          .emplace(io_, endpoint, relay->peer_tag, packets_, std::move(done));
      relay_ = "relay " + std::to_string(relay->id) + " at " + address.to_string() + ":" +
               std::to_string(relay->port);
      return;
    }
  }

  std::string Told() const {
    if (!caller_ || !callee_) return "media: the call has no relay";
    std::string text = "media through " + relay_ + ": the caller heard " +
                       std::to_string(caller_->received()) + " packets, the callee " +
                       std::to_string(callee_->received());
    if (!caller_->relay_answered()) text += "; the relay doesn't answer the caller";
    if (!callee_->relay_answered()) text += "; the relay doesn't answer the callee";
    return text;
  }

 private:
  boost::asio::io_context& io_;
  const std::uint32_t packets_;
  std::optional<Voice> caller_, callee_;
  std::string relay_;
};

std::string Heading(const char* role, const ClientOptions& options) {
  return std::string(role) + ", layer " + std::to_string(options.layer) + ", " +
         std::string(NameOf(options.transport)) + (options.pfs ? ", PFS" : "");
}

}  // namespace

int RunDemo(const ServerOptions& server, const DemoOptions& options) {
  auto target = FindTarget(server);
  if (!target.ok()) return Failed("demo", std::string(target.status().message()));
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
  Conversation media(io, options.voice_packets);
  if (options.voice_packets > 0) {
    pair_options.script.talk = std::bind_front(&Conversation::Begin, &media);
  }
  CallPair pair(io, pair_options, &entropy);

  std::optional<std::string> outcome;
  const auto set = [&outcome](const std::string& failure) { outcome = failure; };
  pair.SetUp(set);
  RunUntil(
      io, [&outcome] { return outcome.has_value(); }, kDemoPatience);
  if (!outcome || !outcome->empty())
    return Failed("demo", "setting up: " + outcome.value_or("no end"));

  Ladder ladder(pair.caller_client().now());
  Record(ladder, pair.caller_client(), Side::kCaller);
  Record(ladder, pair.callee_client(), Side::kCallee);
  outcome.reset();
  pair.Call(set);
  RunUntil(
      io, [&outcome] { return outcome.has_value(); }, kDemoPatience);
  std::fputs(
      ladder.Draw(Heading("caller", pair_options.caller), Heading("callee", pair_options.callee))
          .c_str(),
      stdout);
  std::printf("call %lld\n", static_cast<long long>(pair.caller().call_id()));
  if (options.voice_packets > 0) std::printf("%s\n", media.Told().c_str());
  if (!outcome || !outcome->empty()) return Failed("demo", outcome.value_or("no end"));
  std::printf("every step held: %llu checks\n", static_cast<unsigned long long>(pair.checks()));
  return 0;
}

}  // namespace trunkline::load
