#include "common/crypto/sha_lanes.h"

#include <gtest/gtest.h>

#include <vector>

#include "common/entropy.h"

namespace trunkline::crypto {
namespace {

using internal::ShaLanes;

// Every length around the ends of blocks, cut in two anywhere, in every number of lanes.
TEST(ShaLanesTest, EveryWayGivesTheDigestsOfOneByOne) {
  SeededEntropy entropy(3);
  Bytes text(200);
  entropy.Fill(text);
  for (const ShaLanes lanes : {ShaLanes::kNone, ShaLanes::kAvx2, ShaLanes::kAvx512}) {
    if (!internal::Available(lanes)) continue;
    for (std::size_t count = 0; count <= 20; ++count) {
      std::vector<Sha256Job> jobs(count);
      std::vector<Sha256Digest> digests(count);
      for (std::size_t size = 0; size + count < text.size(); ++size) {
        for (std::size_t i = 0; i < count; ++i) {
          // Neighbours of other lengths, so that some are through before others.
          const ByteView message = ByteView(text).first(i % 3 == 0 ? size + i : size * i / 20);
          const std::size_t cut = message.size() * (size % 5) / 4;
          jobs[i] = {message.first(cut), message.subspan(cut), &digests[i]};
        }
        internal::Sha256Many(lanes, jobs);
        for (std::size_t i = 0; i < count; ++i) {
          ASSERT_EQ(digests[i], Sha256({jobs[i].first, jobs[i].second}))
              << static_cast<int>(lanes) << " " << count << " " << size << " " << i;
        }
      }
    }
  }
}

TEST(ShaLanesTest, TheBestWayIsTaken) {
  const Bytes message(1000, 7);
  Sha256Digest digests[9];
  std::vector<Sha256Job> jobs;
  for (Sha256Digest& digest : digests) jobs.push_back({message, {}, &digest});
  Sha256Many(jobs);
  for (const Sha256Digest& digest : digests) EXPECT_EQ(digest, Sha256(message));
}

}  // namespace
}  // namespace trunkline::crypto
