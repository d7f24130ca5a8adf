// A node on a directory of its own, and a blocking client of it.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "boost/asio/buffer.hpp"
#include "boost/asio/io_context.hpp"
#include "boost/asio/ip/tcp.hpp"
#include "boost/asio/write.hpp"
#include "common/bytes.h"
#include "common/entropy.h"
#include "server/io/node.h"
#include "server/mtproto/client_transport.h"
#include "tests/support/temp_dir.h"

namespace trunkline::io {

using namespace std::chrono_literals;

// Drawing a key takes seconds on a busy machine: one for all directories, but for the test of a
// first start.
inline void PutKey(const TempDir& dir) {
  static const std::string pem = [] {
    const auto key = crypto::RsaPrivateKey::Generate();
    return key.ok() ? key->PrivatePem() : std::string();
  }();
  dir.Write("server_key.pem", pem);
}

inline NodeConfig TestConfig(const TempDir& dir) {
  if (!std::filesystem::exists(dir / "server_key.pem")) PutKey(dir);
  NodeConfig config;
  config.data_dir = dir.path();
  config.listen = {{"127.0.0.1", 0}};
  config.durability = Durability::kNone;
  config.book.test_code = "12345";
  return config;
}

inline std::unique_ptr<Node> StartNode(const NodeConfig& config) {
  auto node = Node::Start(config);
  if (!node.ok()) {
    ADD_FAILURE() << node.status();
    return nullptr;
  }
  return std::move(*node);
}

// One TCP connection. Waits are bounded by kPatience and fail the test when it ends.
class TestClient {
 public:
  static constexpr std::chrono::seconds kPatience{30};
  using Kind = mtproto::TransportKind;
  using Next = mtproto::ClientTransport::Next;

  explicit TestClient(const Node& node, mtproto::ClientTransportOptions options = {})
      : transport_(options) {
    const HostPort& address = node.addresses().front();
    socket_.connect({boost::asio::ip::make_address(address.host), address.port});
  }

  void SendRaw(ByteView bytes) {
    boost::system::error_code ignored;  // the server may have closed
    boost::asio::write(socket_, boost::asio::buffer(bytes.data(), bytes.size()), ignored);
  }
  void Send(ByteView packet) {
    Bytes framed;
    transport_.AppendPacket(packet, false, entropy_, framed);
    SendRaw(framed);
  }

  // What comes next; kMore: the peer closed.
  Next Receive() {
    for (;;) {
      const Next next = transport_.Poll(frame_);
      if (next != Next::kMore) return next;
      if (!WaitReadable()) return Next::kMore;
      boost::system::error_code error;
      const std::size_t bytes = socket_.read_some(boost::asio::buffer(input_), error);
      if (error) return Next::kMore;
      transport_.Receive(ByteSpan(input_.data(), bytes));
    }
  }
  const mtproto::ServerFrame& frame() const { return frame_; }

  // Whether the peer closes, whatever it sends before.
  bool AwaitClose() {
    for (;;) {
      if (!WaitReadable()) return false;
      boost::system::error_code error;
      socket_.read_some(boost::asio::buffer(input_), error);
      if (error) return true;
    }
  }

  boost::asio::ip::tcp::socket& socket() { return socket_; }
  Entropy& entropy() { return entropy_; }

 private:
  bool WaitReadable() {
    pollfd ready{.fd = socket_.native_handle(), .events = POLLIN, .revents = 0};
    const int count =
        poll(&ready, 1, static_cast<int>(std::chrono::milliseconds(kPatience).count()));
    EXPECT_EQ(count, 1) << "nothing came from the server";
    return count == 1;
  }

  boost::asio::io_context context_;
  boost::asio::ip::tcp::socket socket_{context_};
  mtproto::ClientTransport transport_;
  mtproto::ServerFrame frame_;
  SeededEntropy entropy_{1};
  std::array<std::uint8_t, 65536> input_;
};

// req_pq_multi#be7e8ef1 nonce:int128 as a plaintext packet.
inline Bytes ReqPqPacket(std::uint8_t nonce) {
  Bytes packet(40, nonce);
  StoreLittle<std::int64_t>(packet.data(), 0);
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(
      std::chrono::system_clock::now().time_since_epoch());
  StoreLittle<std::int64_t>(packet.data() + 8, static_cast<std::int64_t>(seconds.count()) << 32);
  StoreLittle<std::int32_t>(packet.data() + 16, 20);
  StoreLittle<std::uint32_t>(packet.data() + 20, 0xbe7e8ef1);
  return packet;
}
inline constexpr std::uint32_t kResPq = 0x05162463;

// Constructor of the plaintext packet that came.
inline std::uint32_t ConstructorOf(ByteView packet) {
  return packet.size() < 24 ? 0 : LoadLittle<std::uint32_t>(packet.data() + 20);
}

}  // namespace trunkline::io
