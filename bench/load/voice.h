// What a voice library sends through a relay, without the voice: pings until the relay answers,
// then a data packet each 20 ms, in the form of libtgvoip. Each packet says how many of the other
// side's have come, so both sides know when both have heard enough. Lives on its client's thread.
#pragma once

#include <array>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "common/bytes.h"

namespace trunkline::load {

class Voice {
 public:
  using Relay = boost::asio::ip::udp::endpoint;

  // `peer_tag`: 16 bytes, as phoneConnection has them. `enough` runs once, when `packets` of the
  // other side's have come and as many of ours have arrived there; sending goes on until the end.
  Voice(boost::asio::io_context& io, const Relay& relay, std::string_view peer_tag,
        std::uint32_t packets, std::function<void()> enough);

  bool relay_answered() const { return relay_answered_; }
  std::uint32_t received() const { return received_; }

 private:
  static constexpr std::chrono::milliseconds kEvery{20};
  static constexpr int kTicksAPing = 25;

  void Tick();
  void Send(ByteView packet);
  void Receive();
  void Take(ByteView packet);

  boost::asio::ip::udp::socket socket_;
  boost::asio::steady_timer timer_;
  std::array<std::uint8_t, 16> tag_{};
  std::array<std::uint8_t, 1500> input_;
  const std::uint32_t wanted_;
  std::function<void()> enough_;
  std::uint32_t received_ = 0, arrived_ = 0;
  int ticks_ = 0;
  bool relay_answered_ = false;
};

}  // namespace trunkline::load
