// Watches TURN and STUN servers, and reflectors that report to nobody, over real sockets: one
// thread, one UDP socket per server, the pure probes of picker/turn_probe.h and reflector_probe.h.
//
// A TURN server with a secret is asked for an allocation as a call would be (RFC 8656), one without
// and a STUN server only for a Binding (RFC 8489), a reflector of this project for a pong.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/time.h"
#include "server/picker/types.h"

namespace trunkline::relays {

struct TurnServer {
  picker::EntryId id;
  std::string ip;          // numeric, IPv4 or IPv6
  std::uint16_t port = 0;  // UDP, host order
  // Of the REST scheme (empty: STUN only); of a reflector: the relay's own, and it can't be empty.
  std::string secret;
  std::string expected_ip;  // where allocations must be; empty: anywhere
  // kReflectorTcp is probed over UDP: a relay has both on one port.
  picker::Kind kind = picker::Kind::kTurn;
  // Of a reflector: the number that its tag key is derived with; 0: the entry's own.
  std::uint32_t relay_id = 0;
};

class TurnProber {
 public:
  // A single line for people: why.
  using OnChange = std::function<void(picker::EntryId, picker::Health, std::string detail)>;
  struct Intervals {
    Duration binding = std::chrono::seconds(5);    // and of pings to reflectors
    Duration allocate = std::chrono::seconds(60);  // the first one comes at once
  };

  // `on_change` runs on the prober's thread: once when a server's first verdict is there, then when
  // health or detail changes. INVALID_ARGUMENT names the entry and what is wrong with it;
  // RESOURCE_EXHAUSTED: more than picker::kEntriesMax. A server that can't be reached is no error
  // but a verdict.
  static absl::StatusOr<std::unique_ptr<TurnProber>> Start(std::vector<TurnServer> servers,
                                                           OnChange on_change, Intervals intervals);
  static absl::StatusOr<std::unique_ptr<TurnProber>> Start(std::vector<TurnServer> servers,
                                                           OnChange on_change) {
    return Start(std::move(servers), std::move(on_change), Intervals());
  }
  // After it no callback runs. Not to be called from one.
  ~TurnProber();
  TurnProber(const TurnProber&) = delete;
  TurnProber& operator=(const TurnProber&) = delete;

 private:
  struct Impl;
  explicit TurnProber(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace trunkline::relays
