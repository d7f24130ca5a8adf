// One message of a box by itself: what start-up gives of a call that is no longer remembered. The
// journal has no such row; there CallEnded is both messages.
#pragma once

#include <cstdint>

#include "server/book/types.h"

namespace trunkline::book {

struct BoxMessage {
  UserId owner;
  std::int32_t pts = 0;
  MessageView message;
};

}  // namespace trunkline::book
