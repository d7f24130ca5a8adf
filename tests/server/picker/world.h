// Short ways to say fleets, clients and moments in the picker's tests.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "server/picker/picker.h"

namespace trunkline::picker::test {

inline const WallTime kNow = FromUnixSeconds(1'767'225'600);

inline constexpr Place kLondon{51.5F, -0.1F, true}, kFrankfurt{50.1F, 8.7F, true},
    kParis{48.9F, 2.3F, true}, kNewYork{40.7F, -74.0F, true}, kTokyo{35.7F, 139.7F, true},
    kSydney{-33.9F, 151.2F, true};

inline EntryConfig Reflector(std::int64_t id, const std::string& domain, const Place& place) {
  EntryConfig config;
  config.id = EntryId(id);
  config.ip = "192.0.2." + std::to_string(id);
  config.port = 599;
  config.region = domain;
  config.domain = domain;
  config.place = place;
  config.capacity.calls = 100;
  return config;
}

inline EntryConfig Webrtc(Kind kind, std::int64_t id, const Place& place) {
  EntryConfig config = Reflector(id, "webrtc" + std::to_string(id), place);
  config.kind = kind;
  config.port = 3478;
  config.liveness = Liveness::kProbe;
  return config;
}

inline Client At(const Place& place, std::uint8_t net = 1) {
  Client client;
  client.address = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 203, 0, net, 7};
  client.network = 64'500u + net;
  client.country = static_cast<std::uint16_t>(0x4100 + net);
  client.place = place;
  return client;
}

inline Request Between(const Place& a, const Place& b) {
  return {.caller = At(a, 1), .callee = At(b, 2)};
}

inline void Beat(Picker& picker, WallTime now, const LoadReport& load = {}) {
  for (const Entry& entry : picker.fleet().entries()) {
    if (entry.liveness == Liveness::kHeartbeat) picker.fleet().Heartbeat(entry.id, load, now);
  }
}

inline Verdict VerdictOn(const Picker& picker, std::int64_t id) {
  for (const Verdict& verdict : picker.Explain()) {
    if (verdict.id == EntryId(id)) return verdict;
  }
  ADD_FAILURE() << "no verdict on " << id;
  return {};
}

inline Why WhyOf(const Picker& picker, std::int64_t id) {
  return VerdictOn(picker, id).why;
}

inline bool Offers(const Offer& offer, std::int64_t id) {
  for (const Offered& offered : offer.list()) {
    if (offered.id == EntryId(id)) return true;
  }
  return false;
}

// Ids in the order of the offer.
inline std::vector<std::int64_t> Ids(const Offer& offer) {
  std::vector<std::int64_t> ids;
  for (const Offered& offered : offer.list()) ids.push_back(offered.id.value());
  return ids;
}

}  // namespace trunkline::picker::test
