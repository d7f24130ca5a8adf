// The picker itself, fed with what relays and servers would tell it.
#include "bench/picker/policies.h"
#include "common/check.h"

namespace trunkline::bench {
namespace {

using picker::EntryId;

constexpr std::int64_t kFirstTurn = 1000;

WallTime At(double seconds) {
  return FromUnixMillis(1'767'225'600'000 + static_cast<std::int64_t>(seconds * 1000));
}

class PickerPolicy : public Policy {
 public:
  PickerPolicy(const World& world, float capacity_calls)
      : world_(world), capacity_calls_(capacity_calls) {
    for (std::size_t relay = 0; relay < kRelays; ++relay) {
      CHECK(picker_.Add(Config(relay, static_cast<std::int64_t>(relay) + 1)).ok());
    }
    for (std::size_t region = 0; region < kRegions; ++region) {
      const auto id = kFirstTurn + static_cast<std::int64_t>(region);
      picker::EntryConfig turn = Config(region * kDomainsPerRegion * kRelaysPerDomain, id);
      turn.kind = picker::Kind::kTurn;
      turn.liveness = picker::Liveness::kProbe;
      CHECK(picker_.Add(turn).ok());
    }
  }

  std::string name() const override { return "picker"; }

  void Second(double now_s, const Visible& visible) override {
    for (std::size_t relay = 0; relay < kRelays; ++relay) {
      if (!visible.alive[relay]) continue;
      const auto calls = static_cast<std::uint32_t>(visible.load[relay] * capacity_calls_ + 0.5F);
      picker_.fleet().Heartbeat(EntryId(static_cast<std::int64_t>(relay) + 1), {.calls = calls},
                                At(now_s));
    }
  }

  List Offer(const Call& call, std::size_t number, double now_s, const Visible&) override {
    picker::Request request;
    request.caller = ClientOf(call.caller);
    request.callee = ClientOf(call.callee);
    request.stack = call.chooser == Chooser::kHysteresis ? picker::kLibtgvoip : picker::kTgcalls;
    const auto& assignment = live_[number] = picker_.Pick(request, At(now_s), random_());
    List list;
    for (const picker::Offered& offered : assignment.offer.list()) {
      if (offered.why == picker::Why::kExplored) list.explored = list.count;
      list.relays[list.count++] = offered.kind == picker::Kind::kTurn
                                      ? kNobody
                                      : static_cast<std::size_t>(offered.id.value()) - 1;
    }
    return list;
  }

  void Ended(const Call& call, std::size_t number, const List& list, const Outcome& outcome,
             double now_s) override {
    const auto found = live_.find(number);
    picker::Assignment& assignment = found->second;
    const bool libtgvoip = call.chooser == Chooser::kHysteresis;
    for (std::size_t i = 0; i < list.count; ++i) {
      if (list.relays[i] == kNobody) continue;
      picker::FlowSummary flow{.relay = assignment.offer.entries[i].id};
      const bool carries = list.relays[i] == outcome.carrier;
      flow.duration = Duration(static_cast<std::int64_t>(call.seconds * 1000));
      flow.packets = static_cast<std::uint64_t>(call.seconds * (carries ? 66 : 1)) + 1;
      // Only ICE shows legs in clear text, and losers are checked less often.
      const std::uint32_t samples = libtgvoip ? 0 : carries ? 20 : 4;
      flow.caller = {true, outcome.caller[i].rtt_ms, outcome.caller[i].loss, samples};
      flow.callee = {true, outcome.callee[i].rtt_ms, outcome.callee[i].loss, samples};
      picker_.OnFlow(assignment, flow, At(now_s));
    }
    picker::CallEnd end;
    end.duration = Duration(static_cast<std::int64_t>(call.seconds * 1000));
    if (libtgvoip && outcome.carrier != kNobody) {
      end.caller_connection = static_cast<std::int64_t>(outcome.carrier) + 1;
      if (outcome.tcp) end.caller_connection ^= picker::kTcpMark;
    }
    picker_.OnEnd(assignment, end, At(now_s));
    live_.erase(found);
  }

 private:
  picker::EntryConfig Config(std::size_t relay, std::int64_t id) const {
    picker::EntryConfig config;
    config.id = EntryId(id);
    config.ip = "entry " + std::to_string(id);
    config.port = 599;
    config.region = World::NameOf(World::RegionOf(relay));
    config.domain = config.region + std::to_string(World::SiteOf(relay) % kDomainsPerRegion);
    config.place = World::PlaceOf(World::RegionOf(relay));
    config.capacity.calls = capacity_calls_;
    return config;
  }
  // What a GeoIP table tells: the place of the network, not of the client.
  picker::Client ClientOf(const Endpoint& endpoint) const {
    const World::Network& network = world_.network(endpoint.network);
    picker::Client client;
    client.address = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10};
    client.address[13] = static_cast<std::uint8_t>(endpoint.network >> 6);
    client.address[14] = static_cast<std::uint8_t>(endpoint.network << 2 | endpoint.prefix);
    client.network = endpoint.network + 1u;
    client.country = static_cast<std::uint16_t>(network.country + 1);
    client.place = network.place;
    return client;
  }

  const World& world_;
  float capacity_calls_;
  picker::Picker picker_;
  std::mt19937_64 random_{9};
  std::unordered_map<std::size_t, picker::Assignment> live_;
};

}  // namespace

std::unique_ptr<Policy> MakePicker(const World& world, float capacity_calls) {
  return std::make_unique<PickerPolicy>(world, capacity_calls);
}

}  // namespace trunkline::bench
