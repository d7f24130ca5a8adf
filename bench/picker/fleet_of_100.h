// A hundred relays and a picker that has learned about four thousand prefixes: what picks are timed
// with.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "common/check.h"
#include "server/picker/picker.h"

namespace trunkline::bench {

class FleetOf100 {
 public:
  static constexpr std::size_t kSpeedRelays = 100, kPrefixes = 4'000, kRequests = 8'192;

  FleetOf100() {
    std::uniform_real_distribution<float> uniform;
    for (std::size_t i = 0; i < kSpeedRelays; ++i) {
      picker::EntryConfig config;
      config.id = picker::EntryId(static_cast<std::int64_t>(i) + 1);
      config.ip = std::to_string(i);
      config.port = 599;
      config.domain = std::to_string(i / 2);
      config.place = {uniform(random_) * 120 - 60, uniform(random_) * 360 - 180, true};
      config.capacity.calls = 10'000;
      CHECK(picker_.Add(config).ok());
      CHECK(picker_.fleet().Heartbeat(config.id, {.calls = static_cast<std::uint32_t>(i)}, now_));
    }
    for (std::size_t i = 0; i < kRequests; ++i) requests_.push_back({AnyClient(), AnyClient()});
    for (std::size_t i = 0; i < kRequests; ++i) LearnOne();
  }

  // A pick, three flow summaries and an end.
  void LearnOne() {
    std::uniform_real_distribution<float> uniform;
    picker::Assignment call = picker_.Pick(requests_[at_++ % kRequests], now_, random_());
    for (const picker::Offered& offered : call.offer.list()) {
      picker::FlowSummary flow{.relay = offered.id, .packets = 1'000};
      flow.caller = flow.callee = {true, 30 + uniform(random_) * 200, 0.001F, 10};
      CHECK(picker_.OnFlow(call, flow, now_));
    }
    picker_.OnEnd(call, {}, now_);
  }

  // Gives a call its relays and takes them back.
  std::uint8_t PickOne() {
    const picker::Request& request = requests_[at_++ % kRequests];
    picker::Assignment call = picker_.Pick(request, now_, random_());
    picker_.OnEnd(call, {}, now_);
    return call.offer.count;
  }

 private:
  picker::Client AnyClient() {
    const auto n = static_cast<std::uint32_t>(random_() % kPrefixes);
    picker::Client client;
    client.address = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10};
    client.address[13] = static_cast<std::uint8_t>(n >> 8);
    client.address[14] = static_cast<std::uint8_t>(n);
    client.network = 1 + n / 4;
    client.country = static_cast<std::uint16_t>(1 + n % 40);
    client.place = {static_cast<float>(n % 120) - 60, static_cast<float>(n % 360) - 180, true};
    return client;
  }

  const WallTime now_ = FromUnixSeconds(1'767'225'600);
  std::mt19937_64 random_{5};
  picker::Picker picker_;
  std::vector<picker::Request> requests_;
  std::size_t at_ = 0;
};

}  // namespace trunkline::bench
