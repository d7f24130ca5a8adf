// Any datagram: read as STUN, and as the answer that a probe waits for, in each of its phases. What
// was read must lie inside the datagram. Byte 0: how many good answers the probe gets before.
#include <cstdlib>

#include "server/picker/turn_probe.h"

namespace {

using namespace trunkline;
using namespace trunkline::picker;

const WallTime kNow = FromUnixSeconds(1'767'225'600);

bool IsInside(std::string_view text, ByteView datagram) {
  if (text.empty()) return true;
  const auto* const begin = reinterpret_cast<const char*>(datagram.data());
  return text.data() >= begin && text.data() + text.size() <= begin + datagram.size();
}

void Read(ByteView datagram) {
  const auto message = ReadStun(datagram);
  if (!message) return;
  if (!IsInside(message->realm, datagram) || !IsInside(message->nonce, datagram)) std::abort();
  message->IsSignedBy(AsBytes("key"));
}

StunTransaction TransactionOf(const Bytes& request) {
  StunTransaction transaction;
  std::memcpy(transaction.data(), request.data() + 8, transaction.size());
  return transaction;
}

// The answer that takes the probe to its next phase.
Bytes GoodAnswer(const Bytes& request) {
  const StunTransaction transaction = TransactionOf(request);
  if (request[1] == 1) {
    return StunWriter(StunMethod::kBinding, StunClass::kSuccess, transaction)
        .Address(kStunXorMapped, {.ip = {192, 0, 2, 1}, .port = 9})
        .Take();
  }
  return StunWriter(StunMethod::kAllocate, StunClass::kError, transaction)
      .Number(kStunErrorCode, 4 << 8 | 1)
      .Text(kStunRealm, "r")
      .Text(kStunNonce, "n")
      .Take();
}

// The fuzzer can't guess a transaction: it is written into what it made.
void Probe(ByteView datagram, int good_answers) {
  SeededEntropy entropy(1);
  TurnProbeConfig config;
  config.allocate = true;
  config.secret = "north";
  TurnProbe probe(config);
  auto request = probe.Poll(kNow, entropy);
  for (int i = 0; request && i < good_answers; ++i) {
    probe.Receive(GoodAnswer(*request), kNow);
    request = probe.Poll(kNow, entropy);
  }
  Bytes answer(datagram.begin(), datagram.end());
  if (request && answer.size() >= kStunHeaderBytes) {
    std::memcpy(answer.data() + 8, request->data() + 8, sizeof(StunTransaction));
  }
  probe.Receive(answer, kNow);
  for (int i = 0; i < 8; ++i) probe.Poll(kNow, entropy);
  if (probe.Poll(kNow, entropy)) std::abort();  // would send for ever
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ByteView datagram(data + 1, size - 1);
  Read(datagram);
  Probe(datagram, data[0] % 4);
  return 0;
}
