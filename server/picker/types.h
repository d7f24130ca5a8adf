// The picker's words: entries of the fleet, who asks, what is offered, why, and what comes back.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/ids.h"
#include "common/time.h"
#include "server/picker/limits.h"

namespace trunkline::picker {

// phoneConnection.id: 1 to kEntryIdMax, one per entry, never reused for another address.
using EntryId = Id<struct RelayEntryIdTag>;

enum class Kind : std::uint8_t { kReflector, kReflectorTcp, kTurn, kStun };
inline constexpr std::size_t kKinds = 4;

// How it is known that an entry lives.
enum class Liveness : std::uint8_t {
  kHeartbeat,  // a relay of ours: down until the first beat
  kProbe,      // foreign: up until a probe says otherwise
};

// What a probe found (turn_probe.h).
enum class Health : std::uint8_t { kUp, kMisconfigured, kFull, kDown };
std::string_view HealthName(Health health);

// What an operator is told; the first that holds, from the bottom of this list upwards.
enum class State : std::uint8_t {
  kUp,
  kFull,
  kEjected,
  kDown,
  kMisconfigured,
  kDraining,
  kDrained,  // draining, and nobody is left
};
inline constexpr std::size_t kStates = 7;
std::string_view StateName(State state);

// For tables by kind or state.
template <class Enum>
constexpr std::size_t Index(Enum value) {
  return static_cast<std::size_t>(value);
}

// What the voice library of a call understands: bits. 2.4.4 is libtgvoip, all others are tgcalls.
inline constexpr std::uint8_t kLibtgvoip = 1, kTgcalls = 2;

struct Place {
  float latitude = 0, longitude = 0;  // degrees
  bool known = false;
};

// What one relay bears; 0 = not said.
struct Capacity {
  float packets_per_second = 0, bits_per_second = 0, calls = 0;
};

struct EntryConfig {
  EntryId id;
  Kind kind = Kind::kReflector;
  std::string ip, ipv6;  // canonical text; one may be empty
  std::uint16_t port = 0;
  std::string region, domain;  // domain: what fails together
  Place place;
  Capacity capacity;
  std::vector<std::string> labels;
  float price_ms = 0;  // added to the score: what it costs, said in delay; 0 to kRttMsMax
  Liveness liveness = Liveness::kHeartbeat;
  std::uint8_t stacks = kLibtgvoip | kTgcalls;  // that this relay's version serves
};

// One side of a call, as far as the server knows it.
struct Client {
  std::array<std::uint8_t, 16> address{};  // IPv6, or IPv4 as ::ffff:a.b.c.d; zeros = unknown
  std::uint32_t network = 0;               // autonomous system; 0 = unknown
  std::uint16_t country = 0;               // two letters, first in the high byte; 0 = unknown
  bool ipv4 = true, ipv6 = false;          // what it is known to reach
  Place place;
};

struct Request {
  Client caller, callee;
  bool p2p = false;
  bool tcp_entries = true;  // both clients know phoneConnection's tcp flag (layer 142)
  std::uint8_t stack = kTgcalls;
  std::uint64_t labels_wanted = 0, labels_refused = 0;  // Fleet::Label
};

// Why an entry stands where it stands. The order is that of the questions.
enum class Why : std::uint8_t {
  kBest,         // slot 1: least predicted sum, or near it and less loaded
  kOtherDomain,  // slot 2: best elsewhere
  kSameDomain,   // slot 2: best that was left, because there is no other failure domain
  kExplored,     // slot 3: could be better than the best, too little is known
  kNextBest,     // slot 3: nothing to explore
  kFallback,     // slot 4: for networks that let no UDP through
  kDirect,       // STUN, for a connection without relay
  kDraining,
  kDown,
  kMisconfigured,
  kEjected,
  kFull,
  kOverloaded,  // above kLoadCap
  kStack,       // this call's voice library can't use it
  kFamily,      // a side can't reach its address
  kLabels,      // policy
  kNoDirect,    // STUN, but the call must be relayed
  kBusier,      // as near as the chosen one, but more loaded
  kLure,        // nearer, but lossier or busier: clients, who measure round trips, would take it
  kOutscored,   // farther, lossier, busier or dearer than those offered
};
std::string_view WhyName(Why why);
inline bool IsOffered(Why why) {
  return why <= Why::kDirect;
}

// One entry in the explanation of a pick. Figures are those the decision was made by.
struct Verdict {
  EntryId id;
  Why why = Why::kOutscored;
  std::uint8_t slot = 0;           // 1 to kOfferMax when offered, else 0
  std::uint16_t rtt_ms = 0;        // predicted, caller to relay plus relay to callee
  std::uint16_t deviation_ms = 0;  // standard deviation of that prediction
  std::uint16_t loss_permille = 0;
  std::uint16_t load_permille = 0;  // fresh load, credits included
  std::uint16_t score_ms = 0;       // what was compared: rtt and all penalties
};

struct Offered {
  EntryId id;
  Kind kind = Kind::kReflector;
  Why why = Why::kBest;
  friend bool operator==(const Offered&, const Offered&) = default;
};

// The action set of one call, in order. Both parties get the same; the caller of Pick keeps it for
// the call's life, so that what is delivered again is identical.
struct Offer {
  std::uint8_t count = 0;
  bool panic = false;  // health wasn't asked (picker.h says when)
  std::array<Offered, kOfferMax> entries;

  std::span<const Offered> list() const { return {entries.data(), count}; }
  friend bool operator==(const Offer&, const Offer&) = default;
};

// A call with its relays while it lives. Copies of it are snapshots: give the
// picker always the same one.
struct Assignment {
  Request who;
  Offer offer;
  std::int8_t carrier = -1;  // index in the offer of the entry that is known to carry the media
  bool counted = false;      // in the picker's own figures
  std::uint64_t carrier_packets = 0;
};

// What a relay heard of one side of a call. 1 = 100 % loss.
struct LegSummary {
  bool hello = false;
  float rtt_ms = 0, loss = 0;
  std::uint32_t rtt_samples = 0;  // 0: rtt_ms and loss say nothing
};
struct FlowSummary {
  EntryId relay;
  LegSummary caller{}, callee{};
  std::uint64_t packets = 0, bytes = 0;  // forwarded, both directions, whatever they hold
  Duration duration{};                   // first to last packet
};

// How a call ended, as its server knows it.
enum class Ending : std::uint8_t { kHangup, kDisconnect, kOther };
struct CallEnd {
  Ending ending = Ending::kHangup;
  Duration duration{};                                        // established; 0 = never
  std::int64_t caller_connection = 0, callee_connection = 0;  // phone.discardCall connection_id
};

// Bits in the order of book/rating.h: echo, noise, interruptions, distorted_speech, silent_local,
// silent_remote, dropped, distorted_video, pixelated_video. These are what a relay can be blamed
// for.
inline constexpr std::uint32_t kRatingOfNetwork = 0b1'1111'1100;

}  // namespace trunkline::picker
