// A simulated world, made from one seed: users with devices of all layers, links that break, a
// server whose store refuses groups and whose process dies, and time that passes as fast as it can.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/sim/disk.h"
#include "tests/sim/phone.h"
#include "tests/sim/server.h"
#include "tests/sim/timeline.h"

namespace trunkline::sim {

struct Outcome {
  std::string broken;       // the first rule broken, by whom and when; empty: none
  std::uint64_t trace = 0;  // hash of everything that the phones were sent, with its time
  std::size_t calls = 0;    // made
  std::size_t confirmed = 0;
  std::uint64_t signals = 0, events = 0, packets = 0;
  std::uint64_t owed = 0;   // ends of calls that phones were in when the process died
  std::uint64_t rings = 0;  // calls that rang while a difference was asked for
  std::size_t crashes = 0;
};

class World {
 public:
  explicit World(std::uint64_t seed);
  Outcome Run();

 private:
  // One connection: bytes arrive in order, or not at all.
  struct Link {
    std::size_t phone = 0;
    bool up = true;
    WallTime to_server{}, to_phone{};  // when the latest packet arrives
  };

  void MakePeople();
  void MakePhone(std::size_t user, int device);
  void StartServer();
  void ServerDied();
  bool Connect(std::size_t phone);
  void SendToServer(std::size_t phone, Bytes packet, bool may_repeat);
  void SendToPhone(const io::ToLink& output);
  void Break(LinkId link, bool phone_knows);
  void BreakSomeLink();
  void Settle();
  void Check();
  void Complain(std::string who, const std::string& rule);

  Dice dice_;
  Timeline timeline_;
  Disk disk_;
  StoreFaults faults_;
  unsigned repeats_ = 0;  // of a thousand packets to the server arrive twice
  unsigned breaks_ = 0;   // links, in the time that all is up
  unsigned threads_ = 1;
  bool calm_ = false;

  std::vector<Account> accounts_;
  std::vector<std::unique_ptr<Phone>> phones_;
  std::vector<LinkId> link_of_;  // by phone; 0: none
  std::map<LinkId, Link> links_;
  std::uint64_t last_link_ = 0;
  std::unique_ptr<Server> server_;
  std::vector<std::unique_ptr<Server>> dead_;  // until their own step has returned
  Outcome outcome_;
};

}  // namespace trunkline::sim
