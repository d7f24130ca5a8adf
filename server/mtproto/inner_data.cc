#include "server/mtproto/inner_data.h"

#include <algorithm>
#include <array>

#include "common/check.h"
#include "common/crypto/aes.h"
#include "common/crypto/sha.h"
#include "common/secret.h"
#include "server/mtproto/pq.h"
#include "tl/mt_types.h"
#include "tl/runtime/codec.h"

namespace trunkline::mtproto {
namespace {

// RSA_PAD: temp_key XOR SHA256(rest), then IGE( reversed data, SHA256(temp_key, data) ).
constexpr std::size_t kTempKey = 32;
constexpr std::size_t kPaddedData = 192;
constexpr std::size_t kPaddedTail = kPaddedData + sizeof(crypto::Sha256Digest);
static_assert(kTempKey + kPaddedTail == sizeof(crypto::RsaBlock));

// Older form: a zero byte, SHA1(data), data, random bytes.
constexpr std::size_t kLegacyHashAt = 1;
constexpr std::size_t kLegacyDataAt = kLegacyHashAt + sizeof(crypto::Sha1Digest);
static_assert(kLegacyDataAt + kInnerBytesMax <= sizeof(crypto::RsaBlock));
static_assert(kInnerBytesMax <= kPaddedData);

// nullopt unless p, q and pq are numbers of at most 64 bits.
template <class C>
std::optional<InnerData> Copy(const C& from) {
  const auto pq = ReadBigEndian(from.pq);
  const auto p = ReadBigEndian(from.p);
  const auto q = ReadBigEndian(from.q);
  if (!pq || !p || !q) return std::nullopt;
  return InnerData{*pq, *p, *q, from.nonce, from.server_nonce, from.new_nonce, {}, {}};
}

template <class C>
std::optional<InnerData> CopyAll(const C& from) {
  auto inner = Copy(from);
  if (!inner) return inner;
  if constexpr (requires { from.dc; }) inner->dc = from.dc;
  if constexpr (requires { from.expires_in; }) inner->expires_in = from.expires_in;
  return inner;
}

std::optional<InnerData> CopyVariant(const tl::mt::AnyPQInnerData& any) {
  switch (any.id()) {
    case tl::mt::PQInnerData::kId:
      return CopyAll(*any.As<tl::mt::PQInnerData>());
    case tl::mt::PQInnerDataDc::kId:
      return CopyAll(*any.As<tl::mt::PQInnerDataDc>());
    case tl::mt::PQInnerDataTemp::kId:
      return CopyAll(*any.As<tl::mt::PQInnerDataTemp>());
    case tl::mt::PQInnerDataTempDc::kId:
      return CopyAll(*any.As<tl::mt::PQInnerDataTempDc>());
    default:
      return std::nullopt;
  }
}

// The object at the start of `bytes`; `consumed` gets its length, or all when there is none.
std::optional<InnerData> Parse(ByteView bytes, std::size_t& consumed) {
  tl::Arena arena(512, 4096);
  tl::Reader reader(bytes, &arena);
  const auto any = tl::Read<tl::mt::AnyPQInnerData>(reader);
  consumed = bytes.size() - reader.left();
  if (!reader.ok()) return std::nullopt;
  return CopyVariant(any);
}

struct PadOpened {
  bool authentic;
  std::array<std::uint8_t, kPaddedData> data;
};

PadOpened OpenPad(const crypto::RsaBlock& m) {
  const ByteView tail = ByteView(m).subspan(kTempKey);
  const crypto::Sha256Digest mask = crypto::Sha256(tail);
  crypto::IgeKey key{};
  for (std::size_t i = 0; i < kTempKey; ++i) {
    key.key[i] = static_cast<std::uint8_t>(m[i] ^ mask[i]);
  }
  std::array<std::uint8_t, kPaddedTail> opened;
  crypto::IgeDecrypt(key, tail, opened);
  PadOpened result;
  std::reverse_copy(opened.begin(), opened.begin() + kPaddedData, result.data.begin());
  const ByteView hash = ByteView(opened).subspan(kPaddedData);
  result.authentic = SecretEquals(crypto::Sha256({key.key, result.data}), hash);
  return result;
}

template <class C>
C Variant(const InnerData& inner, const BigEndian& pq, const BigEndian& p, const BigEndian& q) {
  C value;
  value.pq = pq.view();
  value.p = p.view();
  value.q = q.view();
  value.nonce = inner.nonce;
  value.server_nonce = inner.server_nonce;
  value.new_nonce = inner.new_nonce;
  if constexpr (requires { value.dc; }) value.dc = inner.dc.value_or(0);
  if constexpr (requires { value.expires_in; }) value.expires_in = inner.expires_in.value_or(0);
  return value;
}

// m < n, or the caller draws again.
crypto::RsaBlock MakePad(ByteView inner, Entropy& entropy) {
  std::array<std::uint8_t, kPaddedData> data;
  const auto end = std::copy(inner.begin(), inner.end(), data.begin());
  entropy.Fill(ByteSpan(end, data.end()));
  crypto::IgeKey key{};
  entropy.Fill(key.key);
  const crypto::Sha256Digest hash = crypto::Sha256({key.key, data});
  crypto::RsaBlock m;
  std::copy(hash.begin(), hash.end(),
            std::reverse_copy(data.begin(), data.end(), m.begin() + kTempKey));
  const ByteSpan tail = ByteSpan(m).subspan(kTempKey);
  crypto::IgeEncrypt(key, tail, tail);
  const crypto::Sha256Digest mask = crypto::Sha256(tail);
  for (std::size_t i = 0; i < kTempKey; ++i) {
    m[i] = static_cast<std::uint8_t>(key.key[i] ^ mask[i]);
  }
  return m;
}

crypto::RsaBlock MakeLegacy(ByteView inner, Entropy& entropy) {
  crypto::RsaBlock m;
  const crypto::Sha1Digest hash = crypto::Sha1(inner);
  m[0] = 0;
  std::copy(hash.begin(), hash.end(), m.begin() + kLegacyHashAt);
  const auto end = std::copy(inner.begin(), inner.end(), m.begin() + kLegacyDataAt);
  entropy.Fill(ByteSpan(end, m.end()));
  return m;
}

}  // namespace

std::optional<InnerData> UnwrapInner(const crypto::RsaBlock& m) {
  const PadOpened pad = OpenPad(m);
  std::size_t consumed = 0;
  const auto pad_inner = Parse(pad.data, consumed);

  const ByteView legacy_data = ByteView(m).subspan(kLegacyDataAt);
  const auto legacy_inner = Parse(legacy_data, consumed);
  const crypto::Sha1Digest hash = crypto::Sha1(legacy_data.first(consumed));
  const ByteView claimed = ByteView(m).subspan(kLegacyHashAt, hash.size());
  const bool legacy_hash_fits = SecretEquals(hash, claimed);
  const bool legacy_authentic = legacy_hash_fits && m[0] == 0;

  if (pad.authentic && pad_inner) return pad_inner;
  if (legacy_authentic && legacy_inner) return legacy_inner;
  return std::nullopt;
}

Bytes SerialiseInner(const InnerData& inner) {
  const BigEndian pq(inner.pq);
  const BigEndian p(inner.p);
  const BigEndian q(inner.q);
  Bytes out;
  if (inner.dc && inner.expires_in) {
    tl::AppendTo(out, Variant<tl::mt::PQInnerDataTempDc>(inner, pq, p, q));
  } else if (inner.dc) {
    tl::AppendTo(out, Variant<tl::mt::PQInnerDataDc>(inner, pq, p, q));
  } else if (inner.expires_in) {
    tl::AppendTo(out, Variant<tl::mt::PQInnerDataTemp>(inner, pq, p, q));
  } else {
    tl::AppendTo(out, Variant<tl::mt::PQInnerData>(inner, pq, p, q));
  }
  return out;
}

crypto::RsaBlock WrapInner(ByteView inner, RsaForm form, const crypto::RsaPublicKey& key,
                           Entropy& entropy) {
  CHECK(inner.size() <= kInnerBytesMax);
  crypto::RsaBlock c;
  if (form == RsaForm::kLegacy) {
    CHECK(key.Encrypt(MakeLegacy(inner, entropy), c));  // m[0] = 0, so m < n
    return c;
  }
  while (!key.Encrypt(MakePad(inner, entropy), c)) {
  }
  return c;
}

}  // namespace trunkline::mtproto
