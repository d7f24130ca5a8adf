// Views of a call and of its people, with every field set.
#pragma once

#include "tests/server/rpc/world.h"

namespace trunkline::rpc {

inline book::Protocol Offer() {
  return {true, true, 65, 92, {"9.0.0", "11.0.0"}};
}

inline book::UserView Person(std::int64_t id) {
  book::UserView view;
  view.id = UserId(id);
  view.access_hash = AccessHash(id * 10);
  view.first_name = "Ann";
  view.last_name = "Lee";
  return view;
}

inline book::CallView View(book::CallView::Kind kind) {
  book::CallView view;
  view.kind = kind;
  view.id = CallId(55);
  view.access_hash = AccessHash(66);
  view.video = true;
  view.date = 1'700'000'000;
  view.admin_id = UserId(1);
  view.participant_id = UserId(2);
  view.protocol = Offer();
  view.g_a_hash = Bytes(32, 1);
  view.g_b = Bytes(256, 2);
  view.g_a_or_b = Bytes(255, 3);
  view.key_fingerprint = -7;
  view.start_date = 1'700'000'009;
  view.p2p_allowed = true;
  book::Connection udp;
  udp.id = 1;
  udp.ip = "192.0.2.7";
  udp.port = 3478;
  udp.peer_tag = Bytes(16, 4);
  book::Connection tcp = udp;
  tcp.id = 2;
  tcp.tcp = true;
  book::Connection turn;
  turn.kind = book::Connection::Kind::kWebrtc;
  turn.id = 3;
  turn.turn = turn.stun = true;
  turn.username = "u";
  turn.password = "p";
  view.connections = {udp, tcp, turn};
  view.reason = call::Reason::kBusy;
  view.duration = 12;
  return view;
}

}  // namespace trunkline::rpc
