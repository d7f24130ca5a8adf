#include "tests/sim/world.h"

#include <algorithm>
#include <utility>

#include "common/crypto/message_key.h"
#include "common/crypto/sha.h"

namespace trunkline::sim {
namespace {

using namespace std::chrono_literals;  // NOLINT

constexpr std::array kLayers = {133, 158, 176, 198, 214, 229};
constexpr Nanos kTrouble = 60s;    // people call and things break
constexpr Nanos kHangingUp = 30s;  // then everything works, and nobody begins anything
constexpr Nanos kSettling = 180s;  // the longest timers pass

// Commands straight to a book, to begin with people who are signed in.
class Registry {
 public:
  Registry(Disk* disk, WallTime now)
      : disk_(disk),
        entropy_(disk->journal().size() + 1),
        book_(SimBookConfig(), &entropy_),
        now_(now) {
    for (const book::Fact& fact : disk->journal()) book_.Restore(fact);
  }
  std::vector<book::Effect> Do(AuthKeyId device, book::CommandBody body) {
    std::vector<book::Fact> facts;
    std::vector<book::Effect> effects;
    const book::Requester from{{device, SessionId(1)}, MessageId(4), device};
    book_.Step({from, std::move(body)}, now_, facts, effects);
    disk_->Append(facts);
    book_.CommitGroup();
    return effects;
  }
  template <class T>
  static T AnswerIn(const std::vector<book::Effect>& effects) {
    for (const book::Effect& effect : effects) {
      const auto* reply = std::get_if<book::Reply>(&effect);
      const auto* answer = reply == nullptr ? nullptr : std::get_if<T>(&reply->body);
      if (answer != nullptr) return *answer;
    }
    CHECK(false);
    return {};
  }

 private:
  Disk* disk_;
  SeededEntropy entropy_;
  book::Book book_;
  WallTime now_;
};

}  // namespace

World::World(std::uint64_t seed) : dice_(seed * 0x9e3779b97f4a7c15u + 1) {
  // Quiet worlds keep the strictest rules: where nothing breaks, nothing may be late or missing.
  const std::uint64_t kind = dice_.Below(4);
  if (kind >= 1) {
    repeats_ = 20;
    breaks_ = 20;
  }
  if (kind >= 2) faults_.refuse = 30;
  if (kind == 3) {
    faults_.crash_before = 5;
    faults_.crash_after = 5;
  }
  threads_ = 1 + static_cast<unsigned>(dice_.Below(3));
  MakePeople();
}

void World::MakePeople() {
  const std::size_t users = 2 + dice_.Below(4);
  for (std::size_t user = 0; user < users; ++user) {
    const int devices = 1 + static_cast<int>(dice_.Below(3));
    for (int device = 0; device < devices; ++device) MakePhone(user, device);
  }
}

void World::MakePhone(std::size_t user, int device) {
  Phone::Identity me;
  dice_.entropy()->Fill(me.key.mutable_view());
  me.id = AuthKeyId(crypto::AuthKeyIdOf(me.key));
  me.layer = kLayers[dice_.Below(kLayers.size())];
  Registry registry(&disk_, timeline_.now());
  book::cmd::CreateKey create{};
  create.id = me.id;
  create.key = me.key;
  create.created_ms = UnixMillis(timeline_.now());
  registry.Do(AuthKeyId(), create);
  const std::string number = "99966210" + std::to_string(10 + user);
  const auto code =
      registry.AnswerIn<book::reply::SentCode>(registry.Do(me.id, book::cmd::SendCode{number}));
  const auto in = registry.AnswerIn<book::reply::Authorization>(
      registry.Do(me.id, book::cmd::SignIn{number, code.phone_code_hash, "22222"}));
  me.account = {in.user.id, in.user.access_hash};
  if (device == 0) accounts_.push_back(me.account);
  const std::size_t index = phones_.size();
  const std::string who = "user " + std::to_string(user) + " device " + std::to_string(device);
  phones_.push_back(std::make_unique<Phone>(
      std::move(me),
      Phone::Outside{&timeline_, &dice_, &disk_, &accounts_,
                     [this, index] { return Connect(index); },
                     [this, index](Bytes packet, bool may_repeat) {
                       SendToServer(index, std::move(packet), may_repeat);
                     },
                     [this, index] { Break(link_of_[index], true); },
                     [this, who](const std::string& rule) { Complain(who, rule); }}));
  phones_.back()->find_phone = [this](DeviceId id) -> const Phone* {
    for (const auto& phone : phones_) {
      if (phone->device() == id) return phone.get();
    }
    return nullptr;
  };
  link_of_.push_back(LinkId());
}

void World::Complain(std::string who, const std::string& rule) {
  if (!outcome_.broken.empty()) return;
  const auto at = std::chrono::duration_cast<std::chrono::milliseconds>(
      timeline_.now() - FromUnixSeconds(1'700'000'000));
  outcome_.broken = rule + " (" + who + ", at " + std::to_string(at.count()) + " ms)";
}

// ---- The server

void World::StartServer() {
  server_ = std::make_unique<Server>(
      threads_, &timeline_, &dice_, &disk_,
      Server::Outside{[this](const io::ToLink& output) { SendToPhone(output); },
                      [this] { ServerDied(); }});
  server_->set_faults(calm_ ? StoreFaults{} : faults_);
}

void World::ServerDied() {
  ++outcome_.crashes;
  dead_.push_back(std::move(server_));
  timeline_.In(0ns, [this] { dead_.clear(); });
  for (const auto& phone : phones_) phone->ServerDied();
  for (const auto& [id, link] : std::map(links_)) Break(id, false);
  timeline_.In(dice_.Between(50ms, 5s), [this] { StartServer(); });
}

// ---- Links

bool World::Connect(std::size_t phone) {
  if (server_ == nullptr) return false;
  const LinkId id = server_->Accept(++last_link_);
  links_[id] = Link{phone, true, timeline_.now(), timeline_.now()};
  link_of_[phone] = id;
  return true;
}

void World::SendToServer(std::size_t phone, Bytes packet, bool may_repeat) {
  const LinkId id = link_of_[phone];
  const auto at = links_.find(id);
  if (at == links_.end() || !at->second.up) return;
  Link& link = at->second;
  link.to_server = std::max(link.to_server, timeline_.now() + dice_.Between(100us, 80ms));
  const int copies = dice_.Chance(calm_ || !may_repeat ? 0 : repeats_) ? 2 : 1;
  for (int i = 0; i < copies; ++i) {
    timeline_.At(link.to_server, [this, id, packet] {
      const auto still = links_.find(id);
      if (still == links_.end() || !still->second.up || server_ == nullptr) return;
      ++outcome_.packets;
      server_->Receive(id, packet);
    });
  }
}

void World::SendToPhone(const io::ToLink& output) {
  if (const auto* close = std::get_if<mtproto::CloseLink>(&output)) {
    timeline_.In(0ns, [this, id = close->link] { Break(id, false); });
    return;
  }
  const auto* send = std::get_if<mtproto::SendPacket>(&output);
  if (send == nullptr) return;
  const auto at = links_.find(send->link);
  if (at == links_.end() || !at->second.up) return;
  Link& link = at->second;
  link.to_phone = std::max(link.to_phone, timeline_.now() + dice_.Between(100us, 80ms));
  timeline_.At(link.to_phone, [this, id = send->link, packet = send->payload] {
    const auto still = links_.find(id);
    if (still == links_.end() || !still->second.up) return;
    ++outcome_.packets;
    const crypto::Sha256Digest hash = crypto::Sha256(packet);
    outcome_.trace = (outcome_.trace ^ LoadLittle<std::uint64_t>(hash.data()) ^
                      static_cast<std::uint64_t>(timeline_.now().time_since_epoch().count())) *
                     0x100000001b3u;
    phones_[still->second.phone]->Receive(packet);
  });
}

// What is under way on it is lost, in both directions. Each side finds out in its own time.
void World::Break(LinkId id, bool phone_knows) {
  const auto at = links_.find(id);
  if (at == links_.end() || !at->second.up) return;
  at->second.up = false;
  const std::size_t phone = at->second.phone;
  timeline_.In(phone_knows ? 0ns : dice_.Between(0ns, 2s), [this, phone, id] {
    if (link_of_[phone] == id) phones_[phone]->LinkLost();
  });
  timeline_.In(dice_.Between(0ns, 20s), [this, id] {
    links_.erase(id);
    if (server_ != nullptr) server_->LinkClosed(id);
  });
}

void World::BreakSomeLink() {
  if (calm_ || links_.empty()) return;
  auto at = links_.begin();
  std::advance(at, static_cast<std::ptrdiff_t>(dice_.Below(links_.size())));
  Break(at->first, false);
}

// ---- The run

void World::Settle() {
  calm_ = true;
  if (server_ != nullptr) server_->set_faults({});
  for (const auto& phone : phones_) phone->Settle();
}

void World::Check() {
  for (const auto& phone : phones_) {
    phone->CheckAtEnd();
    outcome_.signals += phone->signals_heard();
    outcome_.owed += phone->ends_owed();
    outcome_.rings += phone->rings_offered();
  }
  if (!disk_.broken().empty()) Complain("journal", disk_.broken());
  const book::Book& book = server_->book();
  if (disk_.calls() != disk_.calls_ended() || book.stats().live_calls != 0) {
    Complain("book", "every call ends");
  }
  if (book.NextDeadline()) Complain("book", "no timer outlives its call");
}

Outcome World::Run() {
  StartServer();
  for (const auto& phone : phones_) phone->Start();
  const WallTime start = timeline_.now();
  for (unsigned i = 0; i < breaks_; ++i) {
    timeline_.In(dice_.Between(0ns, kTrouble), [this] { BreakSomeLink(); });
  }
  timeline_.RunUntil(start + kTrouble);
  Settle();
  timeline_.RunUntil(start + kTrouble + kHangingUp + kSettling);
  Check();
  outcome_.calls = disk_.calls();
  outcome_.confirmed = disk_.calls_confirmed();
  outcome_.events = timeline_.run();
  return outcome_;
}

}  // namespace trunkline::sim
