// Where relays register: a TLS listener with a thread of its own. Relays that know the secret come
// in, are judged (relay/control/server_end.h), and what they say comes out as events; keys and
// orders go back. Thread-safe.
//
// Of a relay the receiver hears Joined, then Beats and Flows, then Gone. It also hears Joined, and
// no Gone before, when the same process (id and instance) comes back on a new link. Gone comes
// after every Joined but those that the receiver itself refused, those that were replaced in this
// way, and those that are there when RelayControl is destroyed.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "common/bytes.h"
#include "common/time.h"
#include "relay/tag.h"
#include "server/book/types.h"
#include "server/picker/fleet.h"
#include "server/picker/types.h"

namespace trunkline::relays {

struct Joined {
  std::uint32_t id = 0;  // not 0
  std::uint64_t instance = 0;
  std::string ip, ipv6;  // canonical; one may be empty
  std::uint16_t port = 0;
  bool tcp = false;         // the same port serves TCP
  std::uint8_t stacks = 0;  // picker::kLibtgvoip, kTgcalls
  std::string region, domain;
  picker::Capacity capacity;
  std::vector<std::string> labels;
  std::string version;  // of its program
};

struct Welcome {
  std::vector<std::pair<std::uint8_t, relay::TagKey>> keys;  // empty: the relay keeps its own
  bool draining = false;
};
// The answer to Joined; at most one counts. An error refuses the relay and its text goes there:
// ALREADY_EXISTS (id or address are another's) and most codes are final for a relay that starts;
// after UNAVAILABLE, RESOURCE_EXHAUSTED, DEADLINE_EXCEEDED and INTERNAL it tries again.
using Answer = std::function<void(absl::StatusOr<Welcome>)>;

struct Beat {
  std::uint32_t id = 0;
  picker::LoadReport load;
  bool draining = false;  // the relay is about to stop
  // Packets that the relay dropped since its start, by reason; none: it doesn't tell.
  std::optional<std::vector<std::pair<std::string, std::uint64_t>>> drops{};
};

struct Flow {
  relay::CallKey key = 0;
  picker::FlowSummary summary;        // since the call began; `relay` is left for the receiver
  book::FlowSide caller{}, callee{};  // the same by side
  bool ended = false;
};
struct Flows {
  std::uint32_t id = 0;
  std::vector<Flow> flows;
};

struct Gone {
  std::uint32_t id = 0;
  bool clean = false;  // it said that it goes
  std::string why;
};

// Called on the control thread, which they must not hold up; none is empty.
struct Events {
  std::function<void(Joined, Answer)> joined;  // `answer` may be called at once or later, on any
                                               // thread, also when RelayControl is gone
  std::function<void(Beat)> beat;
  std::function<void(Flows)> flows;
  std::function<void(Gone)> gone;
};

// What an operator is told of a relay's link.
struct LinkInfo {
  std::uint32_t id = 0;
  std::uint64_t instance = 0;
  std::string peer;  // the other end of the connection
  std::string version;
  WallTime since{};
  std::uint32_t round_trip_us = 0;  // 0: not known yet
};

class RelayControl {
 public:
  // `host` is numeric, `port` 0 lets the kernel choose. Serves when this returns; errors name the
  // address.
  static absl::StatusOr<std::unique_ptr<RelayControl>> Start(const std::string& host,
                                                             std::uint16_t port, ByteView secret,
                                                             Events events);
  ~RelayControl();  // tells the relays, joins; no event comes afterwards

  std::uint16_t port() const;
  // By id. Who came is there at once, who went and round trips within 100 ms.
  std::vector<LinkInfo> links() const;

  // Of a relay that isn't there: ignored. What was set before the answer to Joined is in that
  // answer. At most kTagKeyIds keys.
  void SetDraining(std::uint32_t id, bool draining);
  void SetKeys(std::uint32_t id, std::vector<std::pair<std::uint8_t, relay::TagKey>> keys);
  void Deny(std::uint32_t id, relay::CallKey call);

  struct Impl;

 private:
  explicit RelayControl(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace trunkline::relays
