// Watches one STUN or TURN server the way a client would use it. Two levels: a Binding every few
// seconds says whether it lives and how far it is; for TURN, once a minute or so, an allocation
// with fresh credentials, given back at once, finds a wrong secret, a wrong public address, and
// full ranges.
//
// Pure: the shell sends what Poll hands out, gives Receive only what came from the server's own
// address, and calls Poll again at NextDeadline. One socket per probe at a time.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/bytes.h"
#include "common/entropy.h"
#include "common/time.h"
#include "server/picker/stun.h"
#include "server/picker/types.h"

namespace trunkline::picker {

struct TurnProbeConfig {
  bool allocate = false;  // a TURN server; else Binding alone
  std::string secret;     // of the REST scheme
  char separator = ':';
  // Addresses an allocation may have; empty: any. `port` is ignored.
  std::vector<StunAddress> relayed;
  Duration binding_interval = std::chrono::seconds(5);
  Duration allocate_interval = std::chrono::seconds(60);
};

// Why a probe says what it says.
enum class ProbeFinding : std::uint8_t {
  kNone,  // nothing was tried yet
  kFine,
  kSilent,        // no answer, twice in a row
  kBadMapped,     // a Binding answer without a sane address
  kWrongSecret,   // 401 for our own credentials
  kWrongRelayed,  // allocates on an address that it shouldn't have
  kRefused,       // another error; `error_code`
  kFull,          // 486 or 508
  kUnsigned,      // answers that aren't signed with the shared secret
};
std::string_view ProbeFindingName(ProbeFinding finding);

class TurnProbe {
 public:
  explicit TurnProbe(TurnProbeConfig config) : config_(std::move(config)) {}

  // The datagram that is due, if any. Call until nothing comes.
  std::optional<Bytes> Poll(WallTime now, Entropy& entropy);
  void Receive(ByteView datagram, WallTime now);
  // The network says that nobody listens there: what was sent last won't be answered.
  void Refused(WallTime now);
  WallTime NextDeadline() const;
  // What Poll handed out last wants a new socket. An allocation belongs to its source port, and
  // coturn refuses another user name there for a while (437); who is down may be asked from where
  // this host is by now.
  bool WantsSocket() const {
    if (tries_ != 1) return false;
    return phase_ == Phase::kBinding ? health() == Health::kDown
                                     : phase_ == Phase::kChallenge && challenges_ == 0;
  }

  Health health() const;
  // Everything was tried once: the verdict is whole.
  bool settled() const {
    return binding_ != ProbeFinding::kNone &&
           (!MayAllocate() || allocation_ != ProbeFinding::kNone);
  }
  bool allocates() const { return config_.allocate; }
  ProbeFinding finding() const { return binding_ != ProbeFinding::kFine ? binding_ : Worst(); }
  int error_code() const { return error_code_; }      // with kRefused and kFull
  float rtt_ms() const { return rtt_ms_; }            // smoothed; 0 = not known
  float loss() const { return loss_; }                // share of requests without answer, smoothed
  std::uint64_t ignored() const { return ignored_; }  // datagrams that answer nothing of ours

 private:
  enum class Phase : std::uint8_t { kIdle, kBinding, kChallenge, kAllocate, kRelease };

  ProbeFinding Worst() const { return allocation_ == ProbeFinding::kNone ? binding_ : allocation_; }
  // What is down needs no second opinion.
  bool MayAllocate() const { return config_.allocate && binding_ == ProbeFinding::kFine; }
  void Begin(Phase phase, WallTime now, Entropy& entropy);
  Bytes Request() const;
  void Sent(WallTime now);
  void GiveUp(WallTime now);
  void OnBinding(const StunMessage& answer, WallTime now);
  void OnChallenge(const StunMessage& answer);
  void OnAllocate(const StunMessage& answer);
  void OnRefused(int code);
  bool IsOurs(const StunMessage& answer) const;
  void Conclude(ProbeFinding finding);

  TurnProbeConfig config_;
  Phase phase_ = Phase::kIdle, then_ = Phase::kIdle;  // then_: what follows at once
  StunTransaction transaction_{};
  int tries_ = 0, challenges_ = 0;
  WallTime sent_{}, deadline_{}, next_binding_{}, next_allocation_{};
  std::string username_, password_, realm_, nonce_;
  std::array<std::uint8_t, 16> key_{};

  ProbeFinding binding_ = ProbeFinding::kNone, allocation_ = ProbeFinding::kNone;
  int silences_ = 0, error_code_ = 0;
  float rtt_ms_ = 0, loss_ = 0;
  std::uint64_t ignored_ = 0;
};

}  // namespace trunkline::picker
