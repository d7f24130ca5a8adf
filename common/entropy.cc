#include "common/entropy.h"

#include <sys/random.h>

#include <cerrno>

#include "common/check.h"
#include "common/secret.h"

namespace trunkline {
namespace {

void FillFromSystem(ByteSpan out) {
  while (!out.empty()) {
    const ssize_t got = getrandom(out.data(), out.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    CHECK(got > 0);
    out = out.subspan(static_cast<std::size_t>(got));
  }
}

}  // namespace

void SystemEntropy::Fill(ByteSpan out) {
  if (out.size() > pool_.size() / 4) return FillFromSystem(out);
  if (out.size() > pool_.size() - used_) {
    FillFromSystem(pool_);
    used_ = 0;
  }
  std::memcpy(out.data(), pool_.data() + used_, out.size());
  Wipe(pool_.data() + used_, out.size());
  used_ += out.size();
}

void SeededEntropy::Fill(ByteSpan out) {
  std::size_t filled = 0;
  while (filled < out.size()) {
    // splitmix64
    std::uint64_t x = (state_ += 0x9e3779b97f4a7c15u);
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    x ^= x >> 31;
    const std::size_t step = std::min<std::size_t>(8, out.size() - filled);
    std::memcpy(out.data() + filled, &x, step);
    filled += step;
  }
}

}  // namespace trunkline
