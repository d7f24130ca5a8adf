#include "bench/load/voice.h"

#include <algorithm>
#include <utility>

#include "boost/asio/buffer.hpp"
#include "common/check.h"

namespace trunkline::load {
namespace {

constexpr std::size_t kTagBytes = 16, kMarkAt = 16, kMarkBytes = 12, kKindAt = 28;
constexpr std::size_t kPingBytes = 40, kPongBytes = 64, kDataBytes = 160;
constexpr std::uint32_t kPing = 0xfffffffe;
// Of a data packet: where the count of received packets stands. What precedes isn't all ones.
constexpr std::size_t kCountAt = 32;

bool IsSpecial(ByteView packet) {
  const ByteView mark = packet.subspan(kMarkAt, kMarkBytes);
  return std::ranges::all_of(mark, [](std::uint8_t byte) { return byte == 0xff; });
}

}  // namespace

Voice::Voice(boost::asio::io_context& io, const Relay& relay, std::string_view peer_tag,
             std::uint32_t packets, std::function<void()> enough)
    : socket_(io), timer_(io), wanted_(packets), enough_(std::move(enough)) {
  CHECK(peer_tag.size() == kTagBytes);
  std::ranges::copy(AsBytes(peer_tag), tag_.begin());
  boost::system::error_code failed;  // shows as silence
  socket_.open(relay.protocol(), failed);
  socket_.connect(relay, failed);
  Receive();
  Tick();
}

void Voice::Tick() {
  if (!relay_answered_ && ticks_ % kTicksAPing == 0) {
    std::array<std::uint8_t, kPingBytes> ping{};
    std::ranges::copy(tag_, ping.begin());
    std::fill_n(ping.begin() + kMarkAt, kMarkBytes, std::uint8_t{0xff});
    StoreLittle(ping.data() + kKindAt, kPing);
    StoreLittle(ping.data() + kKindAt + 4, std::uint64_t(ticks_));
    Send(ping);
  }
  if (relay_answered_) {
    std::array<std::uint8_t, kDataBytes> data{};
    std::ranges::copy(tag_, data.begin());
    StoreLittle(data.data() + kCountAt, received_);
    Send(data);
  }
  ++ticks_;
  timer_.expires_after(kEvery);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) Tick();
  });
}

void Voice::Send(ByteView packet) {
  boost::system::error_code lost;
  socket_.send(boost::asio::buffer(packet.data(), packet.size()), 0, lost);
}

void Voice::Receive() {
  socket_.async_receive(boost::asio::buffer(input_),
                        [this](const boost::system::error_code& error, std::size_t size) {
                          if (error == boost::asio::error::operation_aborted) return;
                          if (!error) Take(ByteView(input_).first(size));
                          Receive();
                        });
}

void Voice::Take(ByteView packet) {
  if (packet.size() < kPingBytes || !std::ranges::equal(packet.first(kTagBytes), tag_)) return;
  if (IsSpecial(packet)) {
    relay_answered_ = relay_answered_ || packet.size() == kPongBytes;
    return;
  }
  ++received_;
  arrived_ = std::max(arrived_, LoadLittle<std::uint32_t>(packet.data() + kCountAt));
  if (received_ < wanted_ || arrived_ < wanted_ || !enough_) return;
  std::exchange(enough_, nullptr)();
}

}  // namespace trunkline::load
