#include <algorithm>

#include "common/check.h"
#include "common/crypto/aes.h"
#include "common/crypto/aes_ni.h"
#include "common/crypto/openssl.h"
#include "common/secret.h"

namespace trunkline::crypto {
namespace {

CtrCounter CounterOf(const std::array<std::uint8_t, kAesBlockBytes>& block) {
  return {__builtin_bswap64(LoadLittle<std::uint64_t>(block.data())),
          __builtin_bswap64(LoadLittle<std::uint64_t>(block.data() + 8))};
}

std::array<std::uint8_t, kAesBlockBytes> BlockOf(CtrCounter counter) {
  std::array<std::uint8_t, kAesBlockBytes> block;
  StoreLittle(block.data(), __builtin_bswap64(counter.high));
  StoreLittle(block.data() + 8, __builtin_bswap64(counter.low));
  return block;
}

void ApplyPortable(const std::array<std::uint8_t, 32>& key,
                   const std::array<std::uint8_t, kAesBlockBytes>& counter, ByteSpan in_place) {
  const CipherContext context(EVP_CIPHER_CTX_new());
  CHECK(context != nullptr);
  CHECK(EVP_EncryptInit_ex2(context.get(), EVP_aes_256_ctr(), key.data(), counter.data(),
                            nullptr) == 1);
  int written = 0;
  CHECK(EVP_EncryptUpdate(context.get(), in_place.data(), &written, in_place.data(),
                          static_cast<int>(in_place.size())) == 1);
}

}  // namespace

AesCtr::AesCtr(std::span<const std::uint8_t, 32> key, std::span<const std::uint8_t, 16> iv) {
  std::copy(key.begin(), key.end(), key_.begin());
  std::copy(iv.begin(), iv.end(), counter_.begin());
}

AesCtr::~AesCtr() {
  Wipe(key_.data(), key_.size());
  Wipe(stream_.data(), stream_.size());
}

void AesCtr::ApplyBlocks(ByteSpan in_place) {
  const std::size_t blocks = in_place.size() / kAesBlockBytes;
  CtrCounter counter = CounterOf(counter_);
  if (IgeHardwareAvailable()) {
    CtrApplyNi(key_.data(), counter, in_place.data(), blocks);
  } else {
    ApplyPortable(key_, counter_, in_place);
  }
  counter.Advance(blocks);
  counter_ = BlockOf(counter);
}

void AesCtr::Apply(ByteSpan in_place) {
  const std::size_t left_over = std::min<std::size_t>(in_place.size(), left_);
  for (std::size_t i = 0; i < left_over; ++i) in_place[i] ^= stream_[kAesBlockBytes - left_ + i];
  left_ = static_cast<std::uint8_t>(left_ - left_over);
  in_place = in_place.subspan(left_over);

  const std::size_t whole = in_place.size() / kAesBlockBytes * kAesBlockBytes;
  if (whole != 0) ApplyBlocks(in_place.first(whole));
  in_place = in_place.subspan(whole);
  if (in_place.empty()) return;

  stream_.fill(0);
  ApplyBlocks(stream_);
  for (std::size_t i = 0; i < in_place.size(); ++i) in_place[i] ^= stream_[i];
  left_ = static_cast<std::uint8_t>(kAesBlockBytes - in_place.size());
}

}  // namespace trunkline::crypto
