// What is around one query: how a client introduces itself, the answer, and how to read it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include "common/bytes.h"
#include "tl/api_types.h"
#include "tl/runtime/arena.h"
#include "tl/runtime/codec.h"

namespace trunkline::load {

struct Reply {
  Bytes body;             // the boxed result; empty when refused
  std::int32_t code = 0;  // of rpc_error; 0: not refused
  std::string error;

  bool ok() const { return code == 0; }
  // "400 CALL_PEER_INVALID", or "ok".
  std::string Text() const { return ok() ? "ok" : std::to_string(code) + ' ' + error; }
};

// `body` is a boxed result or rpc_error.
Reply ReplyOf(Bytes body);

// The query inside invokeWithLayer(initConnection(...)).
Bytes Introduced(ByteView query, int layer, std::string_view device_model);

namespace internal {
template <class T>
struct ResultOf {
  static T Read(tl::Reader& reader) { return tl::Read<T>(reader); }
};
template <>
struct ResultOf<bool> {
  static bool Read(tl::Reader& reader) { return reader.Bool(); }
};
template <class T>
struct ResultOf<std::span<const T>> {
  static std::span<const T> Read(tl::Reader& reader) { return tl::ReadVector<T>(reader); }
};
}  // namespace internal

// The result of Method, whose memory is `arena` and the reply. False when the reply is an error,
// can't be read, or has bytes behind it.
template <class Method>
bool ReadResult(const Reply& reply, tl::Arena& arena, typename Method::Result& result) {
  if (!reply.ok()) return false;
  tl::Reader reader(reply.body, &arena);
  result = internal::ResultOf<typename Method::Result>::Read(reader);
  return reader.ExpectEnd();
}

}  // namespace trunkline::load
