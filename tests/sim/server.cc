#include "tests/sim/server.h"

#include <algorithm>
#include <array>
#include <utility>

namespace trunkline::sim {
namespace {

using namespace std::chrono_literals;  // NOLINT

constexpr std::size_t kGroupMax = 256;

}  // namespace

book::BookConfig SimBookConfig() {
  book::BookConfig config;
  config.test_code = "22222";
  book::RelayConfig reflector;
  reflector.id = 1;
  reflector.ip = "192.0.2.1";
  reflector.port = 4431;
  config.relays.push_back(reflector);
  return config;
}

Server::Server(unsigned threads, Timeline* timeline, Dice* dice, Disk* disk, Outside outside)
    : timeline_(timeline),
      dice_(dice),
      disk_(disk),
      outside_(std::move(outside)),
      book_entropy_(dice->entropy()->U64()) {
  Start(threads);
}

void Server::Start(unsigned threads) {
  switchboard_ = std::make_unique<io::Switchboard>(threads);
  book_ = std::make_unique<book::Book>(SimBookConfig(), &book_entropy_);
  for (const book::Fact& fact : disk_->journal()) book_->Restore(fact);
  book_->Restored(timeline_->now());
  std::array<std::uint8_t, 32> secret;
  dice_->entropy()->Fill(secret);
  for (unsigned i = 0; i < threads; ++i) {
    Thread thread;
    thread.entropy = std::make_unique<SeededEntropy>(dice_->entropy()->U64());
    thread.home = std::make_unique<io::Home>(i, mtproto::EngineConfig{{1}, SecretBytes<32>(secret)},
                                             rpc::DispatcherConfig{}, switchboard_.get(), nullptr,
                                             thread.entropy.get());
    threads_.push_back(std::move(thread));
  }
  for (const book::KeyStored& key : book_->StoredKeys()) {
    mtproto::KeyRecord record{key.id, key.key, FromUnixMillis(key.created_ms), {}, {}};
    threads_[switchboard_->HomeOf(key.id)].home->Install(std::move(record));
  }
  for (const book::KeyInfo& info : book_->KeyInfos()) {
    threads_[switchboard_->HomeOf(info.id)].home->Install(info, timeline_->now());
  }
  WakeBook();  // deadlines that passed meanwhile
}

void Server::Die() {
  if (!life_) return;
  life_.reset();
  outside_.died();
}

void Server::Later(Nanos delay, std::function<void()> what) {
  timeline_->In(delay, [life = std::weak_ptr<bool>(life_), what = std::move(what)] {
    if (!life.expired()) what();
  });
}

// ---- Link threads

LinkId Server::Accept(std::uint64_t number) {
  const std::uint64_t thread = dice_->Below(threads_.size());
  const LinkId link(thread << io::kLinkThreadShift | number);
  links_[link] = 0;
  return link;
}

void Server::Receive(LinkId link, Bytes packet) {
  const auto known = links_.find(link);
  const auto hint = mtproto::HomeHint(packet);
  if (known == links_.end() || !hint) return;
  const unsigned home = switchboard_->HomeOf(*hint);
  known->second |= std::uint64_t{1} << home;
  const unsigned owner = io::Switchboard::OwnerOf(link);
  if (home != owner) return Post(home, io::PacketIn{link, std::move(packet), false});
  threads_[home].home->Receive(link, packet, false, timeline_->now());
  Flush(home);
}

void Server::LinkClosed(LinkId link) {
  const auto known = links_.find(link);
  if (known == links_.end()) return;
  const std::uint64_t seen = known->second;
  links_.erase(known);
  for (unsigned i = 0; i < threads_.size(); ++i) {
    if ((seen >> i & 1) != 0) Post(i, io::LinkGone{link});
  }
}

void Server::Post(unsigned thread, io::LinkMessage message) {
  threads_[thread].inbox.push_back(std::move(message));
  if (std::exchange(threads_[thread].woken, true)) return;
  Later(dice_->Between(1us, 200us), [this, thread] { Work(thread); });
}

void Server::Work(unsigned thread) {
  threads_[thread].woken = false;
  std::vector<io::LinkMessage> inbox = std::exchange(threads_[thread].inbox, {});
  for (io::LinkMessage& message : inbox) {
    if (const auto* output = std::get_if<io::ToLink>(&message)) {
      outside_.to_link(*output);
    } else {
      threads_[thread].home->Handle(message, timeline_->now());
    }
  }
  threads_[thread].home->Flush(timeline_->now());
  Flush(thread);
}

void Server::Flush(unsigned thread) {
  io::Outbound& outbound = threads_[thread].home->outbound();
  for (const io::ToLink& output : std::exchange(outbound.own_links, {})) outside_.to_link(output);
  for (unsigned i = 0; i < threads_.size(); ++i) {
    for (io::LinkMessage& message : std::exchange(outbound.other_threads[i], {})) {
      Post(i, std::move(message));
    }
  }
  for (io::BookMessage& message : std::exchange(outbound.book, {})) {
    inbox_.push_back(std::move(std::get<book::Command>(message)));
    WakeBook();
  }
  Arm(thread);
}

void Server::Arm(unsigned thread) {
  const auto next = threads_[thread].home->NextDeadline();
  std::optional<WallTime>& tick = threads_[thread].tick;
  if (!next || (tick && *tick <= *next)) return;
  tick = std::max(*next, timeline_->now() + 1ms);
  Later(*tick - timeline_->now(), [this, thread] { Tick(thread); });
}

void Server::Tick(unsigned thread) {
  // An older timer than the one that counts.
  if (!threads_[thread].tick || *threads_[thread].tick > timeline_->now()) return;
  threads_[thread].tick.reset();
  threads_[thread].home->Tick(timeline_->now());
  Flush(thread);
}

// ---- The book's thread

void Server::WakeBook() {
  if (flushing_ || std::exchange(book_woken_, true)) return;
  Later(dice_->Between(1us, 200us), [this] { Turn(); });
}

void Server::Turn() {
  book_woken_ = false;
  const std::size_t count = std::min(inbox_.size(), kGroupMax);
  std::vector<book::Command> commands(
      std::make_move_iterator(inbox_.begin()),
      std::make_move_iterator(inbox_.begin() + static_cast<std::ptrdiff_t>(count)));
  inbox_.erase(inbox_.begin(), inbox_.begin() + static_cast<std::ptrdiff_t>(count));
  facts_.clear();
  std::vector<book::Effect> effects;
  const WallTime now = timeline_->now();
  if (now >= deadlines_from_) book_->FireDeadlines(now, facts_, effects);
  for (const book::Command& command : commands) book_->Step(command, now, facts_, effects);
  if (!Commit(commands, effects)) return Die();
  const Nanos flush = facts_.empty() ? Nanos(0) : dice_->Between(100us, 5ms);
  flushing_ = true;
  Later(flush, [this, effects = std::move(effects)] {
    flushing_ = false;
    ReleaseAll(effects);
    if (!inbox_.empty()) return WakeBook();
    ArmBook();
  });
}

// False: the process died over it.
bool Server::Commit(std::span<const book::Command> commands, std::vector<book::Effect>& effects) {
  if (!facts_.empty()) {
    if (dice_->Chance(faults_.crash_before)) return false;
    if (dice_->Chance(faults_.refuse)) {
      disk_->Refuse();
      book_->RollbackGroup();
      deadlines_from_ = timeline_->now() + 1s;
      effects.clear();
      for (const book::Command& command : commands) {
        if (auto refusal = book::Book::RefusalOf(command)) effects.push_back(std::move(*refusal));
      }
      facts_.clear();
      return true;
    }
    disk_->Append(facts_);
    if (dice_->Chance(faults_.crash_after)) return false;
  }
  book_->CommitGroup();
  return true;
}

struct Server::Release {
  Server& server;
  unsigned HomeOf(AuthKeyId key) const { return server.switchboard_->HomeOf(key); }

  void operator()(const book::Reply& reply) { server.Post(HomeOf(reply.session.key), reply); }
  void operator()(const book::Push& push) {
    std::map<unsigned, std::vector<SessionRef>> by_thread;
    for (const SessionRef& session : push.sessions) {
      by_thread[HomeOf(session.key)].push_back(session);
    }
    for (auto& [thread, sessions] : by_thread) {
      server.Post(thread, io::PushTo{std::move(sessions), push.batch});
    }
  }
  void operator()(const book::KeyChanged& changed) {
    server.Post(HomeOf(changed.info.id), changed.info);
  }
  void operator()(const book::KeyGone& gone) { server.Post(HomeOf(gone.id), gone); }
  void operator()(const auto&) {}  // key exchanges and letters: nobody here asks for them
};

void Server::ReleaseAll(std::vector<book::Effect> effects) {
  Release release{*this};
  for (const book::Effect& effect : effects) std::visit(release, effect);
}

void Server::ArmBook() {
  const auto next = book_->NextDeadline();
  if (!next || (book_timer_ && *book_timer_ <= *next && *book_timer_ > timeline_->now())) return;
  book_timer_ = std::max({*next, deadlines_from_, timeline_->now() + 1ms});
  Later(*book_timer_ - timeline_->now(), [this] { WakeBook(); });
}

}  // namespace trunkline::sim
