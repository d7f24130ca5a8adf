// The server's side of one TCP connection: finds out which transport the client speaks, undoes
// obfuscation, cuts packets, and frames what goes back. Pure; one per connection, on its thread.
//
// A link that is idle holds no buffer; one with obfuscation holds two key streams.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "common/bytes.h"
#include "common/entropy.h"
#include "server/mtproto/framing.h"
#include "server/mtproto/limits.h"
#include "server/mtproto/obfuscation.h"

namespace trunkline::mtproto {

struct Packet {
  ByteSpan payload;  // padding of the transport removed; the receiver may decrypt in place
  bool wants_quick_ack = false;
};

class Transport {
 public:
  enum class Next : std::uint8_t { kMore, kPacket, kClose };

  // Takes what arrived. `chunk` is borrowed, and written to, until Poll has returned kMore or
  // kClose.
  void Receive(ByteSpan chunk);
  // Call until it returns kMore (what is left was copied) or kClose (for good; close_reason()).
  // The packet's view is valid until the next Poll or Receive.
  Next Poll(Packet& packet);

  // Frame and obfuscate into `out`, in the order in which the bytes will be sent. Nothing is
  // appended while the client hasn't shown its transport.
  void AppendPacket(ByteView payload, Entropy& entropy, Bytes& out);
  void AppendQuickAck(std::uint32_t token, Entropy& entropy, Bytes& out);
  void AppendError(std::int32_t code, Entropy& entropy, Bytes& out);

  TransportKind kind() const { return reader_.kind(); }
  bool obfuscated() const { return obfuscation_ != nullptr; }
  bool IsHttp() const { return is_http_; }
  // A peer that has proved to own a key may send long packets.
  void SetAuthorised(bool authorised) { authorised_ = authorised; }
  // Static text. Empty while the connection is fine.
  std::string_view close_reason() const { return close_reason_; }
  // Heap bytes that this link holds for unfinished input.
  std::size_t buffered_capacity() const { return input_.capacity(); }

 private:
  Next Detect();
  Next DetectObfuscated();
  Next Use(TransportKind kind, std::size_t magic_bytes);
  Next Close(std::string_view reason);
  void Obfuscate(Bytes& out, std::size_t from);

  InputBuffer input_;
  FrameReader reader_;
  FrameWriter writer_;
  std::unique_ptr<Obfuscation> obfuscation_;
  std::string_view close_reason_;
  bool authorised_ = false;
  bool is_http_ = false;
};

}  // namespace trunkline::mtproto
