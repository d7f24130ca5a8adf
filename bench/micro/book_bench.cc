// A whole call through the book: five commands, five facts, all replies and pushes, in groups of
// the given size. No disk.
#include <benchmark/benchmark.h>

#include <string>
#include <utility>
#include <vector>

#include "common/check.h"
#include "common/crypto/sha.h"
#include "server/book/book.h"

namespace trunkline::book {
namespace {

struct Party {
  DeviceId device;
  SessionRef session;
  UserQuery user;
};

class Exchange {
 public:
  Exchange() : book_(Config(), &entropy_) {
    const crypto::Sha256Digest digest = crypto::Sha256(g_a_);
    hash_.assign(digest.begin(), digest.end());
  }

  Party SignIn(int n) {
    Party party;
    party.device = DeviceId(1000 + n);
    party.session = {party.device, SessionId(n + 1)};
    cmd::CreateKey create{};
    create.id = party.device;
    Step(party, create);
    const std::string number = "99966" + std::to_string(100'000 + n);
    Step(party, cmd::SendCode{number});
    const auto sent = std::get<reply::SentCode>(LastReply());
    Step(party, cmd::SignIn{number, sent.phone_code_hash, "1"});
    const auto in = std::get<reply::Authorization>(LastReply());
    party.user = {false, in.user.id, in.user.access_hash};
    Step(party, cmd::SessionOpened{});
    Commit();
    return party;
  }

  void Call(const Party& a, const Party& b) {
    Step(a, cmd::RequestCall{b.user, false, ++random_, hash_, protocol_});
    const CallView waiting = std::get<reply::Call>(LastReply()).call;
    const cmd::PeerCall caller{waiting.id, waiting.access_hash};
    const CallView ring = std::get<Push>(effects_.back()).batch->updates.at(0).call;
    const cmd::PeerCall callee{ring.id, ring.access_hash};
    Step(b, cmd::ReceivedCall{callee});
    Step(b, cmd::AcceptCall{callee, g_b_, protocol_});
    Step(a, cmd::ConfirmCall{caller, g_a_, 1, protocol_});
    Step(a, cmd::DiscardCall{caller, false, 1, call::Reason::kHangup, 0});
  }
  void Commit() {
    facts_.clear();
    book_.CommitGroup();
  }

 private:
  static BookConfig Config() {
    BookConfig config;
    config.test_code = "1";
    RelayConfig& relay = config.relays.emplace_back();
    relay.id = 1;
    relay.ip = "192.0.2.1";
    relay.port = 4431;
    return config;
  }
  void Step(const Party& party, CommandBody body) {
    effects_.clear();
    now_ += Duration(1);
    book_.Step({{party.session, MessageId(1), party.device}, std::move(body)}, now_, facts_,
               effects_);
  }
  const ReplyBody& LastReply() {
    for (const Effect& effect : effects_) {
      if (const auto* reply = std::get_if<Reply>(&effect)) return reply->body;
    }
    CHECK(false);
    return std::get<Reply>(effects_.front()).body;
  }

  SeededEntropy entropy_{1};
  Book book_;
  WallTime now_ = FromUnixSeconds(1'700'000'000);
  std::vector<Fact> facts_;
  std::vector<Effect> effects_;
  std::int32_t random_ = 0;
  Bytes g_a_ = Bytes(256, 0x41), g_b_ = Bytes(256, 0x61), hash_;
  Protocol protocol_{true, true, 65, 92, {"2.4.4", "5.0.0", "7.0.0", "8.0.0", "9.0.0"}};
};

void WholeCall(benchmark::State& state) {
  Exchange exchange;
  std::vector<Party> parties;
  for (int n = 0; n < 200; ++n) parties.push_back(exchange.SignIn(n));
  const auto group = static_cast<std::size_t>(state.range(0));
  std::size_t at = 0;
  for (auto _ : state) {
    const std::size_t a = at % 100, b = 100 + at % 100;
    exchange.Call(parties[a], parties[b]);
    if (++at % group == 0) exchange.Commit();
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(WholeCall)->Arg(1)->Arg(16);

}  // namespace
}  // namespace trunkline::book
