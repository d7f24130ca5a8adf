#include "server/server.h"

#include <unistd.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "common/config/values.h"
#include "common/log.h"
#include "server/api/service.h"
#include "server/control/control.h"
#include "server/control/record_routes.h"
#include "server/control/test_routes.h"
#include "server/health.h"
#include "server/http/bearer.h"
#include "server/relays/relay_routes.h"

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

http::Handler WithRelays(http::Handler relay_routes, http::Handler others) {
  return [relay_routes = std::move(relay_routes), others = std::move(others)](
             const http::Request& request, const http::Responder& respond) {
    relays::IsRelayTarget(request.target) ? relay_routes(request, respond)
                                          : others(request, respond);
  };
}

http::Handler WithRecords(http::Handler record_routes, http::Handler others) {
  return [record_routes = std::move(record_routes), others = std::move(others)](
             const http::Request& request, const http::Responder& respond) {
    control::IsRecordTarget(request.target) ? record_routes(request, respond)
                                            : others(request, respond);
  };
}

// Clients refuse it, and say less clearly why.
void WarnOfCertificate(const Config& config) {
  const crypto::TlsServer::Validity validity = config.http_tls->validity();
  const std::int64_t now_s = UnixSeconds(WallNow());
  const auto warn = [&config](const char* what, std::int64_t when_s) {
    log::Warn("http_tls_certificate: {} {} {}", config.http_tls_certificate, what,
              absl::FormatTime("%Y-%m-%d", absl::FromUnixSeconds(when_s), absl::UTCTimeZone()));
  };
  if (now_s > validity.to_s) warn("has expired on", validity.to_s);
  if (now_s < validity.from_s) warn("isn't valid before", validity.from_s);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const Config& config) {
  std::unique_ptr<Server> server(new Server);
  io::NodeConfig node_config = config.node;
  node_config.relays_register = !config.relay_control.host.empty();
  node_config.code.trust = config.webhook_trust;
  auto node = io::Node::Start(std::move(node_config));
  if (!node.ok()) return node.status();
  server->node_ = std::move(*node);
  absl::Status status = server->StartRelays(config);
  if (!status.ok()) return status;
  auto records = RecordService::Start(&server->node_->book(), config.node.data_dir,
                                      config.record_limits, config.webhook_trust);
  if (!records.ok()) return records.status();
  server->records_ = std::move(*records);
  status = server->StartHttp(config);
  if (!status.ok()) return status;
  return server;
}

absl::Status Server::StartRelays(const Config& config) {
  relay_control_host_ = config.relay_control.host;
  auto service = relays::RelayService::Start(
      {.data_dir = config.node.data_dir,
       .control_host = config.relay_control.host,
       .control_port = config.relay_control.port,
       .secret = config.relay_secret,
       .configured = config.node.book.relays},
      [&book = node_->book()](relays::DeskWork work) { book.AskRelays(std::move(work)); });
  if (!service.ok()) return service.status();
  relays_ = std::move(*service);
  return absl::OkStatus();
}

absl::Status Server::StartHttp(const Config& config) {
  http_host_ = config.http.host;
  const auto token = http::LoadOrMakeToken(config.node.data_dir, "admin_token");
  if (!token.ok()) return token.status();
  http::Handler pages = http::PagesOf(SourcesOf(&node_->stats(), relays_.get()));
  if (config.node.test_clock) pages = PagesWithTests(std::move(pages), *node_);
  const http::Handler relay_routes = relays::RelayRoutes(relays_.get());
  pages = WithRelays(http::WithBearer(*token, relay_routes), std::move(pages));
  auto http =
      http::HttpServer::Start(config.http.host, config.http.port,
                              api::WithOperatorPages(std::move(pages), records_->Surfaces()),
                              records_->Rules(), {.server = config.http_tls});
  if (!http.ok()) return http.status();
  if (config.http_tls != nullptr) WarnOfCertificate(config);
  http_ = std::move(*http);
  return StartControl(config);
}

absl::Status Server::StartControl(const Config& config) {
  http::Handler routes =
      WithRelays(relays::RelayRoutes(relays_.get()), control::RoutesOf(ControlOf(*node_)));
  routes = WithRecords(records_->ControlRoutes(), std::move(routes));
  auto control =
      http::HttpServer::StartLocal(config.node.data_dir + "/control.sock", std::move(routes));
  if (!control.ok()) return control.status();
  control_ = std::move(*control);
  return absl::OkStatus();
}

Server::~Server() {
  control_.reset();
  http_.reset();
  records_.reset();
  relays_.reset();
}

void Server::Stop(std::chrono::steady_clock::time_point deadline) {
  records_->EndDeliveries();
  node_->Stop(deadline);
  control_.reset();
  http_.reset();
  records_.reset();
  relays_.reset();
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
  if (const auto port = relays_->control_port()) {
    absl::StrAppend(&line, " relay-control=", HostPortText({relay_control_host_, *port}));
  }
  absl::StrAppend(&line, absl::StrFormat(" fingerprint=%016x pid=%d", fingerprint(), getpid()));
  return line;
}

}  // namespace trunkline
