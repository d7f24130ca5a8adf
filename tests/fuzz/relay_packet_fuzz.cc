// A reflector fed with a script of packets. Each item: a byte that says who sends and how the
// packet is made, a byte of milliseconds, a byte of length, the packet's bytes. Half of the items
// have a genuine tag put over their first bytes, so that the fuzzer gets behind the MAC.
#include <algorithm>
#include <cstdlib>

#include "relay/packet.h"
#include "relay/reflector.h"

namespace {

using namespace trunkline;
using namespace trunkline::relay;

Tag TagFor(std::uint8_t how) {
  return MintTag(TagKey{}, {.special = (how & 7) == 7,
                            .p2p_allowed = (how & 4) != 0,
                            .side = (how & 1) != 0 ? Side::kCallee : Side::kCaller,
                            .expiry_slot = 100,
                            .nonce = (how >> 1) & 1u});
}

Endpoint From(std::uint8_t how) {
  return {.ip = Ipv4(192, 0, 2, how >> 6),
          .connection = 0,
          .port = static_cast<std::uint16_t>(how & 3),
          .transport = (how & 32) != 0 ? Transport::kTcp : Transport::kUdp};
}

void Step(Reflector& reflector, Bytes& buffer, std::size_t size, std::uint8_t how,
          const Moment& now) {
  const bool genuine = (how & 8) != 0;
  if (genuine) {
    const Tag tag = TagFor(how);
    std::copy_n(tag.begin(), std::min(size, (how & 16) != 0 ? kTagBytes : kTagPrefixBytes),
                buffer.begin());
  }
  const bool stun = IsStun(ByteView(buffer).first(size));
  const Verdict verdict = reflector.Receive(buffer, size, From(how), now);
  if (!verdict.send()) return;
  if (verdict.size == 0 || verdict.size > kPacketBytesMax) std::abort();
  if (!genuine && !stun) std::abort();  // a forged tag has 40 bits of MAC: not by chance
  if (verdict.to.transport == Transport::kNone) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  KeyRing ring;
  ring.Set(0, TagKey{});
  const KeyRingVerifier verifier(ring);
  Limits limits;
  limits.sessions_max = 3;
  limits.sources = 4;
  Reflector reflector(limits, &verifier, 1);
  Moment now{1'000'000, FromUnixSeconds(99 * kTagSlotSeconds)};
  Bytes buffer(kBufferBytes);
  while (size >= 3) {
    const std::uint8_t how = data[0];
    const auto millis = static_cast<std::uint64_t>(data[1]) * data[1];
    const std::size_t length = std::min<std::size_t>(data[2] * 6u, size - 3);
    now.micros += millis * 1000;
    now.wall += std::chrono::milliseconds(millis);
    std::copy_n(data + 3, length, buffer.begin());
    Step(reflector, buffer, length, how, now);
    if (data[1] > 128) reflector.Tick(now);
    data += 3 + length;
    size -= 3 + length;
  }
  // Whatever came, it ends.
  for (int i = 0; i < 2; ++i) {
    now.micros += 120'000'000;
    now.wall += std::chrono::minutes(2);
    reflector.Tick(now);
  }
  if (reflector.sessions() != 0 || reflector.table().port_count() != 0) std::abort();
  return 0;
}
