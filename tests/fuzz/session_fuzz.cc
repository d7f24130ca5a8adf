// The session engine behind a known key: the input is a script of message bodies and of things that
// happen to a session. Crypto is on, since this side seals the packets. Beyond crashes it checks
// what must always hold: every packet opens, ids rise, the queue stays within its bound.
//
//   script: steps of  action:1 length:1 bytes[length * 4]
#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "common/check.h"
#include "common/crypto/message_key.h"
#include "server/mtproto/envelope.h"
#include "server/mtproto/message_ids.h"
#include "server/mtproto/outputs.h"
#include "server/mtproto/session_limits.h"
#include "server/mtproto/sessions.h"

namespace {

using namespace trunkline;           // NOLINT
using namespace trunkline::mtproto;  // NOLINT

class Script {
 public:
  explicit Script(ByteView bytes) : rest_(bytes) {
    entropy_.Fill(key_.mutable_view());
    key_id_ = AuthKeyId(crypto::AuthKeyIdOf(key_));
    sessions_.InstallKey(
        {.id = key_id_, .key = key_, .created = now_, .expires = {}, .first_salt = 0});
  }

  void Run() {
    while (rest_.size() >= 2) {
      const std::uint8_t action = rest_[0];
      const std::size_t size = std::min<std::size_t>(rest_[1] * 4u, rest_.size() - 2);
      const ByteView bytes = rest_.subspan(2, size);
      rest_ = rest_.subspan(2 + size);
      Do(action, bytes);
      Drain();
      // Four sessions, each with its bound and the notices that come on top.
      Engine::Stats stats;
      sessions_.AddTo(stats);
      CHECK(stats.unacked_bytes <= 4 * (kUnackedBytesMax + 1024));
    }
  }

 private:
  // The low bits choose what happens, the high ones the session and link it happens to.
  void Do(std::uint8_t action, ByteView bytes) {
    const SessionId session(1 + (action >> 6));
    const LinkId link(1 + ((action >> 4) & 3));
    switch (action & 15) {
      case 0:
      case 1:
      case 2:
        return Send(session, link, NextId(), (action & 1) != 0, bytes);
      case 3:  // as given: msg_id first
        if (bytes.size() < 12) return;
        return Send(session, link, MessageId(LoadLittle<std::int64_t>(bytes.data())), true,
                    bytes.subspan(8));
      case 4:  // the last id again
        return Send(session, link, MessageId(last_id_), true, bytes);
      case 5:
        if (last_query_) {
          sessions_.Answer(last_query_->session, last_query_->msg_id, Padded(bytes), now_);
        }
        return;
      case 6:
        sessions_.Push({key_id_, session}, Padded(bytes), now_);
        return;
      case 7:
        return sessions_.LinkClosed(link, now_);
      case 8:
      case 9:
        now_ += std::chrono::milliseconds(bytes.empty() ? 1000 : bytes[0] * bytes[0] * 20);
        return sessions_.Tick(now_);
      case 10: {  // a container around the bytes: sizes and ids are ours
        Bytes body(24 + bytes.size());
        StoreLittle(body.data(), 0x73f1f8dc);
        StoreLittle(body.data() + 4, 1);
        StoreLittle(body.data() + 8, NextId().value());
        StoreLittle(body.data() + 16, 1);
        StoreLittle(body.data() + 20, static_cast<std::uint32_t>(bytes.size()));
        std::copy(bytes.begin(), bytes.end(), body.begin() + 24);
        return Send(session, link, NextId(), false, body);
      }
      case 11: {  // acknowledges what came last
        Bytes body(20);
        StoreLittle(body.data(), 0x62d6b459);
        StoreLittle(body.data() + 4, 0x1cb5c415);
        StoreLittle(body.data() + 8, 1);
        StoreLittle(body.data() + 12, last_received_);
        return Send(session, link, NextId(), false, body);
      }
      default:
        return Send(session, link, NextId(), true, bytes);
    }
  }

  // TL comes in words, and no object is empty.
  static Bytes Padded(ByteView bytes) {
    Bytes padded(bytes.begin(), bytes.end());
    padded.resize((std::max<std::size_t>(padded.size(), 4) + 3) / 4 * 4);
    return padded;
  }

  MessageId NextId() {
    last_id_ = std::max(last_id_ + 4, MessageIdAt(now_).value());
    return MessageId(last_id_);
  }

  void Send(SessionId session, LinkId link, MessageId id, bool odd, ByteView body) {
    Bytes packet;
    SealMessage(key_id_, key_, crypto::Direction::kToServer,
                {.salt = salt_, .session = session, .msg_id = id, .seq_no = odd ? 1 : 0},
                Padded(body), entropy_, packet);
    sessions_.Receive(link, packet, true, now_);
  }

  void Drain() {
    Output output;
    sessions_.Flush();
    while (outputs_.Take(output)) {
      if (auto* query = std::get_if<Query>(&output)) last_query_ = std::move(*query);
      auto* send = std::get_if<SendPacket>(&output);
      if (send == nullptr) continue;
      const auto opened = OpenMessage(key_, crypto::Direction::kToClient, send->payload);
      CHECK(opened.ok());
      last_received_ = opened->header.msg_id.value();
      std::int64_t& last = last_outer_[opened->header.session.value() & 7];
      CHECK(last_received_ > last);
      last = last_received_;
      salt_ = opened->header.salt;
    }
  }

  ByteView rest_;
  SeededEntropy entropy_{1};
  WallTime now_ = FromUnixSeconds(1'700'000'000);
  Outputs outputs_;
  MessageIds ids_;
  Sessions sessions_{SecretBytes<32>(), &entropy_, &outputs_, &ids_};
  AuthKey key_;
  AuthKeyId key_id_;
  std::int64_t salt_ = 0;
  std::int64_t last_id_ = 0;
  std::int64_t last_received_ = 0;
  std::array<std::int64_t, 8> last_outer_{};  // by session
  std::optional<Query> last_query_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Script(ByteView(data, size)).Run();
  return 0;
}
