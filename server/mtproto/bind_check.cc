#include "server/mtproto/bind_check.h"

#include <algorithm>
#include <array>

#include "common/crypto/aes.h"
#include "common/crypto/message_key.h"
#include "common/crypto/sha.h"
#include "server/mtproto/session_limits.h"
#include "tl/mt_types.h"
#include "tl/runtime/reader.h"

namespace trunkline::mtproto {
namespace {

// Of the API, not of MTProto: the wrappers whose inside is looked at.
constexpr std::uint32_t kBindTempAuthKey = 0xcdd42a05;
constexpr std::uint32_t kInvokeWithLayer = 0xda9b0d0d;
constexpr std::uint32_t kInvokeAfterMsg = 0xcb9f372d;
constexpr std::uint32_t kInvokeWithoutUpdates = 0xbf9459b7;
constexpr std::uint32_t kInitConnection = 0xc1cd5ea9;

constexpr std::uint32_t kJsonNull = 0x3f6d7b68;
constexpr std::uint32_t kJsonBool = 0xc7345e6a;
constexpr std::uint32_t kJsonNumber = 0x2be0dfa4;
constexpr std::uint32_t kJsonString = 0xb71e767a;
constexpr std::uint32_t kJsonArray = 0xf7444763;
constexpr std::uint32_t kJsonObject = 0x99c1d49d;
constexpr std::uint32_t kJsonObjectValue = 0xc0de1bd9;

void SkipJson(tl::Reader& reader) {
  const tl::Reader::Nest nest(reader);
  const std::uint32_t id = reader.U32();
  if (!reader.ok()) return;
  switch (id) {
    case kJsonNull:
      return;
    case kJsonBool:
      reader.Bool();
      return;
    case kJsonNumber:
      reader.F64();
      return;
    case kJsonString:
      reader.Bytes();
      return;
    case kJsonArray:
    case kJsonObject:
      for (std::size_t left = reader.BoxedCount(4); left > 0 && reader.ok(); --left) {
        if (id == kJsonObject) {
          if (reader.U32() != kJsonObjectValue)
            return reader.Fail(tl::WireError::kUnknownConstructor);
          reader.Bytes();
        }
        SkipJson(reader);
      }
      return;
    default:
      reader.Unknown(id);
  }
}

// initConnection {X:Type} flags:# api_id:int device_model:string system_version:string
// app_version:string system_lang_code:string lang_pack:string lang_code:string
// proxy:flags.0?InputClientProxy params:flags.1?JSONValue query:!X
void SkipInitConnection(tl::Reader& reader) {
  const std::uint32_t flags = reader.U32();
  reader.I32();
  for (int text = 0; text < 6; ++text) reader.Bytes();
  if ((flags & 1) != 0) {
    reader.U32();
    reader.Bytes();
    reader.I32();
  }
  if ((flags & 2) != 0) SkipJson(reader);
}

// What a wrapper wraps; empty for anything else.
ByteView Unwrap(ByteView body) {
  tl::Reader reader(body, nullptr);
  switch (reader.U32()) {
    case kInvokeWithLayer:
      reader.I32();
      break;
    case kInvokeAfterMsg:
      reader.I64();
      break;
    case kInvokeWithoutUpdates:
      break;
    case kInitConnection:
      SkipInitConnection(reader);
      break;
    default:
      return {};
  }
  return reader.ok() ? reader.Rest() : ByteView();
}

}  // namespace

bool IsBindTempAuthKey(ByteView body, Gzip& gzip, Bytes& scratch) {
  bool unpacked = false;
  for (int depth = 0; depth <= kWrapperDepthMax && body.size() >= 4; ++depth) {
    const auto id = LoadLittle<std::uint32_t>(body.data());
    if (id == kBindTempAuthKey) return true;
    if (id != tl::mt::GzipPacked::kId) {
      body = Unwrap(body);
      continue;
    }
    tl::Reader reader(body.subspan(4), nullptr);
    if (unpacked || !gzip.Inflate(AsBytes(reader.Bytes()), scratch)) return false;
    unpacked = true;
    body = scratch;
  }
  return false;
}

bool ProvesBinding(const AuthKey& perm_key, const Engine::Binding& binding,
                   ByteView encrypted_message) {
  constexpr std::size_t kHead = 24;    // perm_auth_key_id:long msg_key:int128
  constexpr std::size_t kHashed = 72;  // random:int128 msg_id:long seq_no:int length:int inner
  constexpr std::size_t kCipher = 80;  // and 8 bytes of padding
  constexpr std::int32_t kInner = 40;
  if (encrypted_message.size() != kHead + kCipher) return false;
  if (LoadLittle<std::int64_t>(encrypted_message.data()) != binding.perm_key.value()) return false;
  crypto::MessageKey message_key;
  std::ranges::copy(encrypted_message.subspan(8, 16), message_key.begin());

  std::array<std::uint8_t, kCipher> plain;
  crypto::IgeDecrypt(crypto::DeriveIgeKeyV1(perm_key, message_key, crypto::Direction::kToServer),
                     encrypted_message.subspan(kHead), plain);
  const crypto::Sha1Digest digest = crypto::Sha1(ByteView(plain).first(kHashed));
  if (!SecretEquals(ByteView(digest).subspan(4, 16), message_key)) return false;

  tl::Reader reader(ByteView(plain).first(kHashed).subspan(16), nullptr);
  bool equal = reader.I64() == binding.msg_id.value();
  equal &= reader.I32() == 0;
  equal &= reader.I32() == kInner;
  equal &= reader.U32() == tl::mt::BindAuthKeyInner::kId;
  equal &= reader.I64() == binding.nonce;
  equal &= reader.I64() == binding.temp_key.value();
  equal &= reader.I64() == binding.perm_key.value();
  equal &= reader.I64() == binding.temp_session.value();
  equal &= reader.I32() == binding.expires_at;
  return equal && reader.ExpectEnd();
}

}  // namespace trunkline::mtproto
