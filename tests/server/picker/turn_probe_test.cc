// The probe against a TURN server of a few lines whose faults can be switched on.
#include "server/picker/turn_probe.h"

#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "server/picker/turn_credentials.h"

namespace trunkline::picker {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const WallTime kStart = FromUnixSeconds(1'767'225'600);
const StunAddress kPublic{.ip = {198, 51, 100, 1}, .port = 50'000};

struct Server {
  std::string secret = "north", nonce = "n1";
  StunAddress relayed = kPublic, mapped{.ip = {192, 0, 2, 10}, .port = 49152};
  bool silent = false, deaf_to_allocate = false, open = false, unsigned_success = false;
  int refuse_with = 0;
  int allocations = 0, releases = 0, requests = 0;

  std::optional<Bytes> Answer(ByteView datagram) {
    const auto request = ReadStun(datagram);
    if (!request || silent) return std::nullopt;
    ++requests;
    if (request->method == StunMethod::kBinding) {
      return StunWriter(StunMethod::kBinding, StunClass::kSuccess, request->transaction)
          .Address(kStunXorMapped, mapped)
          .Take();
    }
    if (deaf_to_allocate) return std::nullopt;
    if (!request->has_integrity && !open) return Refuse(*request, 401);
    const auto key = KeyOf(datagram, *request);
    if (!open && !request->IsSignedBy(key)) return Refuse(*request, 401);
    if (!open && request->nonce != nonce) return Refuse(*request, 438);
    if (refuse_with != 0) return Refuse(*request, refuse_with);
    const bool releases_it = request->method == StunMethod::kRefresh;
    (releases_it ? releases : allocations) += 1;
    StunWriter writer(request->method, StunClass::kSuccess, request->transaction);
    if (!releases_it) writer.Address(kStunXorRelayed, relayed);
    writer.Number(kStunLifetime, releases_it ? 0 : 600);
    if (!unsigned_success) writer.Sign(key);
    return writer.Take();
  }

  Bytes Refuse(const StunMessage& request, int code) const {
    StunWriter writer(request.method, StunClass::kError, request.transaction);
    writer.Number(kStunErrorCode, static_cast<std::uint32_t>((code / 100) << 8 | code % 100));
    return writer.Text(kStunRealm, "example.org").Text(kStunNonce, nonce).Take();
  }

  // The user name is the first attribute after the fixed one of each request.
  std::array<std::uint8_t, 16> KeyOf(ByteView datagram, const StunMessage& request) const {
    if (!request.has_integrity) return {};
    const std::string_view username = AsText(datagram.subspan(32, datagram[31]));
    const auto colon = username.find(':');
    const auto minted =
        MintTurnCredentials(secret, username.substr(colon + 1),
                            FromUnixSeconds(std::stoll(std::string(username.substr(0, colon)))));
    return LongTermKey(username, "example.org", minted.password);
  }
};

class TurnProbeTest : public testing::Test {
 protected:
  void Make(bool allocate) {
    TurnProbeConfig config;
    config.allocate = allocate;
    config.secret = "north";
    config.relayed = {kPublic};
    probe_.emplace(config);
  }
  // Everything that is due until `until`, with an answer after 20 ms.
  void Run(WallTime until) {
    int steps = 0;
    while (now_ < until) {
      while (auto datagram = probe_->Poll(now_, entropy_)) {
        ++sent_;
        ASSERT_LT(++steps, 10'000);
        const auto answer = server_.Answer(*datagram);
        if (!answer) continue;
        now_ += milliseconds(20);
        probe_->Receive(*answer, now_);
      }
      ASSERT_LT(++steps, 10'000);
      ASSERT_GT(probe_->NextDeadline(), now_) << "would spin";
      now_ = probe_->NextDeadline();
    }
  }

  SeededEntropy entropy_{1};
  Server server_;
  std::optional<TurnProbe> probe_;
  WallTime now_ = kStart;
  int sent_ = 0;
};

struct ProbeRow {
  const char* what;
  bool allocate;
  std::function<void(Server&)> fault;
  Health health;
  ProbeFinding finding;
  int error_code = 0;
};

TEST_F(TurnProbeTest, WhatItFinds) {
  const ProbeRow rows[] = {
      {"STUN", false, [](Server&) {}, Health::kUp, ProbeFinding::kFine},
      {"TURN", true, [](Server&) {}, Health::kUp, ProbeFinding::kFine},
      {"silence", true, [](Server& s) { s.silent = true; }, Health::kDown, ProbeFinding::kSilent},
      {"no address in Binding", false, [](Server& s) { s.mapped = {}; }, Health::kMisconfigured,
       ProbeFinding::kBadMapped},
      {"wrong secret", true, [](Server& s) { s.secret = "south"; }, Health::kMisconfigured,
       ProbeFinding::kWrongSecret},
      {"wrong secret of a STUN entry", false, [](Server& s) { s.secret = "south"; }, Health::kUp,
       ProbeFinding::kFine},
      {"private relayed address", true,
       [](Server& s) {
         s.relayed.ip = {10, 0, 0, 1};
       },
       Health::kMisconfigured, ProbeFinding::kWrongRelayed},
      {"no relayed address", true, [](Server& s) { s.relayed = {}; }, Health::kMisconfigured,
       ProbeFinding::kWrongRelayed},
      {"quota", true, [](Server& s) { s.refuse_with = 486; }, Health::kFull, ProbeFinding::kFull,
       486},
      {"no ports left", true, [](Server& s) { s.refuse_with = 508; }, Health::kFull,
       ProbeFinding::kFull, 508},
      {"forbidden", true, [](Server& s) { s.refuse_with = 403; }, Health::kMisconfigured,
       ProbeFinding::kRefused, 403},
      {"answers Binding alone", true, [](Server& s) { s.deaf_to_allocate = true; }, Health::kDown,
       ProbeFinding::kSilent},
      {"needs no credentials", true, [](Server& s) { s.open = true; }, Health::kMisconfigured,
       ProbeFinding::kUnsigned},
      {"doesn't sign", true, [](Server& s) { s.unsigned_success = true; }, Health::kMisconfigured,
       ProbeFinding::kUnsigned},
  };
  for (const ProbeRow& row : rows) {
    server_ = Server();
    row.fault(server_);
    Make(row.allocate);
    now_ = kStart;
    Run(kStart + seconds(30));
    EXPECT_EQ(probe_->health(), row.health) << row.what;
    EXPECT_EQ(ProbeFindingName(probe_->finding()), ProbeFindingName(row.finding)) << row.what;
    EXPECT_EQ(probe_->error_code(), row.error_code) << row.what;
    // And back, when the fault is gone.
    server_ = Server();
    Run(now_ + seconds(90));
    EXPECT_EQ(probe_->health(), Health::kUp) << row.what;
    EXPECT_EQ(probe_->error_code(), 0) << row.what;
  }
}

TEST_F(TurnProbeTest, GivesBackWhatItAllocates) {
  Make(true);
  Run(kStart + seconds(300));
  EXPECT_GE(server_.allocations, 5);
  EXPECT_EQ(server_.releases, server_.allocations);
  EXPECT_NEAR(probe_->rtt_ms(), 20, 1);
  EXPECT_EQ(probe_->loss(), 0);
  EXPECT_EQ(probe_->ignored(), 0u);
}

TEST_F(TurnProbeTest, AStaleNonceIsAskedForAnew) {
  Make(true);
  int requests = 0;
  while (probe_->finding() != ProbeFinding::kFine || server_.allocations == 0) {
    const auto datagram = probe_->Poll(now_, entropy_);
    ASSERT_TRUE(datagram && ++requests < 10);
    // Between the challenge and the request that uses it the server forgets its nonce, once.
    if (requests == 3) server_.nonce = "n2";
    probe_->Receive(*server_.Answer(*datagram), now_ + milliseconds(1));
  }
  EXPECT_EQ(requests, 4);  // Binding, challenge, stale, allocated
}

TEST_F(TurnProbeTest, AnOldAllocationOfItsOwnIsNoFault) {
  Make(true);
  Run(kStart + seconds(1));
  server_.refuse_with = 437;
  Run(kStart + seconds(62));
  EXPECT_EQ(probe_->health(), Health::kUp);
  EXPECT_EQ(probe_->finding(), ProbeFinding::kFine);
}

TEST_F(TurnProbeTest, OneLostRoundIsTheNetworks) {
  Make(false);
  Run(kStart + seconds(1));
  server_.silent = true;
  Run(kStart + seconds(9));  // 5 s, three tries until 8.5 s
  EXPECT_EQ(probe_->health(), Health::kUp);
  EXPECT_GT(probe_->loss(), 0.2F);
  Run(kStart + seconds(14));
  EXPECT_EQ(probe_->health(), Health::kDown);
}

TEST_F(TurnProbeTest, AnswersToNothingAreIgnored) {
  Make(true);
  const auto request = probe_->Poll(kStart, entropy_);
  ASSERT_TRUE(request);
  auto answer = *server_.Answer(*request);
  Bytes other = answer;
  other[10] ^= 1;  // another transaction
  probe_->Receive(other, kStart);
  probe_->Receive(Bytes{1, 2, 3}, kStart);
  probe_->Receive(*request, kStart);  // our own, reflected
  EXPECT_EQ(probe_->ignored(), 3u);
  EXPECT_EQ(probe_->finding(), ProbeFinding::kNone);
  probe_->Receive(answer, kStart + milliseconds(5));
  EXPECT_EQ(probe_->finding(), ProbeFinding::kFine);
  probe_->Receive(answer, kStart + milliseconds(6));  // twice
  EXPECT_EQ(probe_->ignored(), 4u);
}

TEST_F(TurnProbeTest, TheVerdictIsWholeWhenAllWasTried) {
  Make(true);
  EXPECT_FALSE(probe_->settled());
  const auto binding = *probe_->Poll(now_, entropy_);
  probe_->Receive(*server_.Answer(binding), now_);
  EXPECT_EQ(probe_->health(), Health::kUp);
  EXPECT_FALSE(probe_->settled());
  Run(kStart + seconds(1));
  EXPECT_TRUE(probe_->settled());
}

TEST_F(TurnProbeTest, WhoRefusesIsDownAtOnce) {
  Make(true);
  Run(kStart + seconds(1));
  ASSERT_EQ(probe_->health(), Health::kUp);
  const WallTime gone = now_;
  while (probe_->health() == Health::kUp) {
    while (probe_->Poll(now_, entropy_)) probe_->Refused(now_);
    if (probe_->health() == Health::kUp) now_ = probe_->NextDeadline();
    ASSERT_LT(now_, gone + seconds(7));
  }
  EXPECT_EQ(probe_->finding(), ProbeFinding::kSilent);
  // With its Binding its allocation is tried again, not a minute later.
  const int before = server_.allocations;
  Run(now_ + seconds(2));
  EXPECT_EQ(probe_->health(), Health::kUp);
  EXPECT_EQ(server_.allocations, before + 1);
}

TEST_F(TurnProbeTest, AnAllocationHasASocketOfItsOwn) {
  Make(true);
  std::vector<bool> wants;
  for (int i = 0; i < 4; ++i) {
    const auto request = probe_->Poll(now_, entropy_);
    ASSERT_TRUE(request);
    wants.push_back(probe_->WantsSocket());
    probe_->Receive(*server_.Answer(*request), now_);
  }
  // Binding, challenge, allocation, release: the three belong to one source port.
  EXPECT_EQ(wants, (std::vector{false, true, false, false}));
}

}  // namespace
}  // namespace trunkline::picker
