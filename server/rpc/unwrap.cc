#include "server/rpc/unwrap.h"

#include "common/gzip.h"
#include "tl/mt_types.h"

namespace trunkline::rpc {
namespace {

namespace fn = ::tl::api::fn;

constexpr RpcError kFetchError{ErrorType::kInputFetchError};

bool IsWrapper(std::uint32_t id) {
  switch (id) {
    case fn::InvokeWithLayer::kId:
    case fn::InitConnection::kId:
    case fn::InvokeAfterMsg::kId:
    case fn::InvokeAfterMsgs::kId:
    case fn::InvokeWithoutUpdates::kId:
    case fn::InvokeWithMessagesRange::kId:
    case fn::InvokeWithTakeout::kId:
    case fn::InvokeWithBusinessConnection::kId:
    case fn::InvokeWithApnsSecret::kId:
    case fn::InvokeWithGooglePlayIntegrity::kId:
    case fn::InvokeWithReCaptcha::kId:
      return true;
    default:
      return false;
  }
}

// Notes what the wrapper says and gives what it holds.
ByteView Apply(const ::tl::api::AnyMethod& wrapper, Unwrapped& out) {
  switch (wrapper.id()) {
    case fn::InvokeWithLayer::kId:
      out.layer = wrapper.As<fn::InvokeWithLayer>()->layer;
      return wrapper.As<fn::InvokeWithLayer>()->query;
    case fn::InitConnection::kId:
      out.init = wrapper.As<fn::InitConnection>();
      return out.init->query;
    case fn::InvokeAfterMsg::kId: {
      const auto* const after = wrapper.As<fn::InvokeAfterMsg>();
      out.after[out.after_count++] = {&after->msg_id, 1};
      return after->query;
    }
    case fn::InvokeAfterMsgs::kId: {
      const auto* const after = wrapper.As<fn::InvokeAfterMsgs>();
      out.after[out.after_count++] = after->msg_ids;
      return after->query;
    }
    case fn::InvokeWithoutUpdates::kId:
      out.without_updates = true;
      return wrapper.As<fn::InvokeWithoutUpdates>()->query;
    case fn::InvokeWithMessagesRange::kId:
      return wrapper.As<fn::InvokeWithMessagesRange>()->query;
    case fn::InvokeWithTakeout::kId:
      return wrapper.As<fn::InvokeWithTakeout>()->query;
    case fn::InvokeWithBusinessConnection::kId:
      out.business = true;
      return wrapper.As<fn::InvokeWithBusinessConnection>()->query;
    case fn::InvokeWithApnsSecret::kId:
      return wrapper.As<fn::InvokeWithApnsSecret>()->query;
    case fn::InvokeWithGooglePlayIntegrity::kId:
      return wrapper.As<fn::InvokeWithGooglePlayIntegrity>()->query;
    case fn::InvokeWithReCaptcha::kId:
      return wrapper.As<fn::InvokeWithReCaptcha>()->query;
    default:
      return {};
  }
}

// gzip_packed#3072cfa1 packed_data:string = Object;
bool Unpack(ByteView packed, Bytes& out) {
  ::tl::Reader reader(packed, nullptr);
  reader.U32();
  const std::string_view data = reader.Bytes();
  return reader.ExpectEnd() && Gzip().Inflate(AsBytes(data), out, kUnpackedBytesMax);
}

}  // namespace

RpcError ErrorOf(::tl::WireError error) {
  return error == ::tl::WireError::kUnknownConstructor || error == ::tl::WireError::kBadBool
             ? RpcError{ErrorType::kInputConstructorInvalid}
             : kFetchError;
}

Result<Unwrapped, RpcError> Unwrapper::Unwrap(ByteView body, ::tl::Arena* arena) {
  if (inflated_.capacity() > kScratchBytesKept) inflated_ = {};
  Unwrapped out;
  bool packed = false;
  for (std::size_t depth = 0;; ++depth) {
    ::tl::Reader reader(body, arena);
    const std::uint32_t id = reader.PeekU32();
    if (id == ::tl::mt::GzipPacked::kId) {
      // Once: what is packed twice is an attack, not a client.
      if (packed || !Unpack(body, inflated_)) return Unexpected{kFetchError};
      packed = true;
      body = inflated_;
      continue;
    }
    if (!IsWrapper(id)) break;
    if (depth >= kWrapperDepthMax) return Unexpected{kFetchError};
    ::tl::api::AnyMethod wrapper;
    if (!ReadMethod(reader, wrapper)) return Unexpected{ErrorOf(reader.error())};
    body = Apply(wrapper, out);
  }
  std::size_t ids = 0;
  for (std::size_t i = 0; i < out.after_count; ++i) ids += out.after[i].size();
  if (ids > kAfterIdsMax) return Unexpected{kFetchError};
  out.query = body;
  return out;
}

}  // namespace trunkline::rpc
