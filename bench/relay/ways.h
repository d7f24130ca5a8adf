// The ways that a voice packet can go from one side of a call to the other: through our reflector,
// through a TURN server between two allocations, through a bare forwarder.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bench/relay/wire.h"

namespace trunkline::bench {

inline constexpr std::size_t kVoiceBytes = 160;

class Way {
 public:
  virtual ~Way() = default;
  // Opens `calls` calls, as clients do. False: that took too long, or was refused.
  virtual bool Open(Wire& caller, Wire& callee, std::uint32_t calls) = 0;
  // A packet of a call from its caller, and where its 8 bytes of time stamp are: as sent and as it
  // arrives at the callee, whose packets have `size_in` bytes.
  virtual ByteSpan PacketOf(std::uint32_t call) = 0;
  std::size_t stamp_out = 0, stamp_in = 0, size_in = 0;
};

// tgcalls' packets with tags of a relay of this number and secret.
std::unique_ptr<Way> ThroughReflector(std::uint32_t relay_id, std::string secret);
// ChannelData; the server asks for no credentials.
std::unique_ptr<Way> ThroughTurn();
// The reflector's packets, through bench/peers/udp_limit.
std::unique_ptr<Way> ThroughForwarder();

}  // namespace trunkline::bench
