// What was learned about groups of clients (a prefix, a network, a country): a row per group, in it
// a cell per site. A capped table; when it is full, a row that no pick has asked for lately makes
// room.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "common/time.h"
#include "server/picker/limits.h"

namespace trunkline::picker {

// Weights grow with time instead of decaying, so that an idle row costs nothing: a sample made at t
// weighs 2^((t - epoch) / half-life), and all of a row are read with one common factor.
struct Row {
  std::uint64_t key = 0;
  WallTime epoch{};
  Duration half_life{};
  bool asked = false;
  std::array<float, kSitesMax> rtt_ms{};  // mean of what was not foreseen
  std::array<float, kSitesMax> loss{};
  std::array<float, kSitesMax> weight{};

  // Has the processor fetch what is about to be read.
  void Prefetch(std::size_t sites) const;
  // The factor that turns a weight into a number of samples as of `now`.
  float FactorAt(WallTime now) const;
  void Add(std::size_t site, float rtt_more_ms, float loss_share, float samples, WallTime now);
  void ForgetSite(std::size_t site);

 private:
  void Rebase(WallTime now);
};

class Rows {
 public:
  explicit Rows(std::size_t rows_max, Duration half_life = kHalfLife)
      : rows_max_(rows_max), half_life_(half_life) {}

  // Marks the row as asked for. nullptr when nothing is known; so for key 0.
  Row* Find(std::uint64_t key);
  Row& FindOrAdd(std::uint64_t key, WallTime now);
  void ForgetSite(std::size_t site);
  std::size_t size() const { return index_.size(); }

 private:
  static constexpr std::size_t kChunkRows = 64;
  Row& At(std::size_t row) { return (*chunks_[row / kChunkRows])[row % kChunkRows]; }
  std::size_t MakeRoom();

  std::size_t rows_max_, hand_ = 0;
  Duration half_life_;
  absl::flat_hash_map<std::uint64_t, std::uint32_t> index_;
  std::vector<std::unique_ptr<std::array<Row, kChunkRows>>> chunks_;  // rows never move
};

}  // namespace trunkline::picker
