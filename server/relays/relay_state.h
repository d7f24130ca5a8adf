// What operators decided about relays, in DATA_DIR/relays.json (mode 0600, it holds secrets): who
// is drained, and the secrets that tag keys follow from. Every change is on the disk when it
// returns. Not thread-safe.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "common/bytes.h"
#include "common/entropy.h"
#include "common/secret.h"
#include "common/time.h"
#include "relay/tag.h"

namespace trunkline::relays {

using TagKeys = std::vector<std::pair<std::uint8_t, relay::TagKey>>;  // by key id

class RelayState {
 public:
  // `shared_secret`: that of the relays, from which the first keys follow, as in a relay without a
  // server. A file that isn't one of ours is an error.
  static absl::StatusOr<RelayState> Load(std::string data_dir, ByteView shared_secret);

  const std::set<std::int64_t>& drained() const { return drained_; }
  absl::Status SetDrained(std::int64_t id, bool drained);

  // A new secret under the next key id. FAILED_PRECONDITION: the key that had this id may still be
  // in the tags of a live call.
  absl::Status Rotate(WallTime now, Entropy& entropy);
  // The key that tags are minted with.
  std::uint8_t current() const { return secrets_.empty() ? std::uint8_t{0} : secrets_.back().id; }
  // All that tags may still carry.
  TagKeys KeysOf(std::uint32_t relay) const;

 private:
  struct Secret {
    std::uint8_t id = 0;
    SecretBytes<32> bytes;
    std::int64_t since_unix = 0;
  };
  RelayState(std::string data_dir, ByteView shared_secret)
      : data_dir_(std::move(data_dir)), shared_(shared_secret.begin(), shared_secret.end()) {}
  absl::Status Read(const std::string& text);
  absl::Status Write() const;

  std::string data_dir_;
  Bytes shared_;
  std::set<std::int64_t> drained_;
  std::vector<Secret>
      secrets_;  // oldest first, at most one for each key id; key id 0 may be shared_
};

}  // namespace trunkline::relays
