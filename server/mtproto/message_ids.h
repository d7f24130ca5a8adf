// Message ids of the server: unix time in units of 2^-32 s, strictly increasing over everything one
// engine sends, the two low bits by purpose (MTProto 2.0: message identifier).
#pragma once

#include <cstdint>

#include "common/ids.h"
#include "common/time.h"

namespace trunkline::mtproto {

enum class IdKind : std::int64_t { kReply = 1, kUnasked = 3 };

// The id of a message made at that time, low bits 0.
inline MessageId MessageIdAt(WallTime time) {
  const std::int64_t nanos = time.time_since_epoch().count();
  const std::int64_t seconds = nanos / 1'000'000'000;
  const std::int64_t fraction = ((nanos % 1'000'000'000) << 32) / 1'000'000'000;
  return MessageId((seconds << 32 | fraction) & ~std::int64_t{3});
}

class MessageIds {
 public:
  MessageId Next(WallTime now, IdKind kind) {
    const std::int64_t wanted = MessageIdAt(now).value();
    // A clock that stands or steps back doesn't repeat ids.
    last_ = wanted > last_ ? wanted : (last_ & ~std::int64_t{3}) + 4;
    last_ |= static_cast<std::int64_t>(kind);
    return MessageId(last_);
  }

 private:
  std::int64_t last_ = 0;
};

}  // namespace trunkline::mtproto
