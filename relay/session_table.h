// All sessions of one reflector in flat memory with a cap: nothing is allocated after the
// constructor, and memory that was never used isn't touched.
#pragma once

#include <cstdint>
#include <vector>

#include "relay/session.h"

namespace trunkline::relay {

class SessionTable {
 public:
  explicit SessionTable(std::uint32_t sessions_max);
  SessionTable(const SessionTable&) = delete;
  SessionTable& operator=(const SessionTable&) = delete;

  // Pointers stay good until the session or port is removed. nullptr: unknown, or no room.
  Session* Find(CallKey key);
  Session* Add(CallKey key);
  void Remove(Session& session);  // with its ports

  Port* FindPort(const SideState& side, std::uint32_t tail, Transport transport);
  // Where packets for `tail` go: the port that last spoke, if there are two.
  Port* FindTarget(const SideState& side, std::uint32_t tail, std::uint32_t now_ms);
  Port* AddPort(SideState& side, std::uint32_t tail);
  void RemovePort(SideState& side, Port& port);
  std::uint32_t IndexOf(const Port& port) const {
    return static_cast<std::uint32_t>(&port - ports_.data());
  }
  Port* PortAt(std::uint32_t index) { return index == kNoIndex ? nullptr : &ports_[index]; }

  // For walks over all: places 0 .. places()-1, some of which aren't live.
  std::uint32_t places() const { return static_cast<std::uint32_t>(sessions_.size()); }
  Session& At(std::uint32_t place) { return sessions_[place]; }

  std::uint32_t size() const { return size_; }
  std::uint32_t port_count() const { return port_count_; }
  // Of everything that `size()` sessions and their ports use, without the table's unused rest.
  std::size_t bytes_in_use() const;

 private:
  std::size_t Home(CallKey key) const;
  void Forget(CallKey key);

  std::uint32_t sessions_max_;
  std::size_t ports_max_;
  std::vector<Session> sessions_;
  std::vector<Port> ports_;
  std::vector<std::uint32_t> index_;  // open addressing, linear: place + 1, 0 is empty
  std::uint32_t free_session_ = kNoIndex, free_port_ = kNoIndex;
  std::uint32_t size_ = 0, port_count_ = 0;
};

}  // namespace trunkline::relay
