// What a refused request is told: rpc_error with a code, a TYPE from tl/schema/errors.tsv and at
// most one number.
#pragma once

#include <cstdint>

#include "common/bytes.h"
#include "server/book/types.h"
#include "tl/rpc_errors.h"

namespace trunkline::rpc {

struct RpcError {
  ErrorType type;
  // Seconds of FLOOD_WAIT_%d; of INPUT_METHOD_INVALID the unknown method's id, 0 for a known method
  // that this server doesn't have. Otherwise unused.
  std::uint32_t argument = 0;
};

// `refusal` is not kNone.
RpcError ErrorOf(book::Refusal refusal, std::int32_t argument);

// rpc_error#2144ca19 error_code:int error_message:string = RpcError;
Bytes Serialise(const RpcError& error);

}  // namespace trunkline::rpc
