#include "server/picker/fleet.h"

#include <algorithm>
#include <cmath>

namespace trunkline::picker {
namespace {

constexpr float kReportedLoadMax = 2;

float Share(float used, float of) {
  return of > 0 ? used / of : 0;
}

// An offset is believed by half when so many calls have shown it.
constexpr float kOffsetPriorSamples = 20;

// What is left of something after the time since `at`, which becomes `now`.
float Left(WallTime& at, WallTime now, Duration half_life) {
  const std::chrono::duration<float> passed = now - at;
  at = now;
  return std::exp2(-std::max(0.0F, passed / std::chrono::duration<float>(half_life)));
}

void Decay(Entry& entry, WallTime now) {
  const float left = Left(entry.outcomes_at, now, kOutcomeHalfLife);
  entry.good *= left;
  entry.bad *= left;
}

}  // namespace

void Credits::Add(float calls, WallTime now) {
  // A clock that went back adds to the newest second.
  const std::int64_t passed = std::max(UnixSeconds(now) - second_, std::int64_t{0});
  for (std::int64_t age = 0; age < kCreditSeconds; ++age) {
    const std::int64_t then = age + passed;
    left_[static_cast<std::size_t>(age)] =
        calls + (then < kCreditSeconds ? left_[static_cast<std::size_t>(then)] : 0);
  }
  second_ += passed;
}

void Offset::Learn(float more_ms, float more_loss, float of_samples, WallTime now) {
  samples_ = samples_ * Left(at_, now, kOffsetHalfLife) + of_samples;
  mean_ms_ += of_samples / samples_ * (more_ms - mean_ms_);
  mean_loss_ += of_samples / samples_ * (more_loss - mean_loss_);
  Fade(now);
}

void Offset::Fade(WallTime now) {
  samples_ *= Left(at_, now, kOffsetHalfLife);
  const float believed = samples_ / (samples_ + kOffsetPriorSamples);
  rtt_ms = mean_ms_ * believed;
  loss = mean_loss_ * believed;
}

bool Fleet::Heartbeat(EntryId id, const LoadReport& load, WallTime now) {
  const auto index = IndexOf(id);
  if (!index || !IsSane(load.packets_per_second) || !IsSane(load.bits_per_second) ||
      !IsSane(load.cpu)) {
    return false;
  }
  Entry& entry = entries_[*index];
  const Capacity& capacity = configs_[*index].capacity;
  entry.beaten = true;
  entry.beat_at = now;
  entry.offset.Fade(now);
  entry.reported_calls = load.calls;
  entry.reported_load = std::min(
      kReportedLoadMax, std::max({Share(load.packets_per_second, capacity.packets_per_second),
                                  Share(load.bits_per_second, capacity.bits_per_second), load.cpu,
                                  Share(static_cast<float>(load.calls), capacity.calls)}));
  return true;
}

bool Fleet::SetHealth(EntryId id, Health health) {
  const auto index = IndexOf(id);
  if (index) entries_[*index].health = health;
  return index.has_value();
}

bool Fleet::SetDraining(EntryId id, bool draining) {
  const auto index = IndexOf(id);
  if (index) entries_[*index].draining = draining;
  return index.has_value();
}

bool Fleet::SetLost(EntryId id) {
  const auto index = IndexOf(id);
  if (index) entries_[*index].beaten = false;
  return index.has_value();
}

State Fleet::StateOf(const Entry& entry, WallTime now) const {
  const bool silent =
      entry.liveness == Liveness::kHeartbeat && (!entry.beaten || now - entry.beat_at > kDeadAfter);
  if (entry.draining) {
    // A dead relay's last word about its calls counts for nothing.
    const bool empty = entry.offered == 0 && (silent || entry.reported_calls == 0);
    return empty ? State::kDrained : State::kDraining;
  }
  if (entry.health == Health::kMisconfigured) return State::kMisconfigured;
  if (silent || entry.health == Health::kDown) return State::kDown;
  if (entry.ejected_until > now) return State::kEjected;
  return entry.health == Health::kFull ? State::kFull : State::kUp;
}

bool Fleet::MayEject(WallTime now) const {
  float fleet = 0, ejected = 0;
  for (const Entry& entry : entries_) {
    if (entry.draining || entry.kind == Kind::kStun) continue;
    ++fleet;
    ejected += entry.ejected_until > now ? 1.0F : 0.0F;
  }
  return ejected + 1 <= std::max(1.0F, std::floor(fleet * kEjectedShareMax));
}

void Fleet::NoteOutcome(std::size_t index, bool bad, WallTime now) {
  Entry& entry = entries_[index];
  Decay(entry, now);
  (bad ? entry.bad : entry.good) += 1;
  if (!bad || entry.ejected_until > now || entry.bad < kBadCallsMin) return;
  if (entry.bad < kBadShareMin * (entry.bad + entry.good)) return;
  float others_bad = 0, others = kFleetPriorCalls;
  for (const Entry& other : entries_) {
    if (&other == &entry) continue;
    others_bad += other.bad;
    others += other.bad + other.good;
  }
  const float share = entry.bad / (entry.bad + entry.good);
  if (share < kBadShareOverFleet * others_bad / others) return;
  if (!MayEject(now)) return;
  if (now - entry.ejected_until > kEjectionForgotten) entry.ejections = 0;
  entry.ejections = std::min(entry.ejections + 1, kEjectionTimesMax);
  entry.ejected_until = now + kEjectionBase * entry.ejections;
  entry.good = entry.bad = 0;
}

bool Fleet::TakeStates(WallTime now, std::span<State> states) const {
  std::size_t healthy = 0;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const Entry& entry = entries_[i];
    states[i] = StateOf(entry, now);
    const bool is_healthy = states[i] == State::kUp || states[i] == State::kFull;
    healthy += is_healthy && entry.kind != Kind::kStun ? 1 : 0;
  }
  const auto is_few = [healthy](std::size_t of) {
    return static_cast<float>(healthy) < kHealthyShareMin * static_cast<float>(of);
  };
  if (healthy == 0 || !is_few(entries_.size())) return false;  // almost always
  std::size_t asked = 0, beating = 0, silent = 0;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const Entry& entry = entries_[i];
    if (entry.draining || entry.kind == Kind::kStun) continue;
    ++asked;
    const bool beats = entry.liveness == Liveness::kHeartbeat;
    beating += beats ? 1 : 0;
    silent += beats && states[i] == State::kDown ? 1 : 0;
  }
  const bool all_silent = beating > 0 && silent == beating;
  return is_few(asked) && !all_silent;
}

}  // namespace trunkline::picker
