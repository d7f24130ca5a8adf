#include "bench/load/reply.h"

#include <utility>

#include "tl/mt_types.h"

namespace trunkline::load {

Reply ReplyOf(Bytes body) {
  Reply reply;
  tl::Arena arena(256);
  tl::Reader reader(body, &arena);
  tl::mt::AnyObject object;
  if (reader.PeekU32() == tl::mt::RpcError::kId && tl::mt::ReadObject(reader, object)) {
    reply.code = object.As<tl::mt::RpcError>()->error_code;
    reply.error = object.As<tl::mt::RpcError>()->error_message;
  } else {
    reply.body = std::move(body);
  }
  return reply;
}

Bytes Introduced(ByteView query, int layer, std::string_view device_model) {
  namespace fn = tl::api::fn;
  Bytes connection, wrapped;
  tl::AppendTo(connection,
               fn::InitConnection{.api_id = 1,
                                  .device_model = device_model,
                                  .system_version = "1",
                                  .app_version = "1",
                                  .system_lang_code = "en",
                                  .lang_pack = "",
                                  .lang_code = "en",
                                  .query = query},
               layer);
  tl::AppendTo(wrapped, fn::InvokeWithLayer{.layer = layer, .query = connection}, layer);
  return wrapped;
}

}  // namespace trunkline::load
