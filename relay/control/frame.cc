#include <algorithm>

#include "relay/control/limits.h"
#include "relay/control/messages.h"

namespace trunkline::relay::control {

FrameReader::Next FrameReader::Take(ByteView& bytes, std::size_t bytes_max) {
  if (whole_) {
    whole_ = false;
    header_bytes_ = 0;
    payload_.clear();
  }
  while (header_bytes_ < kFrameHeaderBytes) {
    if (bytes.empty()) return Next::kMore;
    header_[header_bytes_++] = bytes.front();
    bytes = bytes.subspan(1);
    if (header_bytes_ < kFrameHeaderBytes) continue;
    size_ = std::size_t{header_[0]} << 24 | std::size_t{header_[1]} << 16 |
            std::size_t{header_[2]} << 8 | header_[3];
    if (size_ != 0 && size_ <= bytes_max) continue;
    header_bytes_ = 0;
    bytes = {};
    return Next::kBad;
  }
  const std::size_t taken = std::min(bytes.size(), size_ - payload_.size());
  payload_.insert(payload_.end(), bytes.begin(),
                  bytes.begin() + static_cast<std::ptrdiff_t>(taken));
  bytes = bytes.subspan(taken);
  whole_ = payload_.size() == size_;
  return whole_ ? Next::kFrame : Next::kMore;
}

}  // namespace trunkline::relay::control
