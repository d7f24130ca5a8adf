// Unencrypted messages, legal in the key exchange only (MTProto: unencrypted message).
//
//   auth_key_id:8 = 0  message_id:8  length:4  body
#pragma once

#include <cstdint>
#include <optional>

#include "common/bytes.h"
#include "common/ids.h"
#include "tl/runtime/codec.h"

namespace trunkline::mtproto {

inline constexpr std::size_t kPlainHeaderBytes = 20;

struct PlainMessage {
  MessageId msg_id;
  ByteView body;
};

// nullopt when the packet isn't exactly one plaintext message with a body.
inline std::optional<PlainMessage> ParsePlainMessage(ByteView packet) {
  if (packet.size() < kPlainHeaderBytes + 4) return std::nullopt;
  if (LoadLittle<std::uint64_t>(packet.data()) != 0) return std::nullopt;
  const auto length = LoadLittle<std::uint32_t>(packet.data() + 16);
  if (length != packet.size() - kPlainHeaderBytes) return std::nullopt;
  return PlainMessage{MessageId(LoadLittle<std::int64_t>(packet.data() + 8)),
                      packet.subspan(kPlainHeaderBytes)};
}

// `value` is a constructor or a method of tl::mt.
template <class T>
Bytes MakePlainMessage(MessageId msg_id, const T& value) {
  Bytes packet(kPlainHeaderBytes);
  tl::AppendTo(packet, value);
  StoreLittle(packet.data() + 8, msg_id.value());
  StoreLittle(packet.data() + 16, static_cast<std::uint32_t>(packet.size() - kPlainHeaderBytes));
  return packet;
}

}  // namespace trunkline::mtproto
