#include "server/picker/turn_probe.h"

#include <algorithm>

#include "server/picker/turn_credentials.h"

namespace trunkline::picker {
namespace {

// RFC 8489 6.2.1 has seven; a voice that waits so long has given up.
constexpr int kTriesMax = 3;
constexpr Duration kFirstTimeout = std::chrono::milliseconds(500);  // doubles
constexpr int kSilencesToDown = 2;
constexpr int kChallengesMax = 2;  // the first, and one stale nonce
constexpr Duration kCredentialLife = std::chrono::seconds(60);
constexpr std::uint32_t kUdp = 0x1100'0000;
constexpr float kSmoothing = 0.125F;
constexpr int kUnauthorized = 401, kAllocationMismatch = 437, kStaleNonce = 438, kQuota = 486,
              kNoCapacity = 508;

bool IsSaneAddress(const std::optional<StunAddress>& address) {
  if (!address || address->port == 0) return false;
  return std::ranges::any_of(address->ip, [](std::uint8_t byte) { return byte != 0; });
}

Health HealthOf(ProbeFinding finding) {
  switch (finding) {
    case ProbeFinding::kNone:
    case ProbeFinding::kFine:
      return Health::kUp;
    case ProbeFinding::kSilent:
      return Health::kDown;
    case ProbeFinding::kFull:
      return Health::kFull;
    case ProbeFinding::kBadMapped:
    case ProbeFinding::kWrongSecret:
    case ProbeFinding::kWrongRelayed:
    case ProbeFinding::kRefused:
    case ProbeFinding::kUnsigned:
      return Health::kMisconfigured;
  }
  return Health::kDown;
}

}  // namespace

std::string_view ProbeFindingName(ProbeFinding finding) {
  static constexpr std::string_view kNames[] = {"none",       "fine",         "silent",
                                                "bad_mapped", "wrong_secret", "wrong_relayed",
                                                "refused",    "full",         "unsigned"};
  return kNames[static_cast<std::size_t>(finding)];
}

Health TurnProbe::health() const {
  return HealthOf(finding());
}

WallTime TurnProbe::NextDeadline() const {
  if (then_ != Phase::kIdle) return WallTime{};
  if (phase_ != Phase::kIdle) return deadline_;
  return MayAllocate() ? std::min(next_binding_, next_allocation_) : next_binding_;
}

void TurnProbe::Begin(Phase phase, WallTime now, Entropy& entropy) {
  phase_ = phase;
  then_ = Phase::kIdle;
  tries_ = 0;
  entropy.Fill(transaction_);
  if (phase == Phase::kBinding) next_binding_ = now + config_.binding_interval;
  if (phase == Phase::kChallenge && challenges_ == 0) {
    next_allocation_ = now + config_.allocate_interval;
    const auto minted =
        MintTurnCredentials(config_.secret, "probe", now + kCredentialLife, config_.separator);
    username_ = minted.username;
    password_ = minted.password;
  }
}

Bytes TurnProbe::Request() const {
  const auto method = phase_ == Phase::kBinding   ? StunMethod::kBinding
                      : phase_ == Phase::kRelease ? StunMethod::kRefresh
                                                  : StunMethod::kAllocate;
  StunWriter writer(method, StunClass::kRequest, transaction_);
  if (method == StunMethod::kAllocate) writer.Number(kStunRequestedTransport, kUdp);
  if (phase_ == Phase::kRelease) writer.Number(kStunLifetime, 0);
  if (phase_ == Phase::kAllocate || phase_ == Phase::kRelease) {
    writer.Text(kStunUsername, username_).Text(kStunRealm, realm_).Text(kStunNonce, nonce_);
    writer.Sign(key_);
  }
  return writer.Take();
}

void TurnProbe::Sent(WallTime now) {
  sent_ = now;
  deadline_ = now + kFirstTimeout * (1 << tries_);
  ++tries_;
}

std::optional<Bytes> TurnProbe::Poll(WallTime now, Entropy& entropy) {
  if (phase_ != Phase::kIdle && now >= deadline_) {
    loss_ += kSmoothing * (1 - loss_);
    if (tries_ < kTriesMax) {
      Sent(now);
      return Request();
    }
    GiveUp(now);
  }
  if (phase_ != Phase::kIdle) return std::nullopt;
  if (then_ != Phase::kIdle) {
    Begin(then_, now, entropy);
  } else if (MayAllocate() && now >= next_allocation_) {
    challenges_ = 0;
    Begin(Phase::kChallenge, now, entropy);
  } else if (now >= next_binding_) {
    Begin(Phase::kBinding, now, entropy);
  } else {
    return std::nullopt;
  }
  Sent(now);
  return Request();
}

void TurnProbe::GiveUp(WallTime now) {
  const Phase phase = phase_;
  phase_ = Phase::kIdle;
  if (phase == Phase::kBinding) {
    // One lost round is the network's; the second comes soon.
    if (++silences_ >= kSilencesToDown) binding_ = ProbeFinding::kSilent;
    next_binding_ = std::min(next_binding_, now + std::chrono::seconds(1));
  } else if (phase != Phase::kRelease) {
    Conclude(ProbeFinding::kSilent);
  }
}

void TurnProbe::Refused(WallTime now) {
  tries_ = kTriesMax;
  deadline_ = now;
}

bool TurnProbe::IsOurs(const StunMessage& answer) const {
  const auto method = phase_ == Phase::kBinding   ? StunMethod::kBinding
                      : phase_ == Phase::kRelease ? StunMethod::kRefresh
                                                  : StunMethod::kAllocate;
  return phase_ != Phase::kIdle && answer.transaction == transaction_ && answer.method == method &&
         (answer.kind == StunClass::kSuccess || answer.kind == StunClass::kError);
}

void TurnProbe::Receive(ByteView datagram, WallTime now) {
  const auto answer = ReadStun(datagram);
  if (!answer || !IsOurs(*answer)) {
    ++ignored_;
    return;
  }
  // Of a request that was repeated nobody knows which one is answered.
  if (tries_ == 1) {
    const float rtt = std::chrono::duration<float, std::milli>(now - sent_).count();
    rtt_ms_ = rtt_ms_ == 0 ? rtt : rtt_ms_ + kSmoothing * (rtt - rtt_ms_);
  }
  loss_ -= kSmoothing * loss_;
  const Phase phase = phase_;
  phase_ = Phase::kIdle;
  switch (phase) {
    case Phase::kBinding:
      OnBinding(*answer, now);
      break;
    case Phase::kChallenge:
      OnChallenge(*answer);
      break;
    case Phase::kAllocate:
      OnAllocate(*answer);
      break;
    case Phase::kRelease:
    case Phase::kIdle:
      break;
  }
}

void TurnProbe::OnBinding(const StunMessage& answer, WallTime now) {
  silences_ = 0;
  // Who was away may have come back with another configuration.
  if (binding_ == ProbeFinding::kSilent) next_allocation_ = now;
  const bool fine = answer.kind == StunClass::kSuccess && IsSaneAddress(answer.mapped);
  binding_ = fine ? ProbeFinding::kFine : ProbeFinding::kBadMapped;
}

void TurnProbe::Conclude(ProbeFinding finding) {
  allocation_ = finding;
  if (finding != ProbeFinding::kRefused && finding != ProbeFinding::kFull) error_code_ = 0;
}

void TurnProbe::OnRefused(int code) {
  error_code_ = code;
  const bool full = code == kQuota || code == kNoCapacity;
  Conclude(full ? ProbeFinding::kFull : ProbeFinding::kRefused);
}

void TurnProbe::OnChallenge(const StunMessage& answer) {
  if (answer.kind == StunClass::kSuccess) {
    // Gives allocations to strangers: not with the secret that we know.
    return Conclude(ProbeFinding::kUnsigned);
  }
  const bool asks = answer.error_code == kUnauthorized || answer.error_code == kStaleNonce;
  if (!asks || answer.nonce.empty()) return OnRefused(answer.error_code);
  ++challenges_;
  realm_ = answer.realm;
  nonce_ = answer.nonce;
  key_ = LongTermKey(username_, realm_, password_);
  then_ = Phase::kAllocate;
}

void TurnProbe::OnAllocate(const StunMessage& answer) {
  if (answer.kind == StunClass::kError) {
    if (answer.error_code == kUnauthorized) return Conclude(ProbeFinding::kWrongSecret);
    if (answer.error_code == kStaleNonce && challenges_ < kChallengesMax) {
      return OnChallenge(answer);
    }
    // Our last allocation is still there: it says nothing about the server. Give it back.
    if (answer.error_code == kAllocationMismatch) {
      then_ = Phase::kRelease;
      return;
    }
    return OnRefused(answer.error_code);
  }
  then_ = Phase::kRelease;
  if (!answer.IsSignedBy(key_)) return Conclude(ProbeFinding::kUnsigned);
  const auto same_host = [&](const StunAddress& expected) {
    return answer.relayed && answer.relayed->ipv6 == expected.ipv6 &&
           answer.relayed->ip == expected.ip;
  };
  const bool expected =
      IsSaneAddress(answer.relayed) &&
      (config_.relayed.empty() || std::ranges::any_of(config_.relayed, same_host));
  Conclude(expected ? ProbeFinding::kFine : ProbeFinding::kWrongRelayed);
}

}  // namespace trunkline::picker
