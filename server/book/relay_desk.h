// The relays of calls: what the picker knows of the fleet, the tags and credentials that calls are
// given, and why each call got the entries it has. Pure; owned by the book's thread. What calls do
// follows its groups; what is known of the fleet doesn't.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "common/entropy.h"
#include "relay/tag.h"
#include "server/book/ended_flows.h"
#include "server/book/types.h"
#include "server/picker/picker.h"

namespace trunkline::book {

// Ids that operators give; those above are this server's own.
inline constexpr std::int64_t kRelayIdMax = 0x7fff'ffff;

// One relay of the configuration.
struct RelayConfig {
  Connection::Kind kind = Connection::Kind::kReflector;
  std::int64_t id = 0;  // unique among relays; what connection_id names
  std::string ip, ipv6;
  std::int32_t port = 0;
  bool tcp = false, turn = false, stun = false;
  // TURN REST credentials (kind kWebrtc): username = expiry ":" call, password = base64 HMAC-SHA1.
  std::string turn_secret;
  // Reflectors of ours without a control channel: the secret that their tag keys follow from. None:
  // a reflector that takes any tag.
  std::string tag_secret;
  std::string region, domain;  // domain: what fails together
  std::string where;           // it is written, for complaints
};

// The fleet's form of it.
picker::EntryConfig EntryOf(const RelayConfig& relay);

// The relay entries of one call, a list for each party: the same ids in both.
struct Relays {
  std::vector<Connection> caller, callee;
};

// Packets that a relay says it dropped, by its own words for why.
using RelayDrops = std::vector<std::pair<std::string, std::uint64_t>>;

// One entry of the fleet, for operators.
struct RelayStatus {
  picker::EntryConfig config;
  picker::State state = picker::State::kDown;
  bool registers = false;            // has a control channel
  bool drained_by_operator = false;  // told to the server
  bool drained_by_relay = false;     // told to the relay itself
  std::string detail;                // of the last probe
  std::optional<Duration> silent;    // since the last heartbeat
  float load = 0;                    // share of the capacity, calls just given included
  std::uint32_t reported_calls = 0;
  std::uint32_t offered_calls = 0;                // calls alive that have it in their offer
  std::uint64_t carried_calls = 0;                // since the server's start, as far as is known
  std::uint64_t packets = 0, bytes = 0;           // that it told of, of calls of this server
  std::optional<RelayDrops> drops;                // since the relay's start; none: not told
  std::optional<picker::DrainForecast> empty_in;  // while it drains
};

// Why a call got the entries it has.
struct RelayExplanation {
  struct Entry {
    picker::Verdict verdict;
    picker::Kind kind = picker::Kind::kReflector;
    std::uint64_t packets = 0, bytes = 0;  // as its relay told
    bool carrier = false;                  // known to have carried the media
  };
  CallId call;
  WallTime picked{};
  bool live = false;
  bool panic = false;
  bool restored = false;       // confirmed by an earlier process, which took its verdicts with it
  std::vector<Entry> entries;  // offered ones first, in their order
};

// Why an entry isn't taken.
struct RelayRefusal {
  std::string why;       // names the entry in its way
  bool no_room = false;  // there may be some when others have gone
};

class RelayDesk {
 public:
  // ---- The fleet

  // nullopt: taken.
  std::optional<RelayRefusal> Configure(const RelayConfig& relay);
  // The same, for a reflector that comes or comes back. Its first beat makes it eligible.
  std::optional<RelayRefusal> Register(picker::EntryConfig relay);
  // false: no such relay, or figures that are no numbers.
  bool Beat(std::uint32_t id, const picker::LoadReport& load, bool draining, WallTime now);
  // With the beat: what the relay has dropped since its start.
  void SetDrops(std::uint32_t id, std::optional<RelayDrops> drops);
  void Lose(std::uint32_t id);
  // What a probe found.
  void SetHealth(picker::EntryId id, picker::Health health, std::string detail);
  // What the operator wants. false: no such entry.
  bool SetDraining(picker::EntryId id, bool draining);
  // With which key the relay's tags are minted from now on.
  void SetTagKey(std::uint32_t id, std::uint8_t key_id, const relay::TagKey& key);

  // ---- Calls

  // Of the party's device. Before Offer; forgotten with the call.
  using Address = std::array<std::uint8_t, 16>;
  void SetAddress(CallId call, relay::Side side, const Address& address);
  // The same entries each time as long as the call lives. `who` without addresses.
  Relays Offer(CallId call, picker::Request who, WallTime now, Entropy& entropy);
  // A call that was confirmed before this process started.
  void Restore(CallId call, std::span<const Connection> connections, WallTime confirmed);
  void End(CallId call, const picker::CallEnd& end);  // learned from at Commit
  // As if it had never been: nothing is learned.
  void Forget(CallId call);
  void Rate(CallId call, int stars, std::uint32_t tags, WallTime now);
  // Of the call's pick, offered entries first.
  std::span<const picker::Verdict> VerdictsOf(CallId call) const;
  // What a relay counted for one call. The same again changes nothing: a relay that lost its link
  // tells once more what may not have arrived. false: no call of this server has that key there.
  bool TakeFlow(std::uint32_t relay, relay::CallKey key, picker::FlowSummary flow, WallTime now);
  // The last that it says of one: for the call's record, in the next group. Silence isn't kept.
  void TakeEnded(std::uint32_t relay, relay::CallKey key, const FlowSide& caller,
                 const FlowSide& callee);
  EndedFlows& ended_flows() { return ended_flows_; }
  const EndedFlows& ended_flows() const { return ended_flows_; }

  // ---- Groups: what calls did since the last of these is kept, or undone.
  void Commit(WallTime now);
  void Rollback();

  // ---- For operators

  std::vector<RelayStatus> List(WallTime now) const;
  std::optional<RelayStatus> Find(picker::EntryId id, WallTime now) const;
  // Of a live call, or one of the last kExplainedMax that ended.
  std::optional<RelayExplanation> Explain(CallId call) const;
  const picker::Picker::Stats& stats() const { return picker_.stats(); }

  static constexpr std::size_t kExplainedMax = 4096;
  // Calls that are forgotten otherwise, but of which relays may still tell.
  static constexpr std::size_t kLateMax = 65'536;

 private:
  // What the fleet doesn't know of an entry.
  struct Source {
    bool registers = false, drained_by_operator = false, drained_by_relay = false;
    std::string turn_secret;
    std::uint8_t key_id = 0;
    std::optional<relay::TagKey> tag_key;  // none: any tag will do
    std::string detail;
    std::uint64_t carried_calls = 0, packets = 0, bytes = 0;
    std::optional<RelayDrops> drops;
  };
  struct Heard {
    std::uint64_t packets = 0, bytes = 0;
    // Digests: of the newest summary, and of that of an ended flow; 0: none.
    std::size_t last = 0, ended = 0;
  };
  struct Call {
    CallId id;
    std::array<Address, 2> addresses{};  // by side
    bool picked = false, restored = false, live = true, rated = false;
    std::uint32_t nonce = 0;  // of its tags
    WallTime picked_at{};
    picker::Assignment assignment;
    std::vector<picker::Verdict> verdicts;  // offered ones first
    std::array<Heard, picker::kOfferMax> heard{};
  };

  // A call that was forgotten.
  struct Late {
    CallId call;
    picker::Offer offer;
  };

  std::optional<RelayRefusal> Add(const picker::EntryConfig& config, bool update);
  // Relays whose link is lost, those that `which` says.
  void RemoveGone(
      const std::function<bool(const picker::Entry&, const picker::EntryConfig&)>& which);
  void ApplyDraining(picker::EntryId id, const Source& source);
  Call& CallOf(CallId id);
  Call* FindCall(CallId id);
  const Call* FindCall(CallId id) const;
  void Unpick(Call& call);
  void RememberLate(const Call& call);
  void Learn(CallId id, const picker::CallEnd& end, WallTime now);
  void Pick(Call& call, const picker::Request& who, WallTime now, Entropy& entropy);
  void AddConnections(const Call& call, std::size_t index, WallTime now, Entropy& entropy,
                      Relays& relays) const;
  RelayStatus StatusOf(std::size_t index, WallTime now) const;
  std::optional<picker::DrainForecast> ForecastOf(picker::EntryId id, WallTime now) const;

  picker::Picker picker_;
  absl::flat_hash_map<picker::EntryId, Source> sources_;
  absl::flat_hash_map<CallId, std::unique_ptr<Call>> calls_;
  absl::flat_hash_map<std::uint32_t, CallId> nonces_;
  std::deque<CallId> ended_;
  absl::flat_hash_map<std::uint32_t, Late> late_;  // by nonce
  std::deque<std::uint32_t> late_order_;
  EndedFlows ended_flows_;
  // Of the present group.
  std::vector<CallId> opened_, picked_;
  std::vector<std::pair<CallId, picker::CallEnd>> ending_;
};

}  // namespace trunkline::book
