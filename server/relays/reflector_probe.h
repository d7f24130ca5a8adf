// Watches one reflector of this project the way a libtgvoip client would use it: a ping under a tag
// that was minted with the relay's own secret, whose answer quotes the ping (relay/packet.h). Who
// has another secret is silent, as to any stranger.
//
// Pure, and driven like picker::TurnProbe: the shell sends what Poll hands out, gives Receive only
// what came from the relay's own address, and calls Poll again at NextDeadline.
#pragma once

#include <cstdint>
#include <optional>

#include "common/bytes.h"
#include "common/entropy.h"
#include "common/time.h"
#include "relay/tag.h"
#include "server/picker/types.h"

namespace trunkline::relays {

class ReflectorProbe {
 public:
  // `nonce` is random and kept: to a relay of an older version, which takes pings for a call, those
  // of some hours are one.
  ReflectorProbe(const relay::TagKey& key, std::uint32_t nonce, Duration interval)
      : key_(key), nonce_(nonce), interval_(interval) {}

  // The ping that is due, if any. Call until nothing comes.
  std::optional<Bytes> Poll(WallTime now, Entropy& entropy);
  void Receive(ByteView datagram, WallTime now);
  // The network says that nobody listens there.
  void Refused(WallTime now);
  WallTime NextDeadline() const { return next_; }
  bool WantsSocket() const { return health() == picker::Health::kDown; }

  bool settled() const { return answered_ || silences_ >= kSilencesToDown; }
  picker::Health health() const {
    return silences_ >= kSilencesToDown ? picker::Health::kDown : picker::Health::kUp;
  }

 private:
  static constexpr int kSilencesToDown = 3;

  relay::TagKey key_;
  std::uint32_t nonce_;
  Duration interval_;
  relay::Tag tag_{};
  std::uint64_t query_ = 0;
  bool waiting_ = false, answered_ = false;
  int silences_ = 0;
  WallTime next_{}, renew_at_{};
};

}  // namespace trunkline::relays
