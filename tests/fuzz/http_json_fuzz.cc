// Any method, target, headers and body, through router and handlers to a ledger. The first line is
// the method and the target, the second the content type, the third other headers with tabs between
// them (Authorization, empty: a good key; Idempotency-Key; x-organization-id; Last-Event-ID), then
// the body. With an Idempotency-Key the request comes twice. An answer comes once, is JSON, a page
// or events, and never says that the server is at fault; a dry run that isn't certain changes
// nothing, and neither does a repeat.
#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>

#include "boost/json.hpp"
#include "server/api/scopes.h"
#include "server/api/service.h"
#include "tests/server/api/inline_backend.h"
#include "tests/server/api/small_ledger.h"

namespace {

using namespace trunkline;
using namespace trunkline::api;

struct World {
  World() {
    SeededEntropy entropy(1);
    const NewSecret secret = MakeSecret(records::CredentialKind::kApiKey, entropy);
    key = secret.text;
    records::Credential credential;
    credential.id = records::Oid(2, 1);
    credential.organization = records::Oid(1, 1);
    credential.scopes = kCallsRead | kCallsWrite | kCallsPurge | kNotesWrite | kEventsRead;
    credential.hash = secret.hash;
    ledger.credentials = {credential};
    if (!keyring->Fill(ledger).ok()) std::abort();
    Config config;
    config.now_ms = [] { return std::int64_t{1'778'836'355'120}; };
    config.request_id = [] { return std::string("r"); };
    config.aside = [](const std::function<void()>& work) {
      work();
      return true;
    };
    config.webhooks_changed = [](records::Oid, const std::string&) {};
    service.emplace(&backend, keyring, std::move(config));
  }
  void Reset() {
    records::Call call;
    call.id = *records::Oid::Parse("64f0a1b2c3d4e5f6a7b8cb00");
    call.organization = records::Oid(1, 1);
    call.provider_call_id = "1";
    call.notes = {{*records::Oid::Parse("64f0a1b2c3d4e5f6a7b8d001"), {}, "x", false, 0}};
    call.flows = {{7, records::Side::kCallee, 2, 200, 1, std::nullopt}};
    ledger.calls = {call};
    records::Event event;
    event.seq = 1;
    event.organization = call.organization;
    event.call = call.id;
    ledger.events = {event};
    records::Webhook webhook;
    webhook.id = records::Oid(3, 1);
    webhook.organization = call.organization;
    webhook.name = "crm";
    webhook.url = "http://127.0.0.1:9/";
    ledger.webhooks_known = {webhook};
    ledger.dead = {{event, 1, "500"}};
    records::PurgeJob job;
    job.id = call.id;
    job.organization = call.organization;
    ledger.jobs = {job};
    ledger.answers_known.clear();
    ledger.purge.reset();
    ledger.changes = 0;
  }

  SmallLedger ledger;
  InlineBackend backend{&ledger, &ledger};
  std::shared_ptr<Keyring> keyring =
      std::make_shared<Keyring>(SecretBytes<Keyring::kJwtKeyBytes>());
  std::optional<Service> service;
  std::string key;
};

std::string Until(char mark, std::string_view& text) {
  const std::size_t end = std::min(text.find(mark), text.size());
  std::string line(text.substr(0, end));
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

void Check(const http::Answer& answer) {
  if (answer.status >= 500) std::abort();
  if (answer.content_type == "text/html; charset=utf-8" && !answer.body.empty()) return;
  if (answer.feed != nullptr) {
    if (answer.content_type != "text/event-stream") std::abort();
    answer.feed->Attach([] {});
    answer.feed->Take();
    answer.feed->Detach();
    return;
  }
  if (!answer.content_type.starts_with("application/json")) std::abort();
  boost::json::error_code error;
  boost::json::parse(answer.body, error);
  if (error) std::abort();
}

http::Request RequestOf(std::string_view data, const std::string& key) {
  http::Request request;
  const std::string first = Until('\n', data);
  const std::size_t blank = std::min(first.find(' '), first.size());
  request.method = first.substr(0, blank);
  request.target = first.substr(std::min(blank + 1, first.size()));
  request.content_type = Until('\n', data);
  const std::string headers = Until('\n', data);
  std::string_view rest = headers;
  const std::string authorization = Until('\t', rest);
  request.authorization = authorization.empty() ? "Bearer " + key : authorization;
  request.request_id = authorization;
  request.idempotency_key = Until('\t', rest);
  request.organization_id = Until('\t', rest);
  request.last_event_id = rest;
  request.body = std::string(data);
  return request;
}

unsigned Ask(const Service& service, const http::Request& request) {
  int answers = 0;
  unsigned status = 0;
  {
    const http::Responder respond([&](http::Answer answer) {
      ++answers;
      status = answer.status;
      Check(answer);
    });
    service.Handle(request, respond);
  }
  if (answers != 1) std::abort();
  return status;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static World world;
  world.Reset();
  const http::Request request = RequestOf({reinterpret_cast<const char*>(data), size}, world.key);
  const unsigned status = Ask(*world.service, request);
  const SmallLedger& ledger = world.ledger;
  if (ledger.purge && ledger.purge->what_if && ledger.changes != 0) std::abort();
  if (request.idempotency_key.empty() || ledger.answers_known.empty()) return 0;
  const int changes = ledger.changes;
  if (Ask(*world.service, request) != status || ledger.changes != changes) std::abort();
  return 0;
}
