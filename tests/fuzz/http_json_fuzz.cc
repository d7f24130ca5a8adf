// Any method, target, headers and body, through router and handlers to a ledger. The first line is
// the method and the target, the second the content type, the third another header's value, then
// the body. An answer comes once, is JSON, and never says that the server is at fault; a dry run
// that isn't certain changes nothing.
#include <cstdlib>
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
    credential.scopes = kCallsRead | kCallsWrite | kCallsPurge | kNotesWrite;
    credential.hash = secret.hash;
    ledger.credentials = {credential};
    if (!keyring->Fill(ledger).ok()) std::abort();
    Config config;
    config.now_ms = [] { return std::int64_t{1'778'836'355'120}; };
    config.request_id = [] { return std::string("r"); };
    service.emplace(&backend, keyring, std::move(config));
  }
  void Reset() {
    records::Call call;
    call.id = *records::Oid::Parse("64f0a1b2c3d4e5f6a7b8cb00");
    call.organization = records::Oid(1, 1);
    call.provider_call_id = "1";
    call.notes = {{*records::Oid::Parse("64f0a1b2c3d4e5f6a7b8d001"), {}, "x", false, 0}};
    ledger.calls = {call};
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

std::string Line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  std::string line(text.substr(0, end));
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

void Check(const http::Answer& answer) {
  if (answer.status >= 500) std::abort();
  if (answer.content_type != "application/json; charset=utf-8") std::abort();
  boost::json::error_code error;
  boost::json::parse(answer.body, error);
  if (error) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static World world;
  world.Reset();
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const std::string first = Line(rest);
  http::Request request;
  const std::size_t blank = std::min(first.find(' '), first.size());
  request.method = first.substr(0, blank);
  request.target = first.substr(std::min(blank + 1, first.size()));
  request.content_type = Line(rest);
  const std::string header = Line(rest);
  request.authorization = header.empty() ? "Bearer " + world.key : header;
  request.request_id = header;
  request.body = std::string(rest);
  int answers = 0;
  {
    const http::Responder respond([&answers](http::Answer answer) {
      ++answers;
      Check(answer);
    });
    world.service->Handle(request, respond);
  }
  if (answers != 1) std::abort();
  if (world.ledger.purge && world.ledger.purge->what_if && world.ledger.changes != 0) std::abort();
  return 0;
}
