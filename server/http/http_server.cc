#include "server/http/http_server.h"

#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <unordered_map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "boost/asio/io_context.hpp"
#include "boost/asio/ip/tcp.hpp"
#include "boost/asio/local/stream_protocol.hpp"
#include "boost/asio/steady_timer.hpp"
#include "common/gate.h"
#include "common/log.h"
#include "server/http/connection.h"

namespace trunkline::http {
namespace {

namespace net = boost::asio;
using net::ip::tcp;
using Acceptor = net::basic_socket_acceptor<Protocol, Executor>;

constexpr std::size_t kConnectionsMax = 256;
constexpr std::chrono::milliseconds kAcceptPause{100};

tcp::endpoint TcpEndpoint(const Protocol::endpoint& endpoint) {
  tcp::endpoint made;
  made.resize(endpoint.size());
  std::memcpy(made.data(), endpoint.data(), endpoint.size());
  return made;
}

std::string PeerOf(const Socket& socket) {
  boost::system::error_code error;
  const Protocol::endpoint peer = socket.remote_endpoint(error);
  const int family = peer.protocol().family();
  if (error || (family != AF_INET && family != AF_INET6)) return "";
  return TcpEndpoint(peer).address().to_string();
}

}  // namespace

struct HttpServer::Impl {
  Impl(Handler by, BodyRules rules, TlsListening with)
      : handler(std::move(by)), tls(std::move(with)) {
    owner.bodies = std::move(rules);
    owner.tls = tls.server.get();
    owner.handshake_timeout = tls.handshake_timeout;
    owner.handle = [this](ConnectionId id, const Request& request) {
      handler(request, Responder([this, way = gate, id](Answer answer) {
                way->Dispatch([this, id, answer = std::move(answer)]() mutable {
                  const auto found = connections.find(id);
                  if (found != connections.end()) found->second->Write(std::move(answer));
                });
              }));
    };
    owner.waker = [this](ConnectionId id) {
      return [this, way = gate, id] {
        way->Post([this, id] {
          const auto found = connections.find(id);
          if (found != connections.end()) found->second->FeedWoken();
        });
      };
    };
    owner.closed = [this](ConnectionId id) { connections.erase(id); };
  }

  boost::system::error_code Open(const Protocol::endpoint& endpoint, const std::string& socket) {
    boost::system::error_code error;
    acceptor.open(endpoint.protocol(), error);
    if (!error && socket.empty()) acceptor.set_option(Acceptor::reuse_address(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) path = socket;
    // Nobody can connect before it listens, so the mode comes in time.
    if (!error && !socket.empty() && ::chmod(socket.c_str(), 0600) != 0) {
      error.assign(errno, boost::system::system_category());
    }
    if (!error) acceptor.listen(net::socket_base::max_listen_connections, error);
    return error;
  }

  void Accept() {
    acceptor.async_accept([this](const boost::system::error_code& error, Socket socket) {
      if (!acceptor.is_open()) return;
      if (error) {
        log::Warn("http accept: {}", error.message());
        pause.expires_after(kAcceptPause);
        pause.async_wait([this](const boost::system::error_code& cut) {
          if (!cut) Accept();
        });
        return;
      }
      if (connections.size() < kConnectionsMax) {
        const ConnectionId id = ++last_id;
        const std::string peer = PeerOf(socket);
        const auto connection = std::make_shared<Connection>(id, std::move(socket), peer, &owner);
        connections.emplace(id, connection);
        connection->Start();
      }
      Accept();
    });
  }

  const Handler handler;
  const TlsListening tls;
  std::uint16_t bound_port = 0;
  std::string path;  // of the Unix socket that is ours to remove
  ConnectionId last_id = 0;
  Connection::Owner owner;
  net::io_context context{1};
  const std::shared_ptr<Gate> gate = std::make_shared<Gate>(&context);
  std::unordered_map<ConnectionId, std::shared_ptr<Connection>> connections;
  Acceptor acceptor{context};
  net::steady_timer pause{context};
  std::thread thread;
};

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpServer::~HttpServer() {
  impl_->gate->Shut();
  impl_->context.stop();
  impl_->thread.join();
  if (!impl_->path.empty()) ::unlink(impl_->path.c_str());
}

std::unique_ptr<HttpServer> HttpServer::Run(std::unique_ptr<Impl> impl) {
  impl->Accept();
  impl->thread = std::thread([context = &impl->context] { context->run(); });
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(const std::string& host,
                                                              std::uint16_t port, Handler handler,
                                                              BodyRules bodies, TlsListening tls) {
  auto impl = std::make_unique<Impl>(std::move(handler), std::move(bodies), std::move(tls));
  boost::system::error_code error;
  const auto address = net::ip::make_address(host, error);
  if (!error) error = impl->Open(tcp::endpoint(address, port), "");
  if (error) {
    return absl::UnavailableError(
        absl::StrCat("can't listen on ", host, ":", port, " (http): ", error.message()));
  }
  impl->bound_port = TcpEndpoint(impl->acceptor.local_endpoint()).port();
  return Run(std::move(impl));
}

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::StartLocal(const std::string& path,
                                                                   Handler handler) {
  constexpr std::size_t kPathBytesMax = sizeof(sockaddr_un::sun_path) - 1;
  if (path.size() > kPathBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat("can't make the control socket ", path,
                                                   ": its path is longer than ", kPathBytesMax,
                                                   " bytes; choose a shorter data_dir"));
  }
  struct stat info {};
  if (::lstat(path.c_str(), &info) == 0 && S_ISSOCK(info.st_mode)) ::unlink(path.c_str());
  auto impl = std::make_unique<Impl>(std::move(handler), BodyRules(), TlsListening());
  const auto error = impl->Open(net::local::stream_protocol::endpoint(path), path);
  if (error) {
    if (!impl->path.empty()) ::unlink(path.c_str());
    return absl::UnavailableError(
        absl::StrCat("can't make the control socket ", path, ": ", error.message()));
  }
  return Run(std::move(impl));
}

std::uint16_t HttpServer::port() const {
  return impl_->bound_port;
}

}  // namespace trunkline::http
