// A server's transport fed with any bytes, whole and in pieces: the same packets must come out.
// Byte 0: size of the pieces and whether the peer is known. The rest is the stream.
#include <algorithm>
#include <cstdlib>
#include <vector>

#include "server/mtproto/client_transport.h"
#include "server/mtproto/transport.h"

namespace {

using namespace trunkline;
using namespace trunkline::mtproto;

struct Outcome {
  std::vector<Bytes> packets;
  std::string_view close_reason;
  bool operator==(const Outcome&) const = default;
};

Outcome Run(ByteView stream, std::size_t step, bool authorised) {
  Transport transport;
  transport.SetAuthorised(authorised);
  Outcome outcome;
  for (std::size_t at = 0; at < stream.size(); at += step) {
    const ByteView piece = stream.subspan(at, std::min(step, stream.size() - at));
    Bytes chunk(piece.begin(), piece.end());
    transport.Receive(chunk);
    Packet packet;
    while (transport.Poll(packet) == Transport::Next::kPacket) {
      if (packet.payload.empty()) std::abort();
      outcome.packets.emplace_back(packet.payload.begin(), packet.payload.end());
    }
  }
  outcome.close_reason = transport.close_reason();
  return outcome;
}

// The client's reader on the same bytes: it only has to survive them.
void RunClient(ByteView stream, TransportKind kind) {
  ClientTransport client({.kind = kind});
  Bytes chunk(stream.begin(), stream.end());
  client.Receive(chunk);
  ServerFrame frame;
  for (;;) {
    const auto next = client.Poll(frame);
    if (next == ClientTransport::Next::kMore || next == ClientTransport::Next::kClose) return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const bool authorised = (data[0] & 0x80) != 0;
  const std::size_t step = 1 + (data[0] & 0x7f);
  const ByteView stream(data + 1, size - 1);
  if (Run(stream, stream.size() + 1, authorised) != Run(stream, step, authorised)) std::abort();
  using enum TransportKind;
  for (const TransportKind kind : {kAbridged, kIntermediate, kPadded, kFull}) {
    RunClient(stream, kind);
  }
  return 0;
}
