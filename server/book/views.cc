#include "server/book/views.h"

#include <algorithm>

#include "server/book/privacy.h"

namespace trunkline::book {
namespace {

// How long clients may show a user as online without hearing of it again.
constexpr std::int32_t kOnlineSeconds = 300;

bool HasSession(const State& state, UserId id) {
  const std::vector<DeviceId>* devices = state.devices.Find(id);
  if (devices == nullptr) return false;
  return std::any_of(devices->begin(), devices->end(), [&state](DeviceId device) {
    return state.presence.sessions.contains(device);
  });
}

void SetStatus(const State& state, UserId id, const User& user, WallTime now, UserView& view) {
  if (user.bot) return;
  if (!user.offline && HasSession(state, id)) {
    view.online_until = UnixDate(now) + kOnlineSeconds;
  } else {
    view.was_online = UnixDate(FromUnixMillis(user.seen_ms));
  }
}

CallView CommonView(const CallRecord& record, CallView::Kind kind, bool caller) {
  CallView view;
  view.kind = kind;
  view.id = record.call.id;
  view.access_hash = caller ? record.caller_hash : record.callee_hash;
  view.video = record.call.video;
  view.date = UnixDate(record.call.requested);
  view.admin_id = record.call.caller;
  view.participant_id = record.call.callee;
  if (record.answer) {
    view.protocol = record.answer->protocol;
  } else if (record.offer) {
    view.protocol = record.offer->protocol;
  }
  return view;
}

CallView RequestedView(const CallRecord& record) {
  CallView view = CommonView(record, CallView::Kind::kRequested, false);
  if (record.offer) view.g_a_hash = record.offer->g_a_hash;
  return view;
}

CallView AcceptedView(const CallRecord& record) {
  CallView view = CommonView(record, CallView::Kind::kAccepted, true);
  if (record.answer) view.g_b = record.answer->g_b;
  return view;
}

CallView ActiveView(const CallRecord& record, bool caller) {
  CallView view = CommonView(record, CallView::Kind::kActive, caller);
  view.start_date = UnixDate(record.call.started);
  if (!record.keys || !record.answer) return view;
  view.g_a_or_b = caller ? record.answer->g_b : record.keys->g_a;
  view.key_fingerprint = record.keys->key_fingerprint;
  view.connections = caller ? record.keys->caller_connections : record.keys->callee_connections;
  view.p2p_allowed = record.keys->p2p_allowed;
  view.conference_supported = record.call.conference;
  return view;
}

CallView DiscardedView(const CallRecord& record, bool caller) {
  CallView view = CommonView(record, CallView::Kind::kDiscarded, caller);
  view.reason = record.call.reason;
  view.slug = record.slug;
  if (record.call.established) view.duration = record.call.duration;
  view.need_rating = record.need_rating;
  view.need_debug = record.need_debug;
  return view;
}

// Another device of the callee took or refused the call. Never Busy: clients would play its tone.
CallView ElsewhereView(const CallRecord& record) {
  CallView view = CommonView(record, CallView::Kind::kDiscarded, false);
  view.reason = call::Reason::kHangup;
  return view;
}

CallView CallerView(const CallRecord& record) {
  switch (record.call.state) {
    case call::State::kRequested:
    case call::State::kReceived:
      return WaitingView(record, true);
    case call::State::kAccepted:
      return AcceptedView(record);
    case call::State::kActive:
      return ActiveView(record, true);
    case call::State::kEnded:
      break;
  }
  return DiscardedView(record, true);
}

CallView CalleeView(const CallRecord& record) {
  switch (record.call.state) {
    case call::State::kRequested:
    case call::State::kReceived:
      return RequestedView(record);
    case call::State::kAccepted:
      return WaitingView(record, false);
    case call::State::kActive:
      return ActiveView(record, false);
    case call::State::kEnded:
      break;
  }
  return DiscardedView(record, false);
}

}  // namespace

bool IsContact(const State& state, UserId owner, UserId other) {
  return state.contacts.Find({owner, other}) != nullptr;
}

bool IsBlockedBy(const State& state, UserId owner, UserId other) {
  const std::vector<UserId>* blocked = state.blocked.Find(owner);
  return blocked != nullptr && std::find(blocked->begin(), blocked->end(), other) != blocked->end();
}

UserView ViewOfUser(const State& state, UserId viewer, UserId id, WallTime now) {
  UserView view;
  view.id = id;
  const User* user = state.users.Find(id);
  if (user == nullptr) {
    view.deleted = true;
    return view;
  }
  view.access_hash = user->access_hash;
  view.bot = user->bot;
  view.self = viewer == id;
  view.first_name = user->first_name;
  view.last_name = user->last_name;
  const Contact* contact = state.contacts.Find({viewer, id});
  if (contact != nullptr) {
    view.contact = true;
    view.mutual_contact = IsContact(state, id, viewer);
    view.first_name = contact->first_name;
    view.last_name = contact->last_name;
  }
  if (view.self || view.contact) view.phone = user->phone;
  SetStatus(state, id, *user, now, view);
  return view;
}

FullUserView FullViewOfUser(const State& state, UserId viewer, UserId id, WallTime now) {
  FullUserView full;
  full.user = ViewOfUser(state, viewer, id, now);
  full.blocked = IsBlockedBy(state, viewer, id);
  const bool callable = !full.user.self && !full.user.bot && !full.user.deleted;
  full.phone_calls_available = full.video_calls_available = callable;
  full.phone_calls_private = callable && !Allows(state, id, PrivacyKey::kPhoneCall, viewer);
  return full;
}

std::vector<UserView> ViewsOfUsers(const State& state, UserId viewer, std::vector<UserId> ids,
                                   WallTime now) {
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  std::vector<UserView> views;
  views.reserve(ids.size());
  for (const UserId id : ids) views.push_back(ViewOfUser(state, viewer, id, now));
  return views;
}

CallView WaitingView(const CallRecord& record, bool caller) {
  CallView view = CommonView(record, CallView::Kind::kWaiting, caller);
  if (record.call.received != WallTime{}) view.receive_date = UnixDate(record.call.received);
  return view;
}

CallView ViewOfCall(const CallRecord& record, call::Role role) {
  switch (role) {
    case call::Role::kCaller:
    case call::Role::kCallerOther:
      return CallerView(record);
    case call::Role::kCalleeRinging:
    case call::Role::kCallee:
      return CalleeView(record);
    case call::Role::kCalleeOther:
    case call::Role::kStranger:
      break;
  }
  return ElsewhereView(record);
}

}  // namespace trunkline::book
