#include "server/rpc/encode.h"

#include <array>

namespace trunkline::rpc {
namespace {

using UpdateKind = book::Update::Kind;

bool HasTooLong(const book::UpdateBatch& batch) {
  for (const book::Update& update : batch.updates) {
    if (update.kind == UpdateKind::kTooLong) return true;
  }
  return false;
}

// A lone update that mentions no call party by object goes without the container.
bool IsShort(const book::UpdateBatch& batch) {
  return batch.updates.size() == 1 && batch.users.empty() &&
         (batch.updates[0].kind == UpdateKind::kSignalling ||
          batch.updates[0].kind == UpdateKind::kUserStatus);
}

}  // namespace

api::AnyUpdate Encoder::Update(const book::Update& from) {
  switch (from.kind) {
    case UpdateKind::kPhoneCall: {
      auto& update = Make<api::UpdatePhoneCall>();
      update.phone_call = Call(from.call);
      return &update;
    }
    case UpdateKind::kSignalling: {
      auto& update = Make<api::UpdatePhoneCallSignalingData>();
      update.phone_call_id = from.call_id.value();
      update.data = AsText(from.data);
      return &update;
    }
    case UpdateKind::kNewMessage: {
      auto& update = Make<api::UpdateNewMessage>();
      update.message = Message(from.message);
      update.pts = from.pts;
      update.pts_count = 1;
      return &update;
    }
    case UpdateKind::kDeleteMessage: {
      auto& update = Make<api::UpdateDeleteMessages>();
      update.messages =
          Map<std::int32_t>(std::array{from.message.id}, [](std::int32_t id) { return id; });
      update.pts = from.pts;
      update.pts_count = 1;
      return &update;
    }
    case UpdateKind::kPrivacy: {
      auto& update = Make<api::UpdatePrivacy>();
      update.key = Key(from.privacy_key);
      update.rules = Rules(from.rules);
      return &update;
    }
    case UpdateKind::kPeerBlocked: {
      auto& update = Make<api::UpdatePeerBlocked>();
      update.set_blocked(from.flag);
      update.peer_id = Peer(from.user);
      return &update;
    }
    case UpdateKind::kUserStatus: {
      auto& update = Make<api::UpdateUserStatus>();
      update.user_id = from.user.value();
      update.status = Status(from.online_until, from.was_online);
      return &update;
    }
    case UpdateKind::kTooLong:
      break;
  }
  return {};
}

api::AnyUpdates Encoder::Result(const book::UpdateBatch& batch) {
  auto& updates = Make<api::Updates>();
  updates.updates = Map<api::AnyUpdate>(batch.updates,
                                        [&](const book::Update& update) { return Update(update); });
  updates.users = Users(batch.users);
  updates.date = batch.date;
  updates.seq = 0;  // not part of a sequence: clients apply it at once
  return &updates;
}

api::AnyUpdates Encoder::Push(const book::UpdateBatch& batch) {
  if (HasTooLong(batch)) return &Make<api::UpdatesTooLong>();
  if (!IsShort(batch)) return Result(batch);
  auto& update = Make<api::UpdateShort>();
  update.update = Update(batch.updates[0]);
  update.date = batch.date;
  return &update;
}

}  // namespace trunkline::rpc
