#include "tests/e2e/sealed_link.h"

#include <algorithm>
#include <utility>

#include "server/mtproto/envelope.h"

namespace trunkline::e2e {
namespace {

namespace mt = tl::mt;

constexpr std::size_t kLengthBytes = 4;
constexpr int kPacketsMax = 100;

}  // namespace

SealedLink::SealedLink(Device& device, Entropy* entropy)
    : key_(*device.client().key()),
      salt_(device.client().session()->salt()),
      session_(static_cast<std::int64_t>(entropy->U64() | 1)),
      entropy_(entropy),
      link_(device.client().options().server) {}

MessageId SealedLink::NewId() {
  const std::int64_t now = UnixSeconds(std::chrono::system_clock::now()) << 32;
  last_id_ = std::max(last_id_ + 4, now);
  return MessageId(last_id_);
}

// The intermediate transport: a length before each packet.
Bytes SealedLink::Seal(MessageId id, std::int32_t seq_no, ByteView body) {
  Bytes frame;
  if (!std::exchange(started_, true)) frame = FromHex("eeeeeeee");
  const std::size_t start = frame.size();
  frame.resize(start + kLengthBytes);
  mtproto::SealMessage(key_.id, key_.key, crypto::Direction::kToServer,
                       {.salt = salt_, .session = session_, .msg_id = id, .seq_no = seq_no}, body,
                       *entropy_, frame);
  StoreLittle(frame.data() + start,
              static_cast<std::uint32_t>(frame.size() - start - kLengthBytes));
  return frame;
}

bool SealedLink::Send(MessageId id, std::int32_t seq_no, ByteView body) {
  return link_.Send(Seal(id, seq_no, body));
}

bool SealedLink::SendQueryWithin(ByteView body, int patience_ms) {
  return link_.SendWithin(Seal(NewId(), 2 * queries_++ + 1, body), patience_ms);
}

bool SealedLink::Receive() {
  Bytes more;
  if (link_.Receive(more) != RawLink::End::kBytes) return false;
  in_.insert(in_.end(), more.begin(), more.end());
  return true;
}

template <class Found>
bool SealedLink::Await(Found found) {
  for (int i = 0; i < kPacketsMax; ++i) {
    while (in_.size() < kLengthBytes ||
           in_.size() < kLengthBytes + LoadLittle<std::uint32_t>(in_.data())) {
      if (!Receive()) return false;
    }
    const std::size_t length = LoadLittle<std::uint32_t>(in_.data());
    Bytes packet(in_.begin() + kLengthBytes,
                 in_.begin() + static_cast<std::ptrdiff_t>(kLengthBytes + length));
    in_.erase(in_.begin(), in_.begin() + static_cast<std::ptrdiff_t>(kLengthBytes + length));
    const auto opened = mtproto::OpenMessage(key_.key, crypto::Direction::kToClient, packet);
    if (!opened) return false;
    arena_.Reset();
    tl::Reader reader(opened->body, &arena_);
    mt::AnyObject object;
    if (!mt::ReadObject(reader, object)) continue;
    const auto* container = object.As<mt::MsgContainer>();
    if (container == nullptr && found(object)) return true;
    for (std::size_t at = 0; container != nullptr && at < container->messages.size(); ++at) {
      tl::Reader inner(container->messages[at].body, &arena_);
      if (mt::ReadObject(inner, object) && found(object)) return true;
    }
  }
  return false;
}

std::int32_t SealedLink::AwaitBadMessage(MessageId about) {
  std::int32_t code = 0;
  Await([&](const mt::AnyObject& object) {
    const auto* notice = object.As<mt::BadMsgNotification>();
    if (notice == nullptr || notice->bad_msg_id != about.value()) return false;
    code = notice->error_code;
    return true;
  });
  return code;
}

bool SealedLink::Pings() {
  Bytes body;
  tl::AppendTo(body, mt::fn::Ping{.ping_id = 77});
  if (!Send(NewId(), 2 * queries_, body)) return false;
  return Await([](const mt::AnyObject& object) {
    const auto* pong = object.As<mt::Pong>();
    return pong != nullptr && pong->ping_id == 77;
  });
}

}  // namespace trunkline::e2e
