#include "relay/session_table.h"

#include <bit>
#include <utility>

#include "common/check.h"
#include "common/mix.h"

namespace trunkline::relay {
namespace {

// Most sides have one port; newer clients have one per interface and address family.
constexpr std::size_t kPortsPerSession = 4;

}  // namespace

SessionTable::SessionTable(std::uint32_t sessions_max)
    : sessions_max_(sessions_max),
      ports_max_(sessions_max * kPortsPerSession),
      index_(std::bit_ceil(std::size_t{sessions_max} * 2)) {
  sessions_.reserve(sessions_max_);
  ports_.reserve(ports_max_);
}

std::size_t SessionTable::Home(CallKey key) const {
  return Mix(key) & (index_.size() - 1);
}

Session* SessionTable::Find(CallKey key) {
  for (std::size_t at = Home(key);; at = (at + 1) & (index_.size() - 1)) {
    if (index_[at] == 0) return nullptr;
    Session& session = sessions_[index_[at] - 1];
    if (session.key == key) return &session;
  }
}

Session* SessionTable::Add(CallKey key) {
  if (size_ == sessions_max_) return nullptr;
  std::uint32_t place = free_session_;
  if (place != kNoIndex) {
    free_session_ = sessions_[place].next_free;
  } else {
    place = places();
    sessions_.emplace_back();
  }
  std::size_t at = Home(key);
  while (index_[at] != 0) at = (at + 1) & (index_.size() - 1);
  index_[at] = place + 1;
  sessions_[place] = Session{.key = key, .live = true, .sides = {}};
  ++size_;
  return &sessions_[place];
}

// Closes the gap, so that no search stops short of what lies behind it.
void SessionTable::Forget(CallKey key) {
  const std::size_t mask = index_.size() - 1;
  std::size_t gap = Home(key);
  while (sessions_[index_[gap] - 1].key != key) gap = (gap + 1) & mask;
  for (std::size_t at = (gap + 1) & mask; index_[at] != 0; at = (at + 1) & mask) {
    const std::size_t home = Home(sessions_[index_[at] - 1].key);
    if (((at - home) & mask) < ((at - gap) & mask)) continue;
    index_[gap] = index_[at];
    gap = at;
  }
  index_[gap] = 0;
}

void SessionTable::Remove(Session& session) {
  CHECK(session.live);
  for (SideState& side : session.sides) {
    while (Port* const port = PortAt(side.first_port)) RemovePort(side, *port);
  }
  Forget(session.key);
  session.live = false;
  session.next_free = free_session_;
  free_session_ = static_cast<std::uint32_t>(&session - sessions_.data());
  --size_;
}

Port* SessionTable::FindPort(const SideState& side, std::uint32_t tail, Transport transport) {
  for (std::uint32_t at = side.first_port; at != kNoIndex; at = ports_[at].next) {
    Port& port = ports_[at];
    if (port.tail == tail && port.at.transport == transport) return &port;
  }
  return nullptr;
}

Port* SessionTable::FindTarget(const SideState& side, std::uint32_t tail, std::uint32_t now_ms) {
  // A ping says that a way is open, not that it is the one in use.
  const auto silence = [now_ms](const Port& port) {
    const std::uint32_t since = port.heard != 0 ? port.data_ms : port.seen_ms;
    return std::pair(port.heard == 0, now_ms - since);
  };
  Port* best = nullptr;
  for (std::uint32_t at = side.first_port; at != kNoIndex; at = ports_[at].next) {
    Port& port = ports_[at];
    if (port.tail != tail) continue;
    if (best == nullptr || silence(port) < silence(*best)) best = &port;
  }
  return best;
}

Port* SessionTable::AddPort(SideState& side, std::uint32_t tail) {
  if (port_count_ == ports_max_) return nullptr;
  std::uint32_t place = free_port_;
  if (place != kNoIndex) {
    free_port_ = ports_[place].next;
  } else {
    place = static_cast<std::uint32_t>(ports_.size());
    ports_.emplace_back();
  }
  ports_[place] = Port{.at = {}, .tail = tail, .next = side.first_port};
  side.first_port = place;
  ++side.ports;
  ++port_count_;
  return &ports_[place];
}

void SessionTable::RemovePort(SideState& side, Port& port) {
  const std::uint32_t place = IndexOf(port);
  std::uint32_t* link = &side.first_port;
  while (*link != place) link = &ports_[*link].next;
  *link = port.next;
  if (side.candidate_port == place) side.candidate_port = kNoIndex;
  port.next = free_port_;
  free_port_ = place;
  --side.ports;
  --port_count_;
}

std::size_t SessionTable::bytes_in_use() const {
  return size_ * (sizeof(Session) + sizeof(std::uint32_t) * index_.size() / sessions_max_) +
         port_count_ * sizeof(Port);
}

}  // namespace trunkline::relay
