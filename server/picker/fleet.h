// The table of entries: who is there, who lives, how loaded each is, who is out and why. What a
// relay says of its load counts only upwards: it can't have less than this picker has given it.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "server/picker/types.h"

namespace trunkline::picker {

enum class FleetError : std::uint8_t {
  kIdOutOfRange,      // not 1 to kEntryIdMax
  kDuplicateId,       // `other` is the one that has it
  kDuplicateAddress,  // an ip:port that `other` has; a STUN and a TURN entry may share theirs
  kNoAddress,
  kBadNumber,  // negative, infinite or not a number; a place off the globe
  kNameTooLong,
  kTooManyEntries,
  kTooManySites,
  kTooManyLabels,
};
std::string_view FleetErrorName(FleetError error);
struct FleetRefusal {
  FleetError error;
  EntryId other;
};

// Whether a figure that somebody else said can be one: finite and not negative.
bool IsSane(float number);

// Whether both can't be in one fleet: clients find an entry by its address, so that must be its
// own. A STUN and a TURN entry may share theirs.
bool SameAddress(const EntryConfig& a, const EntryConfig& b);

// What a heartbeat carries. Rates are those of the last second, calls those alive now.
struct LoadReport {
  float packets_per_second = 0, bits_per_second = 0;
  float cpu = 0;  // share of what the relay may use, 0 to 1
  std::uint32_t calls = 0;
};

// What one relay adds to its site's figures: a host that is slow or drops packets. Shrunk to
// nothing while few calls have shown it, and again when they are long ago.
struct Offset {
  float rtt_ms = 0, loss = 0;  // to be added to a leg

  void Learn(float more_ms, float more_loss, float of_samples, WallTime now);
  void Fade(WallTime now);

 private:
  float mean_ms_ = 0, mean_loss_ = 0, samples_ = 0;
  WallTime at_{};
};

inline constexpr std::uint8_t kIpv4 = 1, kIpv6 = 2;

// Calls that were given away and don't show in what the relay reports yet.
class Credits {
 public:
  // How many still count.
  float At(WallTime now) const {
    const std::int64_t age = std::max(UnixSeconds(now) - second_, std::int64_t{0});
    return left_[static_cast<std::size_t>(std::min(age, std::int64_t{kCreditSeconds}))];
  }
  void Add(float calls, WallTime now);

 private:
  std::int64_t second_ = 0;                       // of the newest
  std::array<float, kCreditSeconds + 1> left_{};  // so many seconds after it; in the end nothing
};

// The part of an entry that each pick reads.
struct Entry {
  EntryId id;
  Kind kind = Kind::kReflector;
  Liveness liveness = Liveness::kHeartbeat;
  Health health = Health::kUp;
  std::uint8_t stacks = 0, site = 0, families = 0;  // stacks, families: bits
  bool draining = false, beaten = false;            // beaten: a heartbeat was heard
  std::uint32_t domain = 0;                         // equal for what fails together
  std::uint64_t labels = 0;
  float price_ms = 0, load_of_call = 0;

  WallTime beat_at{};
  float reported_load = 0;
  std::uint32_t reported_calls = 0;
  float counted = 0;          // calls alive that this picker expects here
  std::uint32_t offered = 0;  // calls alive that have this entry in their offer
  Credits credits;

  WallTime ejected_until{}, outcomes_at{};
  std::int32_t ejections = 0;
  float good = 0, bad = 0;  // decayed numbers of calls

  Offset offset;
};

class Fleet {
 public:
  struct Added {
    std::size_t index = 0, site = 0;
    bool new_site = false;  // the number may have been another site's
  };
  // Refuses what would make two parties number the entries differently: clients
  // sort them by id and find them by address.
  Result<Added, FleetRefusal> Add(const EntryConfig& config);
  // The same entry came back, perhaps with other figures; what is known of it stays. Only the
  // registration protocol can tell a comeback from a second relay with the same id.
  Result<Added, FleetRefusal> Update(const EntryConfig& config);
  bool Remove(EntryId id);

  // false: no such entry, or figures that are no numbers (the beat then doesn't count).
  bool Heartbeat(EntryId id, const LoadReport& load, WallTime now);
  bool SetHealth(EntryId id, Health health);
  bool SetDraining(EntryId id, bool draining);
  // A control link that closes cleanly needs no four seconds.
  bool SetLost(EntryId id);

  std::optional<std::size_t> IndexOf(EntryId id) const;
  std::span<const Entry> entries() const { return entries_; }
  Entry& at(std::size_t index) { return entries_[index]; }
  const EntryConfig& config(std::size_t index) const { return configs_[index]; }
  std::size_t sites() const { return sites_.size(); }
  std::size_t SiteUses(std::size_t site) const { return sites_[site].uses; }
  // The bit of a label; no such label anywhere: nullopt.
  std::optional<std::uint64_t> Label(std::string_view name) const;

  State StateOf(const Entry& entry, WallTime now) const;
  // A share of the capacity; may exceed 1.
  static float FreshLoad(const Entry& entry, WallTime now) {
    return std::max(entry.reported_load + entry.credits.At(now) * entry.load_of_call,
                    entry.counted * entry.load_of_call);
  }
  // A call went well or badly for what this entry can be blamed for. May eject it.
  void NoteOutcome(std::size_t index, bool bad, WallTime now);
  // Of all entries, in their order. true: panic, some live, but fewer than half; rather a fault of
  // ours than of so many relays.
  bool TakeStates(WallTime now, std::span<State> states) const;

 private:
  struct Site {
    std::string region, domain;
    std::size_t uses = 0;
    std::uint32_t domain_number = 0;  // equal for equal names
  };
  std::optional<FleetRefusal> Check(const EntryConfig& config, EntryId except) const;
  std::optional<std::size_t> SiteFor(const EntryConfig& config, bool& is_new);
  struct Labels {
    std::vector<std::string> names;  // by bit, as they will be
    std::uint64_t own = 0;
  };
  std::optional<Labels> LabelsWith(const EntryConfig& config, std::size_t index) const;
  Result<Added, FleetRefusal> Fill(const EntryConfig& config, std::size_t index);
  bool MayEject(WallTime now) const;

  std::vector<EntryId> ids_;  // same order in all three
  std::vector<Entry> entries_;
  std::vector<EntryConfig> configs_;
  std::vector<Site> sites_;
  std::uint32_t domains_ = 0;  // numbers given so far
  // By bit; one that no entry has lies there until its bit is needed.
  std::vector<std::string> labels_;
};

}  // namespace trunkline::picker
