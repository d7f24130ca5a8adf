// A client of MTProto in a few lines, and the world it lives in: one engine, a virtual clock, no
// sockets. It does what it is told, wrong numbers included, and keeps everything the engine gave
// out.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "common/crypto/message_key.h"
#include "common/entropy.h"
#include "server/mtproto/engine.h"
#include "server/mtproto/envelope.h"
#include "server/mtproto/message_ids.h"
#include "tl/mt_types.h"
#include "tl/runtime/codec.h"

namespace trunkline::mtproto {

inline constexpr std::uint32_t kGetConfig =
    0xc4f9186b;  // help.getConfig: a query without arguments
inline constexpr std::uint32_t kUpdatesTooLongId = 0xe317af7e;

template <class T>
Bytes Serialized(const T& object) {
  Bytes bytes;
  tl::AppendTo(bytes, object);
  return bytes;
}

inline Bytes Words(std::initializer_list<std::uint32_t> words) {
  Bytes bytes(words.size() * 4);
  std::size_t at = 0;
  for (const std::uint32_t word : words) StoreLittle(bytes.data() + 4 * at++, word);
  return bytes;
}

// One message of the server, taken out of its packet and container.
struct Received {
  LinkId link;
  MessageHeader outer;
  MessageId id;
  std::int32_t seq_no = 0;
  Bytes body;
  bool contained = false;

  std::uint32_t constructor() const { return LoadLittle<std::uint32_t>(body.data()); }
};

struct World {
  World() : World(EngineConfig{.rsa_fingerprints = {1}, .salt_secret = Secret()}) {}
  explicit World(EngineConfig config) : engine(std::move(config), &entropy) {}

  static SecretBytes<32> Secret() {
    std::array<std::uint8_t, 32> bytes;
    bytes.fill(7);
    return SecretBytes<32>(bytes);
  }

  // Everything that leaves the engine, packets aside.
  template <class T>
  std::vector<T> Take() {
    Drain();
    std::vector<T> taken;
    std::erase_if(outputs, [&](Output& output) {
      T* const found = std::get_if<T>(&output);
      if (found != nullptr) taken.push_back(std::move(*found));
      return found != nullptr;
    });
    return taken;
  }
  void Drain() {
    Output output;
    while (engine.Poll(output)) outputs.push_back(std::move(output));
  }
  // Runs every deadline on the way.
  void Advance(Duration by) {
    const WallTime end = now + by;
    for (int turns = 0; turns < 100000; ++turns) {
      const std::optional<WallTime> next = engine.NextDeadline();
      if (!next || *next > end) break;
      now = std::max(now, *next);
      engine.Tick(now);
      Drain();
    }
    now = end;
  }

  WallTime now = FromUnixSeconds(1'700'000'100);
  SeededEntropy entropy{1};
  Engine engine;
  std::vector<Output> outputs;
};

class TestClient {
 public:
  // A permanent key, or one that lives `life`, known to the engine from now on.
  explicit TestClient(World& world, std::uint64_t seed = 1,
                      std::optional<Duration> life = std::nullopt)
      : session(static_cast<std::int64_t>(seed * 1000 + 1)), world_(&world) {
    SeededEntropy(seed * 77).Fill(key.mutable_view());
    key_id = AuthKeyId(crypto::AuthKeyIdOf(key));
    KeyRecord record{
        .id = key_id, .key = key, .created = world.now, .expires = {}, .first_salt = 4711};
    if (life) record.expires = world.now + *life;
    world.engine.InstallKey(record);
    salt = 4711;
  }
  // Another session of the same key.
  TestClient(const TestClient& other, SessionId other_session, LinkId other_link)
      : session(other_session),
        link(other_link),
        salt(other.salt),
        key(other.key),
        key_id(other.key_id),
        world_(other.world_) {}

  SessionRef ref() const { return {key_id, session}; }

  MessageId NextId() {
    last_id_ = std::max(last_id_ + 4, MessageIdAt(world_->now).value());
    return MessageId(last_id_);
  }
  std::int32_t NextSeqNo(bool content) {
    const std::int32_t seq_no = content_sent_ * 2 + (content ? 1 : 0);
    if (content) ++content_sent_;
    return seq_no;
  }

  struct Message {
    MessageId id;
    std::int32_t seq_no;
    Bytes body;
  };
  Message Make(Bytes body, bool content) { return {NextId(), NextSeqNo(content), std::move(body)}; }
  Message MakeQuery(std::uint32_t constructor = kGetConfig) {
    return Make(Words({constructor}), true);
  }
  Message MakeContainer(const std::vector<Message>& messages) {
    Bytes body = Words({tl::mt::MsgContainer::kId, static_cast<std::uint32_t>(messages.size())});
    for (const Message& message : messages) {
      Bytes head(16);
      StoreLittle(head.data(), message.id.value());
      StoreLittle(head.data() + 8, message.seq_no);
      StoreLittle(head.data() + 12, static_cast<std::uint32_t>(message.body.size()));
      body.insert(body.end(), head.begin(), head.end());
      body.insert(body.end(), message.body.begin(), message.body.end());
    }
    return Make(std::move(body), false);
  }

  Bytes Seal(const Message& message) {
    Bytes packet;
    SealMessage(key_id, key, crypto::Direction::kToServer,
                {.salt = salt, .session = session, .msg_id = message.id, .seq_no = message.seq_no},
                message.body, world_->entropy, packet);
    return packet;
  }
  // What the engine sends because of it, to this session.
  std::vector<Received> Send(const Message& message, bool wants_quick_ack = false) {
    Bytes packet = Seal(message);
    world_->engine.Receive(link, packet, wants_quick_ack, world_->now);
    return TakeReceived();
  }
  template <class T>
  std::vector<Received> SendService(const T& object, bool content = false) {
    return Send(Make(Serialized(object), content));
  }
  // The first message, so that the session is there and its notice acknowledged.
  void Begin() {
    std::vector<std::int64_t> ids;
    for (const Received& received : SendService(tl::mt::fn::Ping{.ping_id = 1}))
      ids.push_back(received.id.value());
    SendService(tl::mt::MsgsAck{.msg_ids = ids});
    world_->Drain();
  }

  std::vector<Received> TakeReceived() {
    world_->Drain();
    std::vector<Received> all;
    std::erase_if(world_->outputs, [&](Output& output) {
      SendPacket* const send = std::get_if<SendPacket>(&output);
      if (send == nullptr || PacketKeyId(send->payload) != key_id) return false;
      Bytes packet = send->payload;
      const auto opened = OpenMessage(key, crypto::Direction::kToClient, packet);
      CHECK(opened.ok());
      if (opened->header.session != session) return false;
      Split(send->link, *opened, all);
      return true;
    });
    return all;
  }

  // Parsed; valid until the next call. nullptr when the message is another constructor.
  template <class T>
  const T* As(const Received& received) {
    arena_.Reset();
    tl::Reader reader(received.body, &arena_);
    tl::mt::AnyObject object;
    if (!tl::mt::ReadObject(reader, object) || !reader.ExpectEnd()) return nullptr;
    return object.As<T>();
  }
  template <class T>
  const T* Find(const std::vector<Received>& all) {
    for (const Received& received : all) {
      if (const T* const found = As<T>(received)) return found;
    }
    return nullptr;
  }
  // The error code of the one bad_msg_notification about `id`; 0 without one.
  std::int32_t BadCode(const std::vector<Received>& all, MessageId id) {
    for (const Received& received : all) {
      const auto* const bad = As<tl::mt::BadMsgNotification>(received);
      if (bad != nullptr && bad->bad_msg_id == id.value()) return bad->error_code;
    }
    return 0;
  }

  SessionId session;
  LinkId link{1};
  std::int64_t salt = 0;
  AuthKey key;
  AuthKeyId key_id;

 private:
  static void Split(LinkId link, const OpenedMessage& opened, std::vector<Received>& all) {
    const Bytes body(opened.body.begin(), opened.body.end());
    if (LoadLittle<std::uint32_t>(body.data()) != tl::mt::MsgContainer::kId) {
      all.push_back({link, opened.header, opened.header.msg_id, opened.header.seq_no, body, false});
      return;
    }
    tl::Reader reader(ByteView(body).subspan(4), nullptr);
    for (std::size_t left = reader.Count(16); left > 0; --left) {
      Received received{link, opened.header, MessageId(reader.I64()), 0, {}, true};
      received.seq_no = reader.I32();
      const tl::RawObject raw = reader.RawOfLength(reader.I32());
      received.body.assign(raw.begin(), raw.end());
      CHECK(received.id < opened.header.msg_id);
      all.push_back(std::move(received));
    }
    CHECK(reader.ExpectEnd());
  }

  World* world_;
  std::int64_t last_id_ = 0;
  std::int32_t content_sent_ = 0;
  tl::Arena arena_;
};

}  // namespace trunkline::mtproto
