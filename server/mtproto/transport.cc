#include "server/mtproto/transport.h"

#include <algorithm>

namespace trunkline::mtproto {

void Transport::Receive(ByteSpan chunk) {
  if (!close_reason_.empty()) return;
  if (obfuscation_) obfuscation_->to_server().Apply(chunk);
  input_.Append(chunk);
}

Transport::Next Transport::Close(std::string_view reason) {
  close_reason_ = reason;
  input_.Clear();
  return Next::kClose;
}

Transport::Next Transport::Use(TransportKind kind, std::size_t magic_bytes) {
  input_.Consume(magic_bytes);
  reader_ = FrameReader(kind, Side::kServer);
  writer_ = FrameWriter(kind);
  return Next::kPacket;
}

// The order of the checks is that of the published transports: each looks at as few bytes as tell
// it from the others. kPacket: the transport is known.
Transport::Next Transport::Detect() {
  const ByteView bytes = input_.unread();
  if (bytes.empty()) return Next::kMore;
  if (bytes[0] == kAbridgedMagic) return Use(TransportKind::kAbridged, 1);
  if (bytes.size() < 4) return Next::kMore;
  const auto first = LoadLittle<std::uint32_t>(bytes.data());
  if (first == kIntermediateMagic) return Use(TransportKind::kIntermediate, 4);
  if (first == kPaddedMagic) return Use(TransportKind::kPadded, 4);
  if (LooksLikeHttp(first)) {
    is_http_ = true;
    return Close("HTTP isn't served on this port");
  }
  if (LooksLikeTls(first)) return Close("TLS isn't served on this port");
  if (bytes.size() < 8) return Next::kMore;
  if (LoadLittle<std::uint32_t>(bytes.data() + 4) == 0) return Use(TransportKind::kFull, 0);
  return DetectObfuscated();
}

Transport::Next Transport::DetectObfuscated() {
  const ByteSpan bytes = input_.unread();
  if (bytes.size() < kObfuscationInitBytes) return Next::kMore;
  ObfuscationInit init;
  std::copy_n(bytes.begin(), init.size(), init.begin());
  const auto accepted = Obfuscation::Accept(init);
  if (!accepted) return Close("unknown transport");
  obfuscation_ = std::make_unique<Obfuscation>(accepted->streams);
  obfuscation_->to_server().Apply(bytes.subspan(kObfuscationInitBytes));
  return Use(accepted->inside, kObfuscationInitBytes);
}

Transport::Next Transport::Poll(Packet& packet) {
  if (!close_reason_.empty()) return Next::kClose;
  if (kind() == TransportKind::kUnknown) {
    const Next detected = Detect();
    if (detected == Next::kMore) input_.Keep();
    if (detected != Next::kPacket) return detected;
  }
  const std::size_t limit = authorised_ ? kPacketBytesMax : kStrangerPacketBytesMax;
  Frame frame;
  switch (reader_.Read(input_, limit, frame)) {
    case FrameReader::Next::kMore:
      input_.Keep();
      return Next::kMore;
    case FrameReader::Next::kBad:
      return Close(reader_.reason());
    case FrameReader::Next::kFrame:
      break;
  }
  packet = {frame.payload, frame.wants_quick_ack};
  return Next::kPacket;
}

void Transport::Obfuscate(Bytes& out, std::size_t from) {
  if (obfuscation_) obfuscation_->to_client().Apply(ByteSpan(out).subspan(from));
}

void Transport::AppendPacket(ByteView payload, Entropy& entropy, Bytes& out) {
  const std::size_t from = out.size();
  writer_.AppendPacket(payload, false, entropy, out);
  Obfuscate(out, from);
}

void Transport::AppendQuickAck(std::uint32_t token, Entropy& entropy, Bytes& out) {
  const std::size_t from = out.size();
  writer_.AppendQuickAck(token, entropy, out);
  Obfuscate(out, from);
}

void Transport::AppendError(std::int32_t code, Entropy&, Bytes& out) {
  const std::size_t from = out.size();
  writer_.AppendError(code, out);
  Obfuscate(out, from);
}

}  // namespace trunkline::mtproto
