#include "server/mtproto/client_transport.h"

namespace trunkline::mtproto {
namespace {

// Clients hold themselves to sizes between 2 and 16 MiB.
constexpr std::size_t kServerPacketBytesMax = 2 * 1024 * 1024;
// A shorter payload can't be a message: it is an error code.
constexpr std::size_t kPacketBytesMin = 16;

}  // namespace

void ClientTransport::AppendStart(Entropy& entropy, Bytes& out) {
  if (options_.obfuscated) {
    obfuscation_ = Obfuscation::Start(options_.kind, options_.dc, entropy, out);
    return;
  }
  if (options_.kind == TransportKind::kAbridged) out.push_back(kAbridgedMagic);
  const bool padded = options_.kind == TransportKind::kPadded;
  if (padded || options_.kind == TransportKind::kIntermediate) {
    const auto magic = static_cast<std::uint8_t>(padded ? kPaddedMagic : kIntermediateMagic);
    out.insert(out.end(), 4, magic);
  }
}

void ClientTransport::AppendPacket(ByteView payload, bool wants_quick_ack, Entropy& entropy,
                                   Bytes& out) {
  if (!started_) AppendStart(entropy, out);
  started_ = true;
  const std::size_t from = out.size();
  writer_.AppendPacket(payload, wants_quick_ack, entropy, out);
  if (obfuscation_) obfuscation_->to_server().Apply(ByteSpan(out).subspan(from));
}

void ClientTransport::Receive(ByteSpan chunk) {
  if (closed_) return;
  if (obfuscation_) obfuscation_->to_client().Apply(chunk);
  input_.Append(chunk);
}

ClientTransport::Next ClientTransport::Poll(ServerFrame& server_frame) {
  if (closed_) return Next::kClose;
  Frame frame;
  switch (reader_.Read(input_, kServerPacketBytesMax, frame)) {
    case FrameReader::Next::kMore:
      input_.Keep();
      return Next::kMore;
    case FrameReader::Next::kBad:
      closed_ = true;
      return Next::kClose;
    case FrameReader::Next::kFrame:
      break;
  }
  server_frame = {frame.payload, frame.token, 0};
  if (frame.kind == Frame::Kind::kQuickAck) return Next::kQuickAck;
  if (frame.payload.size() >= kPacketBytesMin) return Next::kPacket;
  if (frame.payload.size() >= 4) {
    server_frame.error = LoadLittle<std::int32_t>(frame.payload.data());
  }
  return Next::kError;
}

}  // namespace trunkline::mtproto
