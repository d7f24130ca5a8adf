#include "server/server.h"

#include <unistd.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/config/values.h"
#include "server/control/control.h"
#include "server/control/test_routes.h"
#include "server/health.h"

namespace trunkline {

namespace {

control::Sources ControlOf(io::Node& node) {
  io::BookLoop& book = node.book();
  control::Sources sources;
  sources.trace = [&book](CallId call, control::Sources::TraceDone done) {
    book.AskTrace(call, std::move(done));
  };
  sources.follow = [&book](const std::shared_ptr<control::TraceFeed>& feed) {
    book.FollowTraces(
        [feed](CallId call, const book::TraceLine& line) { return feed->Push(call, line); });
  };
  sources.backup = [&book](std::string path, control::Sources::BackedUp done) {
    book.Backup(std::move(path), [done = std::move(done)](absl::StatusOr<io::BackupDone> result) {
      if (!result.ok()) return done(result.status());
      done(control::BackupDone{result->bytes, result->took});
    });
  };
  return sources;
}

http::Handler PagesWithTests(http::Handler pages, io::Node& node) {
  io::BookLoop& book = node.book();
  control::TestSources sources;
  sources.move_clock = [&book](Duration by, std::function<void(WallTime)> done) {
    book.MoveTestClock(by, std::move(done));
  };
  sources.refuse_groups = [&book](int groups, std::function<void()> done) {
    book.RefuseGroups(groups, std::move(done));
  };
  sources.fail_next_group = [&book](std::function<void()> done) {
    book.FailNextGroup(std::move(done));
  };
  return control::WithTestRoutes(std::move(sources), std::move(pages));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const Config& config) {
  std::unique_ptr<Server> server(new Server);
  server->http_host_ = config.http.host;
  auto node = io::Node::Start(config.node);
  if (!node.ok()) return node.status();
  server->node_ = std::move(*node);
  const io::Stats* const stats = &server->node_->stats();
  http::Handler pages = http::PagesOf(SourcesOf(stats));
  if (config.node.test_clock) pages = PagesWithTests(std::move(pages), *server->node_);
  auto http = http::HttpServer::Start(config.http.host, config.http.port, std::move(pages));
  if (!http.ok()) return http.status();
  server->http_ = std::move(*http);
  auto control = http::HttpServer::StartLocal(config.node.data_dir + "/control.sock",
                                              control::RoutesOf(ControlOf(*server->node_)));
  if (!control.ok()) return control.status();
  server->control_ = std::move(*control);
  return server;
}

Server::~Server() {
  control_.reset();
  http_.reset();
}

void Server::Stop(std::chrono::steady_clock::time_point deadline) {
  node_->Stop(deadline);
  control_.reset();
  http_.reset();
}

std::vector<std::uint16_t> Server::mtproto_ports() const {
  std::vector<std::uint16_t> ports;
  for (const io::HostPort& address : node_->addresses()) ports.push_back(address.port);
  return ports;
}

io::HostPort Server::http_address() const {
  return {http_host_, http_->port()};
}

std::string Server::ReadyLine() const {
  std::string line = "ready";
  for (const io::HostPort& address : mtproto_addresses()) {
    absl::StrAppend(&line, " mtproto=", HostPortText(address));
  }
  absl::StrAppend(&line, " http=", HostPortText(http_address()));
  absl::StrAppend(&line, absl::StrFormat(" fingerprint=%016x pid=%d", fingerprint(), getpid()));
  return line;
}

}  // namespace trunkline
