// The book's views as TL objects of one session's layer. Values live in the encoder's arena until
// the next Reset; texts and bytes point into the view, which has to outlive the writing.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "common/bytes.h"
#include "common/check.h"
#include "server/book/effect.h"
#include "server/rpc/limits.h"
#include "tl/api_types.h"
#include "tl/runtime/arena.h"

namespace trunkline::rpc {

namespace api = ::tl::api;

class Encoder {
 public:
  Encoder() { Reset(kLayerMax); }

  // Forgets all values; what follows is for a session of this layer.
  void Reset(int layer);
  int layer() const { return layer_; }

  api::AnyUser User(const book::UserView& view);
  std::span<const api::AnyUser> Users(const std::vector<book::UserView>& views);
  api::AnyUserFull UserFull(const book::FullUserView& view);

  api::AnyPhoneCall Call(const book::CallView& view);
  api::AnyMessage Message(const book::MessageView& view);
  std::span<const api::AnyMessage> Messages(const std::vector<book::MessageView>& views);

  api::AnyPrivacyKey Key(book::PrivacyKey key);
  std::span<const api::AnyPrivacyRule> Rules(const std::vector<book::PrivacyRule>& rules);

  api::AnyUpdate Update(const book::Update& update);
  // updatesTooLong, or updateShort for one signalling update, or `updates` with seq 0.
  api::AnyUpdates Push(const book::UpdateBatch& batch);
  // Always `updates`: one client reads nothing else as the result of phone.discardCall.
  api::AnyUpdates Result(const book::UpdateBatch& batch);

  api::AnyPeer Peer(UserId user);

  // A value to be filled in.
  template <class T>
  T& Make() {
    T* const value = arena_->New<T>();
    CHECK(value != nullptr);  // kWrittenElementsMax keeps every reply below kWriteArenaBytesMax
    return *value;
  }

  // A boxed value for each element of `from`, at most kWrittenElementsMax of them.
  template <class T, class From, class Convert>
  std::span<const T> Map(const From& from, Convert convert) {
    const std::size_t count = std::min(from.size(), kWrittenElementsMax);
    const std::span<T> values = arena_->NewArray<T>(count);
    CHECK(values.size() == count);
    for (std::size_t i = 0; i < count; ++i) values[i] = convert(from[i]);
    return values;
  }

 private:
  api::AnyPhoneCall Waiting(const book::CallView& view);
  api::AnyPhoneCall Requested(const book::CallView& view);
  api::AnyPhoneCall Accepted(const book::CallView& view);
  api::AnyPhoneCall Active(const book::CallView& view);
  api::AnyPhoneCall Discarded(const book::CallView& view);
  api::AnyPhoneCallProtocol Protocol(const book::Protocol& protocol);
  api::AnyPhoneConnection Connection(const book::Connection& connection);
  std::span<const api::AnyPhoneConnection> Connections(const std::vector<book::Connection>& from);
  api::AnyPhoneCallDiscardReason Reason(const std::optional<call::Reason>& reason,
                                        const std::string& slug);
  api::AnyUserStatus Status(std::int32_t online_until, std::int32_t was_online);
  api::AnyPrivacyRule Rule(const book::PrivacyRule& rule);

  std::unique_ptr<::tl::Arena> arena_;
  int layer_ = kLayerMax;
};

// The result of the query that `method` (its newest id) asked under `wire_id`. Not for Refused.
void AppendReply(Encoder& encoder, const book::ReplyBody& body, std::uint32_t method,
                 std::uint32_t wire_id, Bytes& out);

}  // namespace trunkline::rpc
