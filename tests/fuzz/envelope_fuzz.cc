// Encrypted packets. Byte 0 even: the rest is a packet as it arrives. Odd: the rest is a plaintext,
// sealed here, so that what lies behind the message key is reached.
#include <algorithm>
#include <cstdlib>

#include "common/crypto/aes.h"
#include "server/mtproto/envelope.h"

namespace {

using namespace trunkline;
using namespace trunkline::mtproto;
using crypto::Direction;

void CheckBody(ByteSpan whole, const OpenedMessage& opened) {
  const std::size_t body = opened.body.size();
  const bool inside = opened.body.data() >= whole.data() + kMessageHeaderBytes &&
                      opened.body.data() + body <= whole.data() + whole.size();
  if (!inside || body % 4 != 0 || body < kBodyBytesMin) std::abort();
}

void RunPacket(const AuthKey& key, Bytes packet) {
  const auto opened = OpenMessage(key, Direction::kToServer, packet);
  // One seed is authentic; the fuzzer itself can't forge a message key.
  if (opened) CheckBody(ByteSpan(packet).subspan(kEnvelopeHeaderBytes), *opened);
}

void RunPlaintext(const AuthKey& key, Bytes plaintext) {
  plaintext.resize(plaintext.size() / 16 * 16);
  Bytes parsed = plaintext;
  const auto direct = ParsePlaintext(parsed);
  if (direct) CheckBody(parsed, *direct);

  const auto message_key = crypto::MakeMessageKey(key, plaintext, Direction::kToServer);
  Bytes packet(kEnvelopeHeaderBytes + plaintext.size());
  std::copy(message_key.begin(), message_key.end(), packet.begin() + 8);
  crypto::IgeEncrypt(crypto::DeriveIgeKey(key, message_key, Direction::kToServer), plaintext,
                     ByteSpan(packet).subspan(kEnvelopeHeaderBytes));
  const auto opened = OpenMessage(key, Direction::kToServer, packet);
  if (opened.ok() != direct.ok()) std::abort();
  if (opened) CheckBody(ByteSpan(packet).subspan(kEnvelopeHeaderBytes), *opened);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const AuthKey key = [] {
    AuthKey counting;
    std::uint8_t next = 0;
    for (std::uint8_t& byte : counting.mutable_view()) byte = next++;
    return counting;
  }();
  if (size == 0) return 0;
  Bytes rest(data + 1, data + size);
  if (data[0] % 2 == 0) {
    RunPacket(key, std::move(rest));
  } else {
    RunPlaintext(key, std::move(rest));
  }
  return 0;
}
