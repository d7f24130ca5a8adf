// What one device uploads: the parts of call logs. They are counted and thrown away; the counts are
// what a quota and phone.saveCallLog need.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "common/time.h"
#include "server/rpc/error.h"

namespace trunkline::rpc {

class Uploads {
 public:
  // upload.saveFilePart, saveBigFilePart. nullopt: taken.
  std::optional<RpcError> TakePart(std::int64_t file, std::int32_t part, std::size_t bytes,
                                   WallTime now);
  // phone.saveCallLog: how many bytes came for the file, which is forgotten; 0 if it isn't known.
  std::int64_t Finish(std::int64_t file);

 private:
  struct File {
    std::int64_t id = 0;
    std::int64_t bytes = 0;
  };
  std::vector<File> files_;  // oldest first
  WallTime window_start_{};
  std::int64_t window_bytes_ = 0;
};

}  // namespace trunkline::rpc
