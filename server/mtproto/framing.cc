#include "server/mtproto/framing.h"

#include <zlib.h>

#include <array>

#include "common/check.h"

namespace trunkline::mtproto {
namespace {

constexpr std::uint32_t kQuickAckBit = 0x80000000u;
constexpr std::uint32_t kPaddedQuickAck = 0xffffffffu;  // first word of a padded quick ack
constexpr std::uint8_t kLongAbridged = 0x7f;
constexpr std::size_t kFullOverhead = 12;  // length, sequence number, CRC
// A buffer more than four times this much larger than what is left in it is given back. Doubling
// while a long packet arrives stays below, so that it isn't copied again for every chunk.
constexpr std::size_t kSlackBytesMax = 1024;

std::uint32_t Crc32(ByteView bytes) {
  return static_cast<std::uint32_t>(
      crc32(crc32(0, nullptr, 0), bytes.data(), static_cast<uInt>(bytes.size())));
}

void AppendWord(Bytes& out, std::uint32_t word) {
  const std::size_t at = out.size();
  out.resize(at + sizeof word);
  StoreLittle(out.data() + at, word);
}

}  // namespace

void InputBuffer::Append(ByteSpan chunk) {
  if (unread_.empty()) {
    unread_ = chunk;
    return;
  }
  Keep();
  kept_.insert(kept_.end(), chunk.begin(), chunk.end());
  unread_ = kept_;
}

void InputBuffer::Keep() {
  if (unread_.empty()) return Clear();
  const bool whole = unread_.data() == kept_.data() && unread_.size() == kept_.size();
  if (whole && kept_.capacity() / 4 <= kept_.size() + kSlackBytesMax) return;
  Bytes left(unread_.begin(), unread_.end());
  kept_ = std::move(left);
  unread_ = kept_;
}

void InputBuffer::Clear() {
  if (kept_.capacity() != 0) kept_ = Bytes();
  unread_ = {};
}

struct FrameReader::Head {
  std::size_t header_bytes = 0;
  std::size_t body_bytes = 0;     // all that follows the header
  std::size_t payload_bytes = 0;  // at the start of the body
  bool marked = false;            // the quick ack bit
  bool is_quick_ack = false;      // complete: there is no body
  std::uint32_t token = 0;
};

FrameReader::Next FrameReader::Bad(std::string_view reason) {
  reason_ = reason;
  return Next::kBad;
}

FrameReader::Next FrameReader::ReadAbridgedHead(ByteView bytes, Head& head) {
  const std::uint8_t first = bytes[0];
  head.marked = (first & 0x80) != 0;
  if (head.marked && side_ == Side::kClient) {
    if (bytes.size() < 4) return Next::kMore;
    head.header_bytes = 4;
    head.is_quick_ack = true;
    head.token = __builtin_bswap32(LoadLittle<std::uint32_t>(bytes.data()));
    return Next::kFrame;
  }
  std::size_t words = first & 0x7f;
  head.header_bytes = 1;
  if (words == kLongAbridged) {
    if (bytes.size() < 4) return Next::kMore;
    head.header_bytes = 4;
    words = LoadLittle<std::uint32_t>(bytes.data()) >> 8;
    if (words < kLongAbridged) return Bad("abridged length in its long form without need");
  }
  head.payload_bytes = head.body_bytes = words * 4;
  return Next::kFrame;
}

FrameReader::Next FrameReader::ReadIntermediateHead(ByteView bytes, Head& head) {
  if (bytes.size() < 4) return Next::kMore;
  const auto word = LoadLittle<std::uint32_t>(bytes.data());
  head.header_bytes = 4;
  head.marked = (word & kQuickAckBit) != 0;
  if (head.marked && side_ == Side::kClient) {
    head.is_quick_ack = true;
    head.token = word;
    return Next::kFrame;
  }
  head.payload_bytes = head.body_bytes = word & ~kQuickAckBit;
  if (kind_ == TransportKind::kIntermediate && head.body_bytes % 4 != 0) {
    return Bad("packet length not a multiple of 4");
  }
  return Next::kFrame;
}

FrameReader::Next FrameReader::ReadFullHead(ByteView bytes, Head& head) {
  if (bytes.size() < 8) return Next::kMore;
  const auto total = LoadLittle<std::uint32_t>(bytes.data());
  if (total < kFullOverhead || total % 4 != 0) return Bad("impossible packet length");
  if (LoadLittle<std::uint32_t>(bytes.data() + 4) != frames_) {
    return Bad("transport sequence number out of order");
  }
  head.header_bytes = 8;
  head.body_bytes = total - 8;
  head.payload_bytes = total - kFullOverhead;
  return Next::kFrame;
}

FrameReader::Next FrameReader::ReadHead(ByteView bytes, Head& head) {
  if (bytes.empty()) return Next::kMore;
  switch (kind_) {
    case TransportKind::kAbridged:
      return ReadAbridgedHead(bytes, head);
    case TransportKind::kIntermediate:
    case TransportKind::kPadded:
      return ReadIntermediateHead(bytes, head);
    case TransportKind::kFull:
      return ReadFullHead(bytes, head);
    case TransportKind::kUnknown:
      break;
  }
  return Bad("no transport");
}

FrameReader::Next FrameReader::Finish(const Head& head, ByteSpan bytes, Frame& frame) {
  frame = Frame();
  frame.payload = bytes.subspan(head.header_bytes, head.payload_bytes);
  frame.wants_quick_ack = head.marked;
  if (kind_ == TransportKind::kFull) {
    const std::size_t crc_at = head.header_bytes + head.payload_bytes;
    const auto crc = LoadLittle<std::uint32_t>(bytes.data() + crc_at);
    if (crc != Crc32(bytes.first(crc_at))) return Bad("wrong CRC");
  }
  if (kind_ == TransportKind::kPadded) {
    const bool quick_ack = side_ == Side::kClient && frame.payload.size() >= 8 &&
                           frame.payload.size() <= 16 &&
                           LoadLittle<std::uint32_t>(frame.payload.data()) == kPaddedQuickAck;
    if (quick_ack) {
      frame.kind = Frame::Kind::kQuickAck;
      frame.token = LoadLittle<std::uint32_t>(frame.payload.data() + 4);
    } else {
      frame.payload = WithoutPadding(frame.payload);
    }
  }
  ++frames_;
  return Next::kFrame;
}

FrameReader::Next FrameReader::Read(InputBuffer& input, std::size_t payload_bytes_max,
                                    Frame& frame) {
  const ByteSpan bytes = input.unread();
  Head head;
  const Next next = ReadHead(bytes, head);
  if (next != Next::kFrame) return next;
  if (head.is_quick_ack) {
    frame = Frame{Frame::Kind::kQuickAck, {}, false, head.token};
    input.Consume(head.header_bytes);
    return Next::kFrame;
  }
  if (head.payload_bytes == 0) return Bad("empty packet");
  if (head.payload_bytes > payload_bytes_max) return Bad("packet too long");
  if (bytes.size() < head.header_bytes + head.body_bytes) return Next::kMore;
  const Next finished = Finish(head, bytes, frame);
  if (finished == Next::kFrame) input.Consume(head.header_bytes + head.body_bytes);
  return finished;
}

void FrameWriter::AppendFrame(ByteView payload, bool wants_quick_ack, ByteView padding,
                              Bytes& out) {
  CHECK(!payload.empty() && payload.size() % 4 == 0);
  const std::uint32_t mark = wants_quick_ack ? kQuickAckBit : 0;
  const std::size_t start = out.size();
  switch (kind_) {
    case TransportKind::kAbridged: {
      const auto words = static_cast<std::uint32_t>(payload.size() / 4);
      if (words < kLongAbridged) {
        out.push_back(static_cast<std::uint8_t>(words | (mark >> 24)));
      } else {
        AppendWord(out, words << 8 | kLongAbridged | mark >> 24);
      }
      break;
    }
    case TransportKind::kIntermediate:
    case TransportKind::kPadded:
      AppendWord(out, static_cast<std::uint32_t>(payload.size() + padding.size()) | mark);
      break;
    case TransportKind::kFull:
      AppendWord(out, static_cast<std::uint32_t>(payload.size() + kFullOverhead));
      AppendWord(out, frames_);
      break;
    case TransportKind::kUnknown:
      return;
  }
  out.insert(out.end(), payload.begin(), payload.end());
  out.insert(out.end(), padding.begin(), padding.end());
  if (kind_ == TransportKind::kFull) AppendWord(out, Crc32(ByteView(out).subspan(start)));
  ++frames_;
}

void FrameWriter::AppendPacket(ByteView payload, bool wants_quick_ack, Entropy& entropy,
                               Bytes& out) {
  if (kind_ != TransportKind::kPadded) return AppendFrame(payload, wants_quick_ack, {}, out);
  std::array<std::uint8_t, 16> draw;
  entropy.Fill(draw);
  AppendFrame(payload, wants_quick_ack, ByteView(draw).first(draw[15] % 16), out);
}

void FrameWriter::AppendError(std::int32_t code, Bytes& out) {
  std::array<std::uint8_t, 4> payload;
  StoreLittle(payload.data(), code);
  AppendFrame(payload, false, {}, out);
}

void FrameWriter::AppendQuickAck(std::uint32_t token, Entropy& entropy, Bytes& out) {
  switch (kind_) {
    case TransportKind::kAbridged:
      return AppendWord(out, __builtin_bswap32(token));
    case TransportKind::kIntermediate:
      return AppendWord(out, token);
    case TransportKind::kPadded: {
      std::array<std::uint8_t, 8> payload;
      StoreLittle(payload.data(), kPaddedQuickAck);
      StoreLittle(payload.data() + 4, token);
      std::array<std::uint8_t, 9> draw;
      entropy.Fill(draw);
      return AppendFrame(payload, false, ByteView(draw).first(draw[8] % 9), out);
    }
    case TransportKind::kFull:
    case TransportKind::kUnknown:
      return;
  }
}

ByteSpan WithoutPadding(ByteSpan payload) {
  constexpr std::size_t kPlainHeader = 20;
  constexpr std::size_t kEncryptedHeader = 24;
  if (payload.size() < kEncryptedHeader) {
    // Too short for a packet. From the server: an error, of which the first four bytes count.
    return payload.size() < 16 && payload.size() >= 4 ? payload.first(4) : payload;
  }
  if (LoadLittle<std::uint64_t>(payload.data()) == 0) {
    const auto length = LoadLittle<std::uint32_t>(payload.data() + 16);
    const bool fits = length <= payload.size() - kPlainHeader;
    return fits ? payload.first(kPlainHeader + length) : payload;
  }
  return payload.first(payload.size() - (payload.size() - kEncryptedHeader) % 16);
}

}  // namespace trunkline::mtproto
