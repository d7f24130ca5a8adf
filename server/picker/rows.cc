#include "server/picker/rows.h"

#include <algorithm>
#include <cmath>

#include "common/check.h"

namespace trunkline::picker {
namespace {

// More than this says nothing new, and less keeps a group open for change.
constexpr float kSamplesMax = 500;
constexpr float kRebaseAfterHalfLives = 30;

float HalfLives(const Row& row, WallTime to) {
  const std::chrono::duration<float> seconds = to - row.epoch;
  return std::max(0.0F, seconds / std::chrono::duration<float>(row.half_life));
}

}  // namespace

void Row::Prefetch(std::size_t sites) const {
  constexpr std::size_t kOfLine = 64 / sizeof(float);
  for (std::size_t i = 0; i < sites; i += kOfLine) {
    __builtin_prefetch(&rtt_ms[i]);
    __builtin_prefetch(&loss[i]);
    __builtin_prefetch(&weight[i]);
  }
}

float Row::FactorAt(WallTime now) const {
  return std::exp2(-HalfLives(*this, now));
}

void Row::Rebase(WallTime now) {
  const float factor = FactorAt(now);
  for (float& one : weight) one *= factor;
  epoch = now;
}

void Row::Add(std::size_t site, float rtt_more_ms, float loss_share, float samples, WallTime now) {
  if (HalfLives(*this, now) > kRebaseAfterHalfLives) Rebase(now);
  const float factor = FactorAt(now);
  const float added = samples / factor;
  weight[site] = std::min(weight[site] + added, kSamplesMax / factor);
  const float share = std::min(added / weight[site], 1.0F);
  rtt_ms[site] += share * (rtt_more_ms - rtt_ms[site]);
  loss[site] += share * (loss_share - loss[site]);
}

void Row::ForgetSite(std::size_t site) {
  rtt_ms[site] = loss[site] = weight[site] = 0;
}

Row* Rows::Find(std::uint64_t key) {
  if (key == 0) return nullptr;
  const auto found = index_.find(key);
  if (found == index_.end()) return nullptr;
  Row& row = At(found->second);
  row.asked = true;
  return &row;
}

// The second-chance clock: a row that was asked for since the hand passed is left for this round.
std::size_t Rows::MakeRoom() {
  for (;; hand_ = (hand_ + 1) % rows_max_) {
    Row& row = At(hand_);
    if (!row.asked) break;
    row.asked = false;
  }
  const std::size_t freed = hand_;
  index_.erase(At(freed).key);
  hand_ = (hand_ + 1) % rows_max_;
  return freed;
}

Row& Rows::FindOrAdd(std::uint64_t key, WallTime now) {
  CHECK(key != 0);
  if (Row* const row = Find(key)) return *row;
  const std::size_t at = index_.size() < rows_max_ ? index_.size() : MakeRoom();
  if (at / kChunkRows == chunks_.size()) {
    chunks_.push_back(std::make_unique<std::array<Row, kChunkRows>>());
  }
  Row& row = At(at);
  row = Row{};
  row.key = key;
  row.epoch = now;
  row.half_life = half_life_;
  index_.emplace(key, static_cast<std::uint32_t>(at));
  return row;
}

void Rows::ForgetSite(std::size_t site) {
  for (std::size_t i = 0; i < index_.size(); ++i) At(i).ForgetSite(site);
}

}  // namespace trunkline::picker
