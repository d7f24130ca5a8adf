// A whole server in one thread: the book with a disk, and as many homes as it would have link
// threads, with mailboxes between them. Composed as server/io composes it, but for sockets.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "server/book/book.h"
#include "server/io/home.h"
#include "server/io/messages.h"
#include "server/io/switchboard.h"
#include "tests/sim/disk.h"
#include "tests/sim/timeline.h"

namespace trunkline::sim {

// Of a thousand groups of facts.
struct StoreFaults {
  unsigned refuse = 0;        // no room: undone
  unsigned crash_before = 0;  // the process ends, the group is lost
  unsigned crash_after = 0;   // the group is kept, nobody was told
};

book::BookConfig SimBookConfig();

class Server {
 public:
  struct Outside {
    std::function<void(const io::ToLink&)> to_link;
    std::function<void()> died;
  };

  // Starts from what the disk holds. All borrowed.
  Server(unsigned threads, Timeline* timeline, Dice* dice, Disk* disk, Outside outside);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // `number` is never used again, not by a later process either.
  LinkId Accept(std::uint64_t number);
  void Receive(LinkId link, Bytes packet);
  void LinkClosed(LinkId link);
  void set_faults(StoreFaults faults) { faults_ = faults; }
  // kill -9.
  void Die();
  const book::Book& book() const { return *book_; }

 private:
  struct Thread {
    std::unique_ptr<SeededEntropy> entropy;
    std::unique_ptr<io::Home> home;
    std::vector<io::LinkMessage> inbox;
    bool woken = false;
    std::optional<WallTime> tick;
  };
  struct Release;

  void Start(unsigned threads);
  // Runs only while this process lives.
  void Later(Nanos delay, std::function<void()> what);
  void Post(unsigned thread, io::LinkMessage message);
  void Work(unsigned thread);
  void Flush(unsigned thread);
  void Arm(unsigned thread);
  void Tick(unsigned thread);

  void WakeBook();
  void Turn();
  bool Commit(std::span<const book::Command> commands, std::vector<book::Effect>& effects);
  void ReleaseAll(std::vector<book::Effect> effects);
  void ArmBook();

  Timeline* const timeline_;
  Dice* const dice_;
  Disk* const disk_;
  const Outside outside_;
  StoreFaults faults_;
  std::shared_ptr<bool> life_ = std::make_shared<bool>(true);

  std::unique_ptr<io::Switchboard> switchboard_;
  SeededEntropy book_entropy_;
  std::unique_ptr<book::Book> book_;
  std::vector<Thread> threads_;
  std::map<LinkId, std::uint64_t> links_;  // and the threads that have seen their packets, as bits

  std::vector<book::Command> inbox_;
  std::vector<book::Fact> facts_;
  bool book_woken_ = false, flushing_ = false;
  std::optional<WallTime> book_timer_;
  WallTime deadlines_from_{};
};

}  // namespace trunkline::sim
