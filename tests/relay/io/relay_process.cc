#include "tests/relay/io/relay_process.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "tests/paths.h"

namespace trunkline::relay {
namespace {

const std::string kProgram = TRUNKLINE_BINARY_DIR "/bin/trunkline-relay";

std::vector<std::string> Arguments(const TempDir& directory, const std::string& listen,
                                   const std::vector<std::string>& more, std::uint32_t id) {
  std::vector<std::string> arguments = {kProgram,
                                        "--id",
                                        std::to_string(id),
                                        "--listen",
                                        listen,
                                        "--secret-file",
                                        directory.Write("secret", kRelaySecret),
                                        "--log-level",
                                        "error",
                                        "--http",
                                        "127.0.0.1:0"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

bool Readable(int descriptor, int patience_ms) {
  return AwaitReadable(descriptor, std::chrono::milliseconds(patience_ms));
}

struct Name {
  sockaddr_storage bytes{};
  socklen_t size = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&bytes); }
};
Name NameOf(const std::string& host, std::uint16_t port) {
  Name name;
  if (host.find(':') != std::string::npos) {
    auto* const v6 = reinterpret_cast<sockaddr_in6*>(&name.bytes);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    inet_pton(AF_INET6, host.c_str(), &v6->sin6_addr);
    name.size = sizeof *v6;
  } else {
    auto* const v4 = reinterpret_cast<sockaddr_in*>(&name.bytes);
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    inet_pton(AF_INET, host.c_str(), &v4->sin_addr);
    name.size = sizeof *v4;
  }
  return name;
}

int Connect(int type, const std::string& host, std::uint16_t port, int receive_buffer = 0) {
  const Name name = NameOf(host, port);
  const int descriptor = socket(name.get()->sa_family, type | SOCK_CLOEXEC, 0);
  if (receive_buffer != 0) {
    setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  }
  if (connect(descriptor, name.get(), name.size) != 0) std::perror("connect");
  return descriptor;
}

}  // namespace

RelayProcess::RelayProcess(const std::vector<std::string>& more, const std::string& host,
                           std::uint16_t port, std::uint32_t id)
    : process_(Arguments(directory_, host + ":" + std::to_string(port), more, id), STDOUT_FILENO) {
  const std::string line = process_.ReadLine();
  const std::size_t colon =
      line.find(':', line.find(']') == std::string::npos ? 0 : line.find(']'));
  const std::size_t http = line.find("http=127.0.0.1:");
  if (!line.starts_with("ready relay=") || http == std::string::npos) return;
  port_ = static_cast<std::uint16_t>(std::atoi(line.c_str() + colon + 1));
  http_port_ = static_cast<std::uint16_t>(std::atoi(line.c_str() + http + 15));
}

std::string RelayProcess::Get(const std::string& path) {
  const int descriptor = Connect(SOCK_STREAM, "127.0.0.1", http_port_);
  const std::string request = "GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  if (write(descriptor, request.data(), request.size()) < 0) std::perror("write");
  std::string answer;
  char piece[4096];
  while (Readable(descriptor, kPatienceMs)) {
    const ssize_t got = read(descriptor, piece, sizeof piece);
    if (got <= 0) break;
    answer.append(piece, static_cast<std::size_t>(got));
  }
  close(descriptor);
  return answer;
}

double RelayProcess::Metric(const std::string& name) {
  const std::string page = Get("/metrics");
  const std::size_t at = page.find("\n" + name + " ");
  return at == std::string::npos ? -1 : std::atof(page.c_str() + at + name.size() + 2);
}

bool RelayProcess::Ready() {
  return Get("/readyz").starts_with("HTTP/1.1 200");
}

Ended RunRelay(const std::vector<std::string>& arguments) {
  std::vector<std::string> all = {kProgram};
  all.insert(all.end(), arguments.begin(), arguments.end());
  ChildProcess process(std::move(all), STDERR_FILENO);
  const std::string error = process.ReadAll();
  return {process.Wait(), error};
}

namespace {

Tag InAnHour(TagFields fields) {
  const auto now =
      std::chrono::time_point_cast<WallTime::duration>(std::chrono::system_clock::now());
  fields.expiry_slot = TagSlotOf(now + std::chrono::hours(1));
  return MintTag(DeriveTagKey(AsBytes(kRelaySecret), kRelayId, 0), fields);
}

}  // namespace

Tag IssuedTag(Side side, std::uint32_t nonce, bool p2p) {
  return InAnHour({.p2p_allowed = p2p, .side = side, .nonce = nonce});
}

Tag ProbeTag() {
  return InAnHour({.special = true, .nonce = 1});
}

// ---- Clients

UdpClient::UdpClient(std::uint16_t relay_port, const std::string& relay_host)
    : descriptor_(Connect(SOCK_DGRAM, relay_host, relay_port)) {}
UdpClient::~UdpClient() {
  close(descriptor_);
}
void UdpClient::Send(const Bytes& packet) {
  // An earlier packet may have met a relay that was down: that error is this call's.
  if (send(descriptor_, packet.data(), packet.size(), 0) < 0) {
    if (send(descriptor_, packet.data(), packet.size(), 0) < 0) std::perror("send");
  }
}
std::optional<Bytes> UdpClient::Receive(int patience_ms) {
  Bytes packet(2048);
  if (!Readable(descriptor_, patience_ms)) return std::nullopt;
  const ssize_t got = recv(descriptor_, packet.data(), packet.size(), 0);
  if (got < 0) return std::nullopt;
  packet.resize(static_cast<std::size_t>(got));
  return packet;
}
std::uint16_t UdpClient::port() const {
  sockaddr_in6 name{};
  socklen_t size = sizeof name;
  getsockname(descriptor_, reinterpret_cast<sockaddr*>(&name), &size);
  return ntohs(name.sin6_port);
}

TcpClient::TcpClient(std::uint16_t relay_port, Dialect dialect, int receive_buffer)
    : descriptor_(Connect(SOCK_STREAM, "127.0.0.1", relay_port, receive_buffer)),
      dialect_(dialect) {
  if (dialect == Dialect::kPlain) SendRaw(Bytes(4, 0xee));
  if (dialect != Dialect::kObfuscated) return;
  Bytes init(64);
  for (std::size_t i = 0; i < init.size(); ++i) init[i] = static_cast<std::uint8_t>(0x31 + 3 * i);
  std::fill_n(init.begin() + 56, 4, 0xef);
  Bytes reversed(init.begin() + 8, init.begin() + 56);
  std::reverse(reversed.begin(), reversed.end());
  using Key = std::span<const std::uint8_t, 32>;
  using Iv = std::span<const std::uint8_t, 16>;
  out_ = std::make_unique<crypto::AesCtr>(Key(init.data() + 8, 32), Iv(init.data() + 40, 16));
  in_ = std::make_unique<crypto::AesCtr>(Key(reversed.data(), 32), Iv(reversed.data() + 32, 16));
  Bytes enciphered = init;
  out_->Apply(enciphered);
  std::copy(enciphered.begin() + 56, enciphered.end(), init.begin() + 56);
  SendRaw(init);
}
TcpClient::~TcpClient() {
  close(descriptor_);
}
void TcpClient::SendRaw(const Bytes& bytes) {
  if (send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0) std::perror("send");
}
void TcpClient::Send(const Bytes& packet) {
  Bytes frame(dialect_ == Dialect::kPlain ? 4 : 1);
  if (dialect_ == Dialect::kPlain) {
    StoreLittle(frame.data(), static_cast<std::uint32_t>(packet.size()));
  } else {
    frame[0] = static_cast<std::uint8_t>(packet.size() / 4);
  }
  frame.insert(frame.end(), packet.begin(), packet.end());
  if (out_) out_->Apply(frame);
  SendRaw(frame);
}
std::optional<Bytes> TcpClient::Read(std::size_t size, int patience_ms) {
  Bytes bytes(size);
  for (std::size_t at = 0; at < size;) {
    if (!Readable(descriptor_, patience_ms)) return std::nullopt;
    const ssize_t got = recv(descriptor_, bytes.data() + at, size - at, 0);
    if (got <= 0) return std::nullopt;
    at += static_cast<std::size_t>(got);
  }
  if (in_) in_->Apply(bytes);
  return bytes;
}
std::optional<Bytes> TcpClient::Receive(int patience_ms) {
  const auto head = Read(dialect_ == Dialect::kPlain ? 4 : 1, patience_ms);
  if (!head) return std::nullopt;
  std::size_t size = (*head)[0] * 4u;
  if (dialect_ == Dialect::kPlain) {
    size = LoadLittle<std::uint32_t>(head->data());
  } else if ((*head)[0] == 0x7f) {
    const auto more = Read(3, patience_ms);
    if (!more) return std::nullopt;
    size = LoadLittle<std::uint16_t>(more->data()) * std::size_t{4};
  }
  return Read(size, patience_ms);
}
bool TcpClient::Closed(int patience_ms) {
  std::uint8_t byte;
  return Readable(descriptor_, patience_ms) && recv(descriptor_, &byte, 1, 0) <= 0;
}

}  // namespace trunkline::relay
