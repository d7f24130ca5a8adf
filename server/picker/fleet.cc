#include "server/picker/fleet.h"

#include <algorithm>
#include <cmath>

namespace trunkline::picker {
namespace {

constexpr float kReportedLoadMax = 2;

std::int64_t SecondOf(WallTime now) {
  return UnixSeconds(now);
}

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

float Fleet::FreshLoad(const Entry& entry, WallTime now) {
  float credits = 0;
  const std::int64_t age = std::max(SecondOf(now) - entry.credit_second, std::int64_t{0});
  // The ring's place of the newest second and of those before it that still count.
  for (std::int64_t back = 0; back + age < kCreditSeconds; ++back) {
    credits += entry.credits[static_cast<std::size_t>(entry.credit_second - back) % kCreditSeconds];
  }
  const float one = 1 / entry.calls_capacity;
  return std::max(entry.reported_load + credits * one, entry.counted * one);
}

void Fleet::AddCredit(Entry& entry, float calls, WallTime now) {
  // A clock that went back adds to the newest second.
  const std::int64_t second = std::max(SecondOf(now), entry.credit_second);
  if (second - entry.credit_second >= kCreditSeconds) entry.credits.fill(0);
  for (std::int64_t s = std::max(entry.credit_second, second - kCreditSeconds) + 1; s <= second;
       ++s) {
    entry.credits[static_cast<std::size_t>(s) % kCreditSeconds] = 0;
  }
  entry.credit_second = second;
  entry.credits[static_cast<std::size_t>(second) % kCreditSeconds] += calls;
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

void Fleet::TakeStates(WallTime now, std::span<State> states) const {
  for (std::size_t i = 0; i < entries_.size(); ++i) states[i] = StateOf(entries_[i], now);
}

bool Fleet::IsPanic(std::span<const State> states) const {
  float asked = 0, healthy = 0;
  bool any_beats = false, all_silent = true;  // of those that should beat
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const Entry& entry = entries_[i];
    if (entry.draining || entry.kind == Kind::kStun) continue;
    const State state = states[i];
    ++asked;
    healthy += state == State::kUp || state == State::kFull ? 1.0F : 0.0F;
    if (entry.liveness != Liveness::kHeartbeat) continue;
    any_beats = true;
    all_silent = all_silent && state == State::kDown;
  }
  return healthy > 0 && healthy < kHealthyShareMin * asked && !(any_beats && all_silent);
}

}  // namespace trunkline::picker
