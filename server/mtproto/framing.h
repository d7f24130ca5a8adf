// The four framings of MTProto over a byte stream, both sides (MTProto transports: abridged,
// intermediate, padded intermediate, full). Pure. Obfuscation and detection are elsewhere.
#pragma once

#include <cstdint>
#include <string_view>

#include "common/bytes.h"
#include "common/entropy.h"

namespace trunkline::mtproto {

enum class TransportKind : std::uint8_t { kUnknown, kAbridged, kIntermediate, kPadded, kFull };

enum class Side : std::uint8_t { kServer, kClient };

// Bytes that have arrived and aren't consumed. Borrows each chunk while it is worked on and copies
// only what is left of it, so that an idle link owns no memory.
class InputBuffer {
 public:
  // `chunk` stays valid and untouched by the caller until Keep.
  void Append(ByteSpan chunk);
  ByteSpan unread() const { return unread_; }
  void Consume(std::size_t bytes) { unread_ = unread_.subspan(bytes); }
  // The end of a step: copies what is left unread, gives memory back when nothing is.
  void Keep();
  void Clear();
  std::size_t capacity() const { return kept_.capacity(); }

 private:
  Bytes kept_;
  ByteSpan unread_;  // into kept_ or into the borrowed chunk
};

struct Frame {
  enum class Kind : std::uint8_t {
    kPacket,
    kQuickAck,  // towards the client only
  };
  Kind kind = Kind::kPacket;
  ByteSpan payload;
  bool wants_quick_ack = false;
  std::uint32_t token = 0;  // of a kQuickAck
};

// Cuts frames off a byte stream.
class FrameReader {
 public:
  enum class Next : std::uint8_t { kMore, kFrame, kBad };

  FrameReader() = default;
  // `side` is who reads.
  FrameReader(TransportKind kind, Side side) : kind_(kind), side_(side) {}

  // On kFrame the frame is consumed and its payload points into the input. On kBad the stream is
  // out of step for good; reason() says why.
  Next Read(InputBuffer& input, std::size_t payload_bytes_max, Frame& frame);
  TransportKind kind() const { return kind_; }
  std::string_view reason() const { return reason_; }

 private:
  struct Head;
  Next ReadHead(ByteView bytes, Head& head);
  Next ReadAbridgedHead(ByteView bytes, Head& head);
  Next ReadIntermediateHead(ByteView bytes, Head& head);
  Next ReadFullHead(ByteView bytes, Head& head);
  Next Bad(std::string_view reason);
  Next Finish(const Head& head, ByteSpan bytes, Frame& frame);

  TransportKind kind_ = TransportKind::kUnknown;
  Side side_ = Side::kServer;
  std::uint32_t frames_ = 0;      // full transport: the next sequence number
  std::string_view reason_ = {};  // static text
};

// Puts packets into frames.
class FrameWriter {
 public:
  FrameWriter() = default;
  explicit FrameWriter(TransportKind kind) : kind_(kind) {}

  // The payload's size is a multiple of 4 and not 0 (CHECKed: the caller's duty).
  // `wants_quick_ack` is for clients.
  void AppendPacket(ByteView payload, bool wants_quick_ack, Entropy& entropy, Bytes& out);
  // Without random padding: clients tell errors from packets by their size.
  void AppendError(std::int32_t code, Bytes& out);
  // Nothing in the full transport, which has no quick acks.
  void AppendQuickAck(std::uint32_t token, Entropy& entropy, Bytes& out);

 private:
  void AppendFrame(ByteView payload, bool wants_quick_ack, ByteView padding, Bytes& out);

  TransportKind kind_ = TransportKind::kUnknown;
  std::uint32_t frames_ = 0;
};

// The payload of a padded frame without its padding. The packet itself says where it ends: an
// encrypted one has 24 bytes and whole blocks of 16, a plaintext one a length of its own.
ByteSpan WithoutPadding(ByteSpan payload);

}  // namespace trunkline::mtproto
