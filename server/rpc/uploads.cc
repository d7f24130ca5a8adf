#include "server/rpc/uploads.h"

#include <algorithm>

#include "server/rpc/limits.h"

namespace trunkline::rpc {

std::optional<RpcError> Uploads::TakePart(std::int64_t file, std::int32_t part, std::size_t bytes,
                                          WallTime now) {
  if (part < 0 || part >= kFilePartsMax) return RpcError{ErrorType::kFilePartInvalid};
  if (bytes == 0 || bytes > kFilePartBytesMax) return RpcError{ErrorType::kFilePartSizeInvalid};
  if (now >= window_start_ + kUploadWindow || now < window_start_) {
    window_start_ = now;
    window_bytes_ = 0;
  }
  const auto size = static_cast<std::int64_t>(bytes);
  if (window_bytes_ + size > kUploadBytesPerWindow) {
    const auto left = window_start_ + kUploadWindow - now;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left).count() + 1;
    return RpcError{ErrorType::kFloodWait, static_cast<std::uint32_t>(seconds)};
  }
  window_bytes_ += size;
  auto at = std::ranges::find(files_, file, &File::id);
  if (at == files_.end()) {
    if (files_.size() == kUploadsMax) files_.erase(files_.begin());
    at = files_.insert(files_.end(), File{file, 0});
  }
  at->bytes += size;
  return std::nullopt;
}

std::int64_t Uploads::Finish(std::int64_t file) {
  const auto at = std::ranges::find(files_, file, &File::id);
  if (at == files_.end()) return 0;
  const std::int64_t bytes = at->bytes;
  files_.erase(at);
  return bytes;
}

}  // namespace trunkline::rpc
