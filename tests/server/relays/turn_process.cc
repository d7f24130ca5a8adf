#include "tests/server/relays/turn_process.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <utility>

namespace trunkline::relays {
namespace {

using Clock = std::chrono::steady_clock;
using picker::StunClass;
using picker::StunMethod;
using picker::StunWriter;

constexpr auto kCreatePermission = static_cast<StunMethod>(8), kSend = static_cast<StunMethod>(6);
constexpr std::uint16_t kXorPeer = 0x0012, kData = 0x0013;
constexpr std::uint32_t kUdpTransport = 0x1100'0000;

sockaddr_in TurnAddress(std::uint16_t port) {
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(port);
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return name;
}

std::vector<std::string> TurnArguments(const TempDir& directory, const std::string& secret,
                                       std::uint16_t port, const std::vector<std::string>& more) {
  std::vector<std::string> arguments = {"turnserver",
                                        "-n",
                                        "--listening-ip=127.0.0.1",
                                        "--relay-ip=127.0.0.1",
                                        "--listening-port=" + std::to_string(port),
                                        "--min-port=61000",
                                        "--max-port=65000",
                                        "--use-auth-secret",
                                        "--static-auth-secret=" + secret,
                                        "--realm=example.org",
                                        "--allow-loopback-peers",
                                        "--relay-threads=1",
                                        "--no-tcp",
                                        "--no-tls",
                                        "--no-dtls",
                                        "--no-cli",
                                        "--no-rfc5780",
                                        "--userdb=" + (directory / "db"),
                                        "--pidfile=" + (directory / "pid"),
                                        "--log-file=" + (directory / "log"),
                                        "--simple-log",
                                        "--no-stdout-log"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

}  // namespace

std::uint16_t FreePort() {
  const int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_in name = TurnAddress(0);
  socklen_t size = sizeof name;
  bind(descriptor, reinterpret_cast<sockaddr*>(&name), size);
  getsockname(descriptor, reinterpret_cast<sockaddr*>(&name), &size);
  close(descriptor);
  return ntohs(name.sin_port);
}

TurnProcess::TurnProcess(const std::string& secret, const std::vector<std::string>& more,
                         std::uint16_t port)
    : port_(port != 0 ? port : FreePort()),
      process_(TurnArguments(directory_, secret, port_, more)) {
  started_ = process_.pid() > 0 && Answers();
}

bool TurnProcess::Answers() {
  TurnClient client(port_);
  return client.Binding().has_value();
}

std::string TurnProcess::Log() const {
  std::ifstream file(directory_ / "log");
  return {std::istreambuf_iterator<char>(file), {}};
}

TurnClient::TurnClient(std::uint16_t server_port)
    : descriptor_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
  const sockaddr_in name = TurnAddress(server_port);
  connect(descriptor_, reinterpret_cast<const sockaddr*>(&name), sizeof name);
}

TurnClient::~TurnClient() {
  close(descriptor_);
}

picker::StunTransaction TurnClient::NewTransaction() {
  picker::StunTransaction transaction;
  entropy_.Fill(transaction);
  return transaction;
}

std::optional<Bytes> TurnClient::Receive(Clock::time_point until) {
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now());
    pollfd event{descriptor_, POLLIN, 0};
    if (left.count() <= 0 || poll(&event, 1, static_cast<int>(left.count())) <= 0) return {};
    Bytes bytes(2048);
    const ssize_t size = recv(descriptor_, bytes.data(), bytes.size(), 0);
    if (size < 0) continue;  // nobody listens yet
    bytes.resize(static_cast<std::size_t>(size));
    return bytes;
  }
}

std::optional<TurnAnswer> TurnClient::Ask(StunWriter writer,
                                          const picker::StunTransaction& transaction) {
  const Bytes request = writer.Take();
  const auto until = Clock::now() + std::chrono::milliseconds(kPatienceMs);
  while (Clock::now() < until) {
    send(descriptor_, request.data(), request.size(), 0);
    const auto next = Clock::now() + std::chrono::milliseconds(200);
    while (auto bytes = Receive(next)) {
      const auto message = picker::ReadStun(*bytes);
      if (message && message->transaction == transaction) {
        TurnAnswer answer{*std::move(bytes), {}};
        answer.message = *picker::ReadStun(answer.bytes);
        return answer;
      }
    }
  }
  return std::nullopt;
}

std::optional<TurnAnswer> TurnClient::Binding() {
  const auto transaction = NewTransaction();
  return Ask(StunWriter(StunMethod::kBinding, StunClass::kRequest, transaction), transaction);
}

StunWriter TurnClient::Signed(StunWriter writer) const {
  writer.Text(picker::kStunUsername, username_)
      .Text(picker::kStunRealm, realm_)
      .Text(picker::kStunNonce, nonce_)
      .Sign(key_);
  return writer;
}

std::optional<TurnAnswer> TurnClient::Allocate(const picker::TurnCredentials& credentials) {
  auto transaction = NewTransaction();
  const auto unsigned_request = [&] {
    StunWriter writer(StunMethod::kAllocate, StunClass::kRequest, transaction);
    writer.Number(picker::kStunRequestedTransport, kUdpTransport);
    return writer;
  };
  const auto challenge = Ask(unsigned_request(), transaction);
  if (!challenge) return std::nullopt;
  username_ = credentials.username;
  realm_ = challenge->message.realm;
  nonce_ = challenge->message.nonce;
  key_ = picker::LongTermKey(username_, realm_, credentials.password);
  transaction = NewTransaction();
  return Ask(Signed(unsigned_request()), transaction);
}

bool TurnClient::Release() {
  const auto transaction = NewTransaction();
  StunWriter writer(StunMethod::kRefresh, StunClass::kRequest, transaction);
  writer.Number(picker::kStunLifetime, 0);
  const auto answer = Ask(Signed(std::move(writer)), transaction);
  return answer && answer->message.kind == StunClass::kSuccess;
}

bool TurnClient::Permit(const picker::StunAddress& peer) {
  const auto transaction = NewTransaction();
  StunWriter writer(kCreatePermission, StunClass::kRequest, transaction);
  writer.Address(kXorPeer, peer);
  const auto answer = Ask(Signed(std::move(writer)), transaction);
  return answer && answer->message.kind == StunClass::kSuccess;
}

void TurnClient::SendTo(const picker::StunAddress& peer, std::string_view text) {
  StunWriter writer(kSend, StunClass::kIndication, NewTransaction());
  const Bytes datagram = writer.Address(kXorPeer, peer).Text(kData, text).Take();
  send(descriptor_, datagram.data(), datagram.size(), 0);
}

bool TurnClient::Hears(std::string_view text) {
  const auto until = Clock::now() + std::chrono::milliseconds(kPatienceMs);
  while (const auto bytes = Receive(until)) {
    if (AsText(*bytes).find(text) != std::string_view::npos) return true;
  }
  return false;
}

}  // namespace trunkline::relays
