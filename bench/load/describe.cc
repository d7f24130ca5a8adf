#include "bench/load/describe.h"

#include <cstdio>
#include <string_view>

#include "tl/api_types.h"
#include "tl/mt_types.h"
#include "tl/runtime/arena.h"
#include "tl/runtime/codec.h"

namespace trunkline::load {
namespace {

namespace api = tl::api;
namespace fn = tl::api::fn;

constexpr std::size_t kArenaBytes = 4096;

std::uint32_t WordAt(ByteView body, std::size_t offset) {
  return body.size() < offset + 4 ? 0 : LoadLittle<std::uint32_t>(body.data() + offset);
}

// name#id, as TL schemas write it.
std::string Named(std::uint32_t id) {
  const std::string_view name = api::NameOf(id);
  char hex[16];
  std::snprintf(hex, sizeof hex, "#%08x", id);
  return (name.empty() ? "?" : std::string(name)) + hex;
}

std::string Length(std::string_view field, std::string_view bytes) {
  return ' ' + std::string(field) + ':' + std::to_string(bytes.size());
}

std::string ReasonText(const api::AnyPhoneCallDiscardReason& reason) {
  switch (reason.id()) {
    case api::PhoneCallDiscardReasonMissed::kId:
      return " missed";
    case api::PhoneCallDiscardReasonDisconnect::kId:
      return " disconnect";
    case api::PhoneCallDiscardReasonHangup::kId:
      return " hangup";
    case api::PhoneCallDiscardReasonBusy::kId:
      return " busy";
    default:
      return "";
  }
}

std::string CallDetail(const api::AnyPhoneCall& call) {
  if (const auto* waiting = call.As<api::PhoneCallWaiting>()) {
    return waiting->has_receive_date() ? " ringing" : "";
  }
  if (const auto* requested = call.As<api::PhoneCallRequested>()) {
    return Length("g_a_hash", requested->g_a_hash);
  }
  if (const auto* accepted = call.As<api::PhoneCallAccepted>()) return Length("g_b", accepted->g_b);
  if (const auto* active = call.As<api::PhoneCall>()) {
    return Length("g_a_or_b", active->g_a_or_b) +
           " connections:" + std::to_string(active->connections.size());
  }
  if (const auto* discarded = call.As<api::PhoneCallDiscarded>())
    return ReasonText(discarded->reason());
  return "";
}

std::string UpdateText(const api::AnyUpdate& update, std::uint32_t wire_call_id) {
  if (const auto* call = update.As<api::UpdatePhoneCall>()) {
    const std::uint32_t id = wire_call_id == 0 ? call->phone_call.id() : wire_call_id;
    return Named(id) + CallDetail(call->phone_call);
  }
  if (const auto* signal = update.As<api::UpdatePhoneCallSignalingData>()) {
    return "updatePhoneCallSignalingData" + Length("data", signal->data);
  }
  if (const auto* message = update.As<api::UpdateNewMessage>()) {
    return "updateNewMessage pts:" + std::to_string(message->pts);
  }
  return std::string(api::NameOf(update.id()));
}

std::string MethodDetail(const api::AnyMethod& method) {
  if (const auto* call = method.As<fn::phone::RequestCall>())
    return Length("g_a_hash", call->g_a_hash);
  if (const auto* call = method.As<fn::phone::AcceptCall>()) return Length("g_b", call->g_b);
  if (const auto* call = method.As<fn::phone::ConfirmCall>()) return Length("g_a", call->g_a);
  if (const auto* call = method.As<fn::phone::DiscardCall>()) return ReasonText(call->reason);
  if (const auto* call = method.As<fn::phone::SendSignalingData>())
    return Length("data", call->data);
  if (const auto* wrapper = method.As<fn::InvokeWithLayer>()) {
    return " " + std::to_string(wrapper->layer) + ' ' + DescribeQuery(wrapper->query);
  }
  if (const auto* wrapper = method.As<fn::InitConnection>())
    return ' ' + DescribeQuery(wrapper->query);
  return "";
}

}  // namespace

std::string DescribeQuery(ByteView body) {
  tl::Arena arena(kArenaBytes);
  tl::Reader reader(body, &arena);
  api::AnyMethod method;
  if (!api::ReadMethod(reader, method)) return Named(WordAt(body, 0));
  return Named(WordAt(body, 0)) + MethodDetail(method);
}

std::string DescribeResult(ByteView body) {
  tl::Arena arena(kArenaBytes);
  tl::Reader reader(body, &arena);
  switch (WordAt(body, 0)) {
    case tl::kBoolTrueId:
      return "boolTrue";
    case tl::kBoolFalseId:
      return "boolFalse";
    case tl::kVectorId:
      return "Vector of " + std::to_string(WordAt(body, 4));
    case tl::mt::RpcError::kId: {
      tl::mt::AnyObject object;
      if (!tl::mt::ReadObject(reader, object)) return "an rpc_error that can't be read";
      const auto* error = object.As<tl::mt::RpcError>();
      return std::to_string(error->error_code) + ' ' + std::string(error->error_message);
    }
    case api::phone::PhoneCall::kId: {
      const auto result = tl::Read<api::phone::AnyPhoneCall>(reader);
      const auto* call = result.As<api::phone::PhoneCall>();
      if (!reader.ok() || call == nullptr) return "a phone.phoneCall that can't be read";
      return Named(WordAt(body, 4)) + CallDetail(call->phone_call);
    }
    case api::Updates::kId:
    case api::UpdateShort::kId:
      return DescribeUpdates(body);
    default:
      return Named(WordAt(body, 0));
  }
}

std::string DescribeUpdates(ByteView body) {
  tl::Arena arena(kArenaBytes);
  tl::Reader reader(body, &arena);
  const auto any = tl::Read<api::AnyUpdates>(reader);
  if (!reader.ok()) return "updates that can't be read: " + Named(WordAt(body, 0));
  if (const auto* one = any.As<api::UpdateShort>()) return UpdateText(one->update, WordAt(body, 8));
  const auto* many = any.As<api::Updates>();
  if (many == nullptr) return Named(WordAt(body, 0));
  std::string text;
  for (std::size_t i = 0; i < many->updates.size(); ++i) {
    // updates#74ae4240, vector id, count, first update's id: the first call's own id is the fifth
    // word.
    text += (i == 0 ? "" : ", ") + UpdateText(many->updates[i], i == 0 ? WordAt(body, 16) : 0);
  }
  return text.empty() ? "updates without updates" : text;
}

}  // namespace trunkline::load
