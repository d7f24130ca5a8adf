#include "server/relays/reflector_probe.h"

#include <algorithm>

#include "relay/packet.h"

namespace trunkline::relays {
namespace {

constexpr Duration kTimeout = std::chrono::milliseconds(500);
constexpr Duration kTagLife = std::chrono::hours(2);
constexpr std::uint32_t kPing = 0xfffffffe, kSelfInfo = 0xc01572c7;
constexpr std::size_t kMarkAt = relay::kTagBytes, kKindAt = 28, kQueryAt = 32, kEchoAt = 36;
constexpr std::size_t kMarkBytes = kKindAt - kMarkAt;

}  // namespace

std::optional<Bytes> ReflectorProbe::Poll(WallTime now, Entropy& entropy) {
  if (now < next_) return std::nullopt;
  if (waiting_) silences_ = std::min(silences_ + 1, kSilencesToDown);
  if (now >= renew_at_) {
    tag_ = relay::MintTag(
        key_, {.special = true, .expiry_slot = relay::TagSlotOf(now + kTagLife), .nonce = nonce_});
    renew_at_ = now + kTagLife / 2;
  }
  query_ = entropy.U64();
  waiting_ = true;
  next_ = now + (health() == picker::Health::kDown ? interval_ : kTimeout);
  Bytes ping(relay::kPingBytes, 0xff);
  std::copy(tag_.begin(), tag_.end(), ping.begin());
  StoreLittle(&ping[kKindAt], kPing);
  StoreLittle(&ping[kQueryAt], query_);
  return ping;
}

void ReflectorProbe::Receive(ByteView datagram, WallTime now) {
  if (!waiting_ || datagram.size() < kEchoAt + sizeof query_) return;
  const bool ours = std::equal(tag_.begin(), tag_.end(), datagram.begin()) &&
                    std::ranges::all_of(datagram.subspan(kMarkAt, kMarkBytes),
                                        [](std::uint8_t byte) { return byte == 0xff; }) &&
                    LoadLittle<std::uint32_t>(&datagram[kKindAt]) == kSelfInfo &&
                    LoadLittle<std::uint64_t>(&datagram[kEchoAt]) == query_;
  if (!ours) return;
  waiting_ = false;
  answered_ = true;
  silences_ = 0;
  next_ = now + interval_;
}

void ReflectorProbe::Refused(WallTime now) {
  if (!waiting_) return;
  waiting_ = false;
  silences_ = std::min(silences_ + 1, kSilencesToDown);
  next_ = now + (health() == picker::Health::kDown ? interval_ : kTimeout);
}

}  // namespace trunkline::relays
