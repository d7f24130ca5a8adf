#include "tests/e2e/box_ledger.h"

#include <algorithm>
#include <set>

namespace trunkline::e2e {
namespace {

// Fewer than a box keeps, so that the server never answers "too long".
constexpr std::int32_t kBackMost = 900;
constexpr std::int32_t kHistoryPage = 100;

}  // namespace

CallMessage CallMessageOf(const api::AnyMessage& message) {
  const auto* service = message.As<api::MessageService>();
  const auto* action =
      service == nullptr ? nullptr : service->action.As<api::MessageActionPhoneCall>();
  if (action == nullptr) return {};
  return {.id = service->id,
          .call = action->call_id,
          .reason = action->has_reason() ? action->reason().id() : 0,
          .duration = action->has_duration() ? action->duration() : -1};
}

const CallMessage* BoxLedger::At(std::int32_t pts) const {
  const auto at = messages_.find(pts);
  return at == messages_.end() ? nullptr : &at->second;
}

void BoxLedger::Enter(std::int32_t pts, const CallMessage& message) {
  if (message.id == 0) return totals_->Wrong(Name(pts) + " is no message of a call");
  const auto [call, new_call] = pts_of_call_.emplace(message.call, pts);
  if (!new_call && call->second != pts) {
    totals_->Doubled(Name(pts) + ": the call's message has pts " + std::to_string(call->second));
  }
  const auto [at, new_pts] = messages_.emplace(pts, message);
  if (new_pts) return totals_->Acknowledged(Told::kMessage);
  if (at->second != message) totals_->Lost(Name(pts) + " was another message");
}

void BoxLedger::Took(const api::UpdateNewMessage& update) {
  if (update.pts_count != 1) totals_->Wrong(Name(update.pts) + " has another count than 1");
  if (update.pts > pts_ + 1) totals_->Wrong(Name(update.pts) + " after " + std::to_string(pts_));
  pts_ = std::max(pts_, update.pts);
  Enter(update.pts, CallMessageOf(update.message));
}

void BoxLedger::TakeFrom(Device& device) {
  for (const SeenUpdate& seen : device.updates()) {
    if (const auto* update = seen.update.As<api::UpdateNewMessage>()) Took(*update);
  }
  std::erase_if(device.updates(), [](const SeenUpdate& seen) {
    return seen.update.As<api::UpdateNewMessage>() != nullptr;
  });
}

bool BoxLedger::TakeSlice(Device& device, std::int32_t from, Slice& slice) {
  const load::Reply reply =
      device.Ask(fn::updates::GetDifference{.pts = from, .date = 1, .qts = 0});
  const auto any = device.Result<fn::updates::GetDifference>(reply);
  if (!any) return false;
  const auto* whole = any->As<api::updates::Difference>();
  const auto* part = any->As<api::updates::DifferenceSlice>();
  slice = {.last = part == nullptr, .pts = from};
  if (any->As<api::updates::DifferenceEmpty>() != nullptr) return true;
  if (whole == nullptr && part == nullptr) {
    totals_->Wrong(Name(from) + ": a difference that is too long");
    return true;
  }
  const auto messages = whole != nullptr ? whole->new_messages : part->new_messages;
  for (const api::AnyMessage& message : messages) Enter(++slice.pts, CallMessageOf(message));
  const auto state = whole != nullptr ? whole->state : part->intermediate_state;
  const std::int32_t pts = state.As<api::updates::State>()->pts;
  if (pts != slice.pts) {
    totals_->Lost(Name(pts) + ": messages only up to " + std::to_string(slice.pts));
  }
  slice.pts = pts;
  return true;
}

// Everything that any client was told lies at or below what the server says.
void BoxLedger::CheckTop(std::int32_t server_pts) {
  for (auto at = messages_.upper_bound(server_pts); at != messages_.end();) {
    totals_->Lost(Name(at->first) + ": the box ends at " + std::to_string(server_pts));
    at = messages_.erase(at);
  }
}

bool BoxLedger::Check(Device& device, bool from_the_beginning) {
  const std::int32_t from = from_the_beginning ? std::max(1, pts_ - kBackMost) : checked_;
  Slice slice{.last = false, .pts = from};
  while (!slice.last) {
    if (!TakeSlice(device, slice.pts, slice)) return false;
  }
  CheckTop(slice.pts);
  totals_->Verified(static_cast<std::uint64_t>(std::max(0, slice.pts - from)));
  checked_ = slice.pts;
  pts_ = slice.pts;
  return true;
}

bool BoxLedger::CheckHistory(Device& device, const load::Contact& peer) {
  const api::InputPeerUser user{.user_id = peer.id.value(), .access_hash = peer.hash.value()};
  std::set<std::int32_t> ids;
  for (std::int32_t before = 0;;) {
    const load::Reply reply = device.Ask(
        fn::messages::GetHistory{.peer = &user, .offset_id = before, .limit = kHistoryPage});
    const auto any = device.Result<fn::messages::GetHistory>(reply);
    if (!any) return false;
    const auto* whole = any->As<api::messages::Messages>();
    const auto* part = any->As<api::messages::MessagesSlice>();
    if (whole == nullptr && part == nullptr) return false;
    const auto messages = whole != nullptr ? whole->messages : part->messages;
    if (messages.empty()) break;
    for (const api::AnyMessage& message : messages) {
      before = CallMessageOf(message).id;
      if (!ids.insert(before).second)
        totals_->Doubled(owner_ + " history " + std::to_string(before));
    }
  }
  for (auto at = messages_.lower_bound(std::max(2, pts_ - kBackMost)); at != messages_.end();
       ++at) {
    if (!ids.contains(at->second.id)) totals_->Lost(Name(at->first) + " is not in the history");
  }
  return true;
}

}  // namespace trunkline::e2e
