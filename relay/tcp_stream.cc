#include "relay/tcp_stream.h"

#include <algorithm>
#include <array>

namespace trunkline::relay {
namespace {

constexpr std::uint32_t kPlainMagic = 0xeeeeeeee;
constexpr std::uint32_t kAbridgedTag = 0xefefefef;
constexpr std::size_t kInitBytes = 64, kKeyAt = 8, kIvAt = 40, kTagAt = 56;
constexpr std::uint8_t kLongLength = 0x7f;

}  // namespace

void TcpStream::Receive(ByteSpan chunk) {
  if (!close_reason_.empty()) return;
  if (streams_) streams_->to_relay.Apply(chunk);
  input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(read_));
  read_ = 0;
  input_.insert(input_.end(), chunk.begin(), chunk.end());
}

TcpStream::Next TcpStream::Close(std::string_view reason) {
  close_reason_ = reason;
  input_.clear();
  read_ = 0;
  return Next::kClose;
}

bool TcpStream::Detect() {
  if (input_.size() < sizeof kPlainMagic) return false;
  if (LoadLittle<std::uint32_t>(input_.data()) != kPlainMagic) return DetectObfuscated();
  read_ = sizeof kPlainMagic;
  dialect_ = Dialect::kPlain;
  return true;
}

bool TcpStream::DetectObfuscated() {
  if (input_.size() < kInitBytes) return false;
  std::array<std::uint8_t, kTagAt - kKeyAt> keys, reversed;
  std::copy_n(input_.begin() + kKeyAt, keys.size(), keys.begin());
  std::reverse_copy(keys.begin(), keys.end(), reversed.begin());
  constexpr std::size_t kKeyBytes = kIvAt - kKeyAt;
  const auto cipher = [](const auto& from) {
    const std::span<const std::uint8_t, kTagAt - kKeyAt> bytes(from);
    return crypto::AesCtr(bytes.template first<kKeyBytes>(), bytes.template last<16>());
  };
  streams_ = std::make_unique<Streams>(Streams{cipher(keys), cipher(reversed)});
  // The key stream runs over the whole init, though only its end travels enciphered.
  streams_->to_relay.Apply(input_);
  if (LoadLittle<std::uint32_t>(input_.data() + kTagAt) != kAbridgedTag) {
    Close("unknown dialect");
    return false;
  }
  read_ = kInitBytes;
  dialect_ = Dialect::kObfuscated;
  return true;
}

// False: more bytes are needed.
bool TcpStream::ReadLength(std::size_t& header, std::size_t& size) {
  const ByteView bytes = ByteView(input_).subspan(read_);
  if (dialect_ == Dialect::kPlain) {
    header = 4;
    if (bytes.size() < header) return false;
    size = LoadLittle<std::uint32_t>(bytes.data());
    return true;
  }
  if (bytes.empty()) return false;
  header = bytes[0] == kLongLength ? 4 : 1;
  if (bytes.size() < header) return false;
  // Above 7F there is no meaning: it counts as a length that nobody sends.
  std::size_t words = bytes[0] < kLongLength ? bytes[0] : kPlainFrameBytesMax;
  if (header == 4) words = LoadLittle<std::uint32_t>(bytes.data()) >> 8;
  size = words * 4;
  return true;
}

TcpStream::Next TcpStream::Poll(ByteView& frame) {
  if (!close_reason_.empty()) return Next::kClose;
  if (dialect_ == Dialect::kUnknown && !Detect()) {
    return close_reason_.empty() ? Next::kMore : Next::kClose;
  }
  for (;;) {
    const std::size_t skipped = std::min(skip_, input_.size() - read_);
    read_ += skipped;
    skip_ -= skipped;
    std::size_t header = 0, size = 0;
    if (skip_ != 0 || !ReadLength(header, size)) return Next::kMore;
    // An obfuscated client accepts no more than a packet, and sends no more.
    const bool plain = dialect_ == Dialect::kPlain;
    if (size > (plain ? kPlainFrameBytesMax : kPacketBytesMax)) return Close("frame too long");
    if (size == 0) return Close("empty frame");
    if (size > kPacketBytesMax) {
      skip_ = header + size;
      continue;
    }
    if (input_.size() - read_ < header + size) return Next::kMore;
    frame = ByteView(input_).subspan(read_ + header, size);
    read_ += header + size;
    return Next::kFrame;
  }
}

bool TcpStream::Append(ByteView packet, Bytes& out) {
  const std::size_t from = out.size();
  if (dialect_ == Dialect::kPlain) {
    out.resize(from + 4);
    StoreLittle(out.data() + from, static_cast<std::uint32_t>(packet.size()));
    out.insert(out.end(), packet.begin(), packet.end());
    return true;
  }
  // Lengths count words; a packet that doesn't fit could not be deciphered with padding behind it.
  if (dialect_ != Dialect::kObfuscated || packet.size() % 4 != 0) return false;
  const std::size_t words = packet.size() / 4;
  if (words < kLongLength) {
    out.push_back(static_cast<std::uint8_t>(words));
  } else {
    out.resize(from + 4);
    StoreLittle(out.data() + from, static_cast<std::uint32_t>(words << 8 | kLongLength));
  }
  out.insert(out.end(), packet.begin(), packet.end());
  streams_->to_client.Apply(ByteSpan(out).subspan(from));
  return true;
}

}  // namespace trunkline::relay
