// One request whose sender is known, on its way to its answer. Shared by all that still work on it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "server/api/backend.h"
#include "server/api/event_stream.h"
#include "server/api/faults.h"
#include "server/api/keyring.h"
#include "server/api/once.h"
#include "server/api/rate_limit.h"
#include "server/api/target.h"
#include "server/http/answer.h"

namespace trunkline::api {

// A line of the audit log: a purge or its dry run. The selector is a fingerprint.
struct Audit {
  records::Oid organization, credential;
  std::string selector;
  bool what_if = false;
  std::size_t items = 0;
};

// Of a request, whoever sent it. No text of the client's but the id that it gave.
struct Access {
  std::string request_id;
  std::string_view method, route;  // of the table, for ever; empty: none
  unsigned status = 0;
  std::optional<records::Oid> organization, credential;
};

struct Config {
  Rate rate{};                              // of each credential
  Rate failed_rate{};                       // of each client address whose tokens are wrong
  std::string calling_code = "1";           // of numbers without one (server/records/numbers.h)
  std::function<std::int64_t()> now_ms;     // of the wall clock
  std::function<std::string()> request_id;  // a new one
  std::function<void(const Access&)> log;   // any thread
  std::function<void(const Audit&)> audit;  // any thread
  // Does what takes a while elsewhere, one after the other; false: too much waits, and it isn't
  // done.
  std::function<bool(std::function<void()>)> aside;
  // A webhook was put or removed; `moved` (its name, or empty) goes on from another event. Any
  // thread, and it may wait.
  std::function<void(records::Oid organization, const std::string& moved)> webhooks_changed;
};

struct Exchange {
  Exchange(Surface on, http::Request asked, http::Responder to)
      : surface(on), request(std::move(asked)), respond(std::move(to)) {}
  // Whoever dropped it can't have done it.
  ~Exchange() { respond(Failure(surface, absl::UnavailableError(""))); }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  records::Actor actor() const { return {who.organization, who.user, who.credential}; }

  const Surface surface;
  const http::Request request;
  const http::Responder respond;  // counts once
  std::string_view route;         // its pattern
  std::vector<std::string> params;
  std::optional<Pairs> query;  // nullopt: can't be decoded
  Principal who;
  std::int64_t now_ms = 0;
  std::string_view internal = "Internal error";  // what a 500 says
  Backend* backend = nullptr;
  EventStreams* streams = nullptr;
  std::shared_ptr<const Config> config;
  std::shared_ptr<const Keyring> keyring;
};
using ExchangePtr = std::shared_ptr<const Exchange>;

// What `work` finds is shown by `show`: T(Reader&) as StatusOr, Answer(T).
template <class Found, class Show>
Backend::Done Showing(const ExchangePtr& exchange, std::shared_ptr<std::optional<Found>> found,
                      Show show) {
  return [exchange, found, show](const absl::Status& status) {
    const bool good = status.ok() && found->has_value();
    exchange->respond(good ? show(**found)
                           : Failure(exchange->surface, status, exchange->internal));
  };
}

template <class Work, class Show>
void Read(const ExchangePtr& exchange, Work work, Show show) {
  using Found = typename std::invoke_result_t<Work, records::Reader&>::value_type;
  const auto found = std::make_shared<std::optional<Found>>();
  exchange->backend->Read(
      [work, found](records::Reader& reader) {
        auto result = work(reader);
        if (result.ok()) *found = *std::move(result);
        return result.status();
      },
      Showing(exchange, found, show));
}

// Whatever key it has: nothing is kept of it.
template <class Work, class Show, class After>
void ChangeAnyway(const ExchangePtr& exchange, Work work, Show show, After after) {
  using Found = typename std::invoke_result_t<Work, records::Ledger&, records::Live&>::value_type;
  const auto found = std::make_shared<std::optional<Found>>();
  exchange->backend->Change(
      [work, found](records::Ledger& ledger, records::Live& live) {
        auto result = work(ledger, live);
        if (result.ok()) *found = *std::move(result);
        return result.status();
      },
      Showing(exchange, found, [show, after](const Found& result) {
        after(result);
        return show(result);
      }));
}

// `show` is without effect, and with a key it runs in the transaction; `after` tells others of what
// was committed.
template <class Work, class Show, class After>
void Change(const ExchangePtr& exchange, Work work, Show show, After after) {
  if (exchange->request.idempotency_key.empty()) return ChangeAnyway(exchange, work, show, after);
  using Found = typename std::invoke_result_t<Work, records::Ledger&, records::Live&>::value_type;
  const auto found = std::make_shared<std::optional<Found>>();
  ChangeOnce(
      exchange,
      [work, show, found](records::Ledger& ledger, records::Live& live) -> absl::StatusOr<Made> {
        auto result = work(ledger, live);
        if (!result.ok()) return result.status();
        *found = *std::move(result);
        return Made{show(**found), AboutOf(**found)};
      },
      [after, found] { after(**found); });
}

template <class Work, class Show>
void Change(const ExchangePtr& exchange, Work work, Show show) {
  Change(exchange, work, show, [](const auto&) {});
}

}  // namespace trunkline::api
