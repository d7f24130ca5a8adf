// Takes the wrappers off a query: invokeWithLayer, initConnection, invokeAfterMsg and their kin,
// and gzip_packed directly inside any of them, in any order.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "common/bytes.h"
#include "common/result.h"
#include "server/rpc/error.h"
#include "server/rpc/limits.h"
#include "tl/api_types.h"
#include "tl/runtime/arena.h"

namespace trunkline::rpc {

// Views live until the next Unwrap or the arena's reset, and as long as the body given to it.
struct Unwrapped {
  std::optional<std::int32_t> layer;                    // invokeWithLayer, as sent
  const ::tl::api::fn::InitConnection* init = nullptr;  // initConnection
  // The ids of invokeAfterMsg(s), one span for each of these wrappers.
  std::array<std::span<const std::int64_t>, kWrapperDepthMax> after{};
  std::size_t after_count = 0;
  bool without_updates = false;  // invokeWithoutUpdates
  bool business = false;         // invokeWithBusinessConnection
  ByteView query;                // what was inside
};

class Unwrapper {
 public:
  Result<Unwrapped, RpcError> Unwrap(ByteView body, ::tl::Arena* arena);

 private:
  Bytes inflated_;
};

// INPUT_CONSTRUCTOR_INVALID or INPUT_FETCH_ERROR, for a method whose id is known.
RpcError ErrorOf(::tl::WireError error);

}  // namespace trunkline::rpc
