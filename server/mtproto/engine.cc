#include "server/mtproto/engine.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "server/mtproto/bind_check.h"
#include "server/mtproto/handshake.h"
#include "server/mtproto/message_ids.h"
#include "server/mtproto/outputs.h"
#include "server/mtproto/sessions.h"

namespace trunkline::mtproto {
namespace {

// Of a plaintext packet: auth_key_id:long = 0, message_id:long, message_data_length:int.
constexpr std::size_t kPlainHead = 20;
constexpr std::size_t kNonceAt =
    kPlainHead + 4;  // every method of the key exchange begins with the nonce

std::uint64_t Spread(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

}  // namespace

std::uint64_t HomeHint(AuthKeyId key) {
  return Spread(static_cast<std::uint64_t>(key.value()));
}

std::uint64_t HomeHint(const Nonce& nonce) {
  return Spread(LoadLittle<std::uint64_t>(nonce.data()));
}

std::optional<std::uint64_t> HomeHint(ByteView packet) {
  if (packet.size() < kPlainHead + 4) return std::nullopt;
  const AuthKeyId key(LoadLittle<std::int64_t>(packet.data()));
  if (key) return HomeHint(key);
  if (packet.size() < kNonceAt + sizeof(Nonce)) return 0;  // refused by whoever gets it
  Nonce nonce;
  std::memcpy(nonce.data(), packet.data() + kNonceAt, nonce.size());
  return HomeHint(nonce);
}

struct Engine::Impl {
  Impl(EngineConfig config, Entropy* entropy)
      : handshakes(std::move(config.rsa_fingerprints), entropy, &ids, &outputs),
        sessions(config.salt_secret, entropy, &outputs, &ids) {}

  Outputs outputs;
  MessageIds ids;
  Handshakes handshakes;
  Sessions sessions;
};

Engine::Engine(EngineConfig config, Entropy* entropy)
    : impl_(std::make_unique<Impl>(std::move(config), entropy)) {}
Engine::~Engine() = default;

void Engine::Receive(LinkId link, ByteSpan packet, bool wants_quick_ack, WallTime now) {
  if (packet.size() < kPlainHead + 4) {
    impl_->outputs.Add(CloseLink{link, "packet too short"});
  } else if (LoadLittle<std::int64_t>(packet.data()) == 0) {
    impl_->handshakes.Receive(link, packet, now);
  } else {
    impl_->sessions.Receive(link, packet, wants_quick_ack, now);
  }
}

void Engine::LinkClosed(LinkId link, WallTime now) {
  impl_->sessions.LinkClosed(link, now);
}

void Engine::HandleComputed(Computed computed, WallTime now) {
  impl_->handshakes.HandleComputed(computed, now);
}

void Engine::KeyStored(const Nonce& nonce, bool taken, WallTime now) {
  impl_->handshakes.KeyStored(nonce, taken, now);
}

void Engine::InstallKey(KeyRecord record) {
  impl_->sessions.InstallKey(record);
}

void Engine::ForgetKey(AuthKeyId key, WallTime now) {
  impl_->sessions.ForgetKey(key, now);
}

void Engine::KeyDestroyed(SessionRef session, MessageId msg_id, bool existed, WallTime now) {
  impl_->sessions.KeyDestroyed(session, msg_id, existed, now);
}

bool Engine::CheckBinding(const Binding& binding, ByteView encrypted_message) const {
  const KeyState* const key = impl_->sessions.FindKey(binding.perm_key);
  return key != nullptr && !key->expires && ProvesBinding(key->key, binding, encrypted_message);
}

LinkId Engine::LinkOf(SessionRef session) {
  return impl_->sessions.LinkOf(session);
}

bool Engine::HasKey(AuthKeyId key) const {
  return impl_->sessions.FindKey(key) != nullptr;
}

std::optional<WallTime> Engine::TemporaryKeyExpiry(AuthKeyId key) const {
  const KeyState* const found = impl_->sessions.FindKey(key);
  return found == nullptr ? std::nullopt : found->expires;
}

void Engine::Answer(SessionRef session, MessageId msg_id, ByteView result, WallTime now) {
  impl_->sessions.Answer(session, msg_id, result, now);
}

bool Engine::Push(SessionRef session, ByteView updates, WallTime now) {
  return impl_->sessions.Push(session, updates, now);
}

void Engine::Tick(WallTime now) {
  impl_->handshakes.Tick(now);
  impl_->sessions.Tick(now);
}

std::optional<WallTime> Engine::NextDeadline() const {
  const std::optional<WallTime> first = impl_->handshakes.NextDeadline();
  const std::optional<WallTime> second = impl_->sessions.NextDeadline();
  if (!first || !second) return first ? first : second;
  return std::min(*first, *second);
}

bool Engine::PollReady(Output& output) {
  return impl_->outputs.Take(output);
}

bool Engine::Poll(Output& output) {
  if (impl_->outputs.Take(output)) return true;
  impl_->sessions.Flush();
  return impl_->outputs.Take(output);
}

Engine::Stats Engine::stats() const {
  Stats stats;
  stats.handshakes = impl_->handshakes.size();
  impl_->sessions.AddTo(stats);
  return stats;
}

}  // namespace trunkline::mtproto
