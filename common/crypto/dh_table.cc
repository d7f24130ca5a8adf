#include "common/crypto/dh_table.h"

#include "common/check.h"

namespace trunkline::crypto {
namespace {

void Multiply(BIGNUM* product, const BIGNUM* a, const BIGNUM* b, BN_CTX* context) {
  CHECK(BN_mod_mul_montgomery(product, a, b, DhField::Instance().montgomery(), context) == 1);
}

}  // namespace

const DhField& DhField::Instance() {
  static const DhField field;
  return field;
}

DhField::DhField()
    : prime_(BN_bin2bn(DhPrime().data(), sizeof(DhNumber), nullptr)),
      montgomery_(BN_MONT_CTX_new()) {
  const BigContext context(BN_CTX_new());
  CHECK(prime_ && montgomery_ && context);
  CHECK(BN_MONT_CTX_set(montgomery_.get(), prime_.get(), context.get()) == 1);
}

const DhTable& DhTable::Instance() {
  static const DhTable table;
  return table;
}

DhTable::DhTable() : windows_(std::make_unique<std::array<Window, kWindows>>()) {
  const BigContext context(BN_CTX_new());
  const BigNum base(BN_new());   // 3^(16^w)
  const BigNum power(BN_new());  // base^d
  const BigNum one(BN_new());
  CHECK(context && base && power && one);
  BN_MONT_CTX* montgomery = DhField::Instance().montgomery();
  CHECK(BN_set_word(base.get(), static_cast<BN_ULONG>(kDhG)) == 1);
  CHECK(BN_to_montgomery(base.get(), base.get(), montgomery, context.get()) == 1);
  CHECK(BN_to_montgomery(one.get(), BN_value_one(), montgomery, context.get()) == 1);
  for (Window& window : *windows_) {
    CHECK(BN_copy(power.get(), one.get()) != nullptr);
    for (Entry& entry : window) {
      CHECK(BN_bn2lebinpad(power.get(), reinterpret_cast<std::uint8_t*>(entry.data()),
                           sizeof entry) == sizeof entry);
      Multiply(power.get(), power.get(), base.get(), context.get());
    }
    CHECK(BN_copy(base.get(), power.get()) != nullptr);
  }
}

void DhTable::Select(const Window& window, std::uint64_t digit, Entry& entry) {
  entry.fill(0);
  for (std::uint64_t i = 0; i < kEntries; ++i) {
    const std::uint64_t other = i ^ digit;                   // 0 only for the wanted one
    std::uint64_t mask = ((other | (0 - other)) >> 63) - 1;  // all ones then, else 0
    __asm__("" : "+r"(mask));  // the compiler must not turn the mask back into a branch
    for (std::size_t word = 0; word < kWords; ++word) entry[word] |= window[i][word] & mask;
  }
}

void DhTable::Power(const DhSecret& secret, DhNumber& result) const {
  const BigContext context(BN_CTX_new());
  const BigNum product(BN_new());
  const BigNum factor(BN_new());
  CHECK(context && product && factor);
  Entry entry;
  for (std::size_t w = 0; w < kWindows; ++w) {
    const std::uint8_t byte = secret.view()[sizeof(DhSecret) - 1 - w / 2];
    Select((*windows_)[w], w % 2 == 0 ? byte & 15u : byte >> 4, entry);
    BIGNUM* target = w == 0 ? product.get() : factor.get();
    CHECK(BN_lebin2bn(reinterpret_cast<const std::uint8_t*>(entry.data()), sizeof entry, target));
    if (w != 0) Multiply(product.get(), product.get(), factor.get(), context.get());
  }
  CHECK(BN_from_montgomery(product.get(), product.get(), DhField::Instance().montgomery(),
                           context.get()) == 1);
  CHECK(BN_bn2binpad(product.get(), result.data(), sizeof result) == sizeof result);
  Wipe(entry.data(), sizeof entry);
}

}  // namespace trunkline::crypto
