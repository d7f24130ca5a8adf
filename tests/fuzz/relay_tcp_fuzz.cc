// A relay's TCP stream fed with any bytes, whole and in pieces: the same frames and the same
// answers must come out, and little may be kept. Byte 0: size of the pieces, and whether the rest
// is behind the obfuscated init (enciphered here, so that the fuzzer sees through it) or plain.
#include <algorithm>
#include <cstdlib>
#include <vector>

#include "relay/tcp_stream.h"

namespace {

using namespace trunkline;
using namespace trunkline::relay;

// Frames lie behind each other: an allocation each would take most of the time.
struct Outcome {
  Bytes frames;
  std::vector<std::size_t> sizes;
  Bytes answers;
  std::string_view close_reason;
  bool operator==(const Outcome&) const = default;
};

// Whoever cuts thousands of bytes one by one waits for the same thing again and again: after so
// many pieces they are twice as large.
constexpr std::size_t kPiecesOfOneSize = 96;

Outcome Feed(ByteView bytes, std::size_t step) {
  TcpStream stream;
  Outcome outcome;
  std::size_t pieces = 0;
  while (!bytes.empty()) {
    const ByteView piece = bytes.first(std::min(step, bytes.size()));
    bytes = bytes.subspan(piece.size());
    if (++pieces % kPiecesOfOneSize == 0) step *= 2;
    Bytes chunk(piece.begin(), piece.end());
    stream.Receive(chunk);
    ByteView frame;
    while (stream.Poll(frame) == TcpStream::Next::kFrame) {
      if (frame.empty() || frame.size() > kPacketBytesMax) std::abort();
      stream.Append(frame, outcome.answers);
      outcome.frames.insert(outcome.frames.end(), frame.begin(), frame.end());
      outcome.sizes.push_back(frame.size());
    }
    if (stream.buffered() > kPacketBytesMax + 64) std::abort();
  }
  outcome.close_reason = stream.close_reason();
  return outcome;
}

Bytes Obfuscated(ByteView inside) {
  Bytes wire(64, 1);
  std::fill_n(wire.begin() + 56, 4, 0xef);
  const Bytes clear = wire;
  wire.insert(wire.end(), inside.begin(), inside.end());
  crypto::AesCtr cipher(std::span<const std::uint8_t, 32>(clear.data() + 8, 32),
                        std::span<const std::uint8_t, 16>(clear.data() + 40, 16));
  cipher.Apply(wire);
  std::copy_n(clear.begin(), 56, wire.begin());
  return wire;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t step = 1 + (data[0] & 0x7f);
  const ByteView rest(data + 1, size - 1);
  const Bytes wire = (data[0] & 0x80) != 0 ? Obfuscated(rest) : Bytes(rest.begin(), rest.end());
  if (Feed(wire, wire.size() + 1) != Feed(wire, step)) std::abort();
  return 0;
}
