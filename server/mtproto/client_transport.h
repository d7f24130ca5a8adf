// The client's side of one TCP connection, as stock clients speak it: for the load harness and the
// tests. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "common/bytes.h"
#include "common/entropy.h"
#include "server/mtproto/framing.h"
#include "server/mtproto/obfuscation.h"

namespace trunkline::mtproto {

struct ClientTransportOptions {
  TransportKind kind = TransportKind::kIntermediate;
  bool obfuscated = false;  // not with kFull
  std::int16_t dc = 2;      // inside the obfuscated init
};

// What the server sent.
struct ServerFrame {
  ByteSpan payload;         // of a packet; may be decrypted in place
  std::uint32_t token = 0;  // of a quick ack
  std::int32_t error = 0;   // of a transport error, negative
};

class ClientTransport {
 public:
  enum class Next : std::uint8_t { kMore, kPacket, kQuickAck, kError, kClose };

  explicit ClientTransport(ClientTransportOptions options)
      : options_(options), reader_(options.kind, Side::kClient), writer_(options.kind) {}

  // The first packet carries the magic or the obfuscated init before it.
  void AppendPacket(ByteView payload, bool wants_quick_ack, Entropy& entropy, Bytes& out);

  // As Transport::Receive and Transport::Poll.
  void Receive(ByteSpan chunk);
  Next Poll(ServerFrame& frame);

 private:
  void AppendStart(Entropy& entropy, Bytes& out);

  ClientTransportOptions options_;
  InputBuffer input_;
  FrameReader reader_;
  FrameWriter writer_;
  std::optional<Obfuscation> obfuscation_;
  bool started_ = false;
  bool closed_ = false;
};

}  // namespace trunkline::mtproto
