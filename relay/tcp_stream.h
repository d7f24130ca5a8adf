// The relay's side of one TCP connection: tells the two dialects apart by the first bytes, cuts
// frames, and frames what goes back. Pure.
//
//   plain       EE EE EE EE once from the client, then both ways: u32 little-endian n | n bytes
//   obfuscated  64 bytes from the client: 0..55 in clear, of which 8..39 and 40..55 are key and IV
//   of
//               AES-256-CTR to the relay, and the same 48 bytes reversed those to the
//               client; 56..63 enciphered, of which 56..59 are EF EF EF EF; then both ways,
//               enciphered: one byte n / 4 below 7F, or 7F and three bytes n / 4 little-endian | n
//               bytes
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "common/bytes.h"
#include "common/crypto/aes.h"
#include "relay/limits.h"

namespace trunkline::relay {

// A longer claim ends the connection. The plain dialect's own limit.
inline constexpr std::size_t kPlainFrameBytesMax = 64 * 1024;

class TcpStream {
 public:
  enum class Next : std::uint8_t { kMore, kFrame, kClose };
  enum class Dialect : std::uint8_t { kUnknown, kPlain, kObfuscated };

  // Takes what arrived; `chunk` is borrowed for the call and written to.
  void Receive(ByteSpan chunk);
  // Call until it returns kMore, or kClose (for good; close_reason()). The view is valid until the
  // next Poll or Receive. Frames beyond kPacketBytesMax are left out.
  Next Poll(ByteView& frame);

  // Frames and enciphers into `out`, in the order in which the bytes will be sent. False, and
  // nothing appended: the dialect isn't known yet, or can't carry a packet of this size.
  bool Append(ByteView packet, Bytes& out);

  Dialect dialect() const { return dialect_; }
  std::string_view close_reason() const { return close_reason_; }  // static; empty: not closed
  std::size_t buffered() const { return input_.size() - read_; }

 private:
  struct Streams {
    crypto::AesCtr to_relay, to_client;
  };

  bool Detect();  // false: more bytes are needed, or closed
  bool DetectObfuscated();
  bool ReadLength(std::size_t& header, std::size_t& size);
  Next Close(std::string_view reason);

  Bytes input_;  // from read_ on: not yet looked at; little more than one frame
  std::size_t read_ = 0;
  std::size_t skip_ = 0;              // rest of a frame that is left out
  std::unique_ptr<Streams> streams_;  // obfuscated only
  Dialect dialect_ = Dialect::kUnknown;
  std::string_view close_reason_;
};

}  // namespace trunkline::relay
