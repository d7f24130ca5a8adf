#include "server/control/record_routes.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "boost/json.hpp"
#include "server/control/record_job.h"
#include "server/control/record_json.h"
#include "server/control/record_users.h"

namespace trunkline::control {
namespace {

namespace json = boost::json;
using http::Answer;
using http::ErrorAnswer;
using http::JsonAnswer;
using http::Request;
using http::Responder;

constexpr std::string_view kPrefix = "/control/v1/records/";
constexpr std::int64_t kPageMax = 1'000;

Answer Refused(const absl::Status& status) {
  const std::string text(status.message());
  if (absl::IsUnavailable(status) || absl::IsResourceExhausted(status)) {
    return ErrorAnswer(503, "store_refuses", text);
  }
  return ErrorAnswer(500, "failed", text);
}

std::string_view Piece(std::string_view text, std::string_view otherwise) {
  return text.empty() ? otherwise : text;
}

absl::StatusOr<std::optional<records::Organization>> FindOrg(records::Reader& reader,
                                                             const std::string& name) {
  const std::string_view wanted = Piece(name, "default");
  const std::optional<records::Oid> id = records::Oid::Parse(wanted);
  const auto all = reader.Organizations();
  if (!all.ok()) return all.status();
  for (const records::Organization& one : *all) {
    const bool named =
        absl::EqualsIgnoreCase(one.name, absl::string_view(wanted.data(), wanted.size()));
    if (named || (id && one.id == *id)) return one;
  }
  return std::nullopt;
}

using ReadWork = absl::Status (*)(const RecordSources&, Job&, records::Reader&,
                                  const records::Organization&);
using ChangeWork = absl::Status (*)(const RecordSources&, Job&, records::Ledger&, records::Live&,
                                    const records::Organization&);

// Of the organization that the request names; the work answers only if there is one.
template <class Work>
absl::Status InOrg(Job& job, records::Reader& reader, Work work) {
  const std::string name = job.members.Text("org");
  const auto organization = FindOrg(reader, name);
  if (!organization.ok()) return organization.status();
  if (!*organization) {
    job.answer = Unknown("organization", name);
    return absl::OkStatus();
  }
  return work(**organization);
}

// ---- Organizations

absl::Status ListOrgs(const RecordSources&, Job& job, records::Reader& reader) {
  const auto all = reader.Organizations();
  if (!all.ok()) return all.status();
  json::array list;
  for (const records::Organization& one : *all) list.push_back(ToJson(one));
  job.answer = JsonAnswer({{"orgs", std::move(list)}});
  return absl::OkStatus();
}

absl::Status AddOrg(const RecordSources&, Job& job, records::Ledger& ledger) {
  const auto added = ledger.AddOrganization(job.members.Text("name"), job.now_ms);
  if (!added.ok()) return added.status();
  job.answer = *added ? JsonAnswer(ToJson(**added))
                      : ErrorAnswer(409, "taken", "there is an organization of this name");
  return absl::OkStatus();
}

// ---- Keys

absl::Status ListKeys(const RecordSources& sources, Job& job, records::Reader& reader,
                      const records::Organization& organization) {
  const auto keys = reader.Credentials();
  if (!keys.ok()) return keys.status();
  json::array list;
  for (const records::Credential& key : *keys) {
    if (key.organization != organization.id) continue;
    json::object entry = ToJson(key);
    entry["scopes"] = sources.scope_text(key.scopes);
    list.push_back(std::move(entry));
  }
  job.answer = JsonAnswer({{"keys", std::move(list)}});
  return absl::OkStatus();
}

absl::Status CreateKey(const RecordSources& sources, Job& job, records::Ledger& ledger,
                       records::Live&, const records::Organization& organization) {
  KeyRequest request;
  request.organization = organization.id;
  request.ttl_s = job.members.Number("ttl_s", 0);
  const auto scopes = sources.scopes_of(job.members.Text("scopes"));
  if (!scopes || *scopes == 0) {
    job.answer = Bad("\"scopes\" names no scope, or one that there is not");
    return absl::OkStatus();
  }
  request.scopes = *scopes;
  if (const auto phone = job.members.TextIfAny("user")) {
    const auto user = FindUser(ledger.reader(), sources.number(*phone).value_or(""));
    if (!user.ok()) return user.status();
    if (!*user || (*user)->organization != organization.id) {
      job.answer = Unknown("user with the number", *phone);
      return absl::OkStatus();
    }
    request.user = (*user)->id;
  }
  const auto minted = sources.mint(ledger, request, job.now_ms);
  if (!minted.ok()) return minted.status();
  job.answer = JsonAnswer({{"jwt", minted->jwt},
                           {"api_key", minted->api_key},
                           {"client_id", minted->client_id},
                           {"client_secret", minted->client_secret}});
  return absl::OkStatus();
}

absl::Status RevokeKey(const RecordSources&, Job& job, records::Ledger& ledger, records::Live&,
                       const records::Organization& organization) {
  const std::string id = job.members.Text("id");
  const auto credential = records::Oid::Parse(id);
  job.answer = Unknown("key", id);
  if (!credential) return absl::OkStatus();
  const auto revoked = ledger.RevokeCredential(organization.id, *credential);
  if (!revoked.ok()) return revoked.status();
  if (*revoked) job.answer = JsonAnswer({{"id", credential->Hex()}, {"revoked", true}});
  return absl::OkStatus();
}

// ---- Calls

absl::Status ListCalls(const RecordSources&, Job& job, records::Reader& reader,
                       const records::Organization& organization) {
  records::CallFilter filter;
  filter.search = job.members.Text("search");
  filter.limit = std::min(job.members.Number("limit", filter.limit), kPageMax);
  filter.offset = job.members.Number("offset", 0);
  const auto page = reader.List(organization.id, filter);
  if (!page.ok()) return page.status();
  json::array list;
  for (const records::Call& call : page->calls) list.push_back(ToJson(call));
  job.answer = JsonAnswer({{"calls", std::move(list)}, {"total", page->total}});
  return absl::OkStatus();
}

absl::Status ShowCall(const RecordSources&, Job& job, records::Reader& reader,
                      const records::Organization& organization) {
  const std::string name = job.members.Text("call");
  const auto call = reader.Find(organization.id, name);
  if (!call.ok()) return call.status();
  job.answer = *call ? JsonAnswer(ToJson(**call)) : Unknown("call", name);
  return absl::OkStatus();
}

absl::Status DiscardCall(const RecordSources&, Job& job, records::Ledger& ledger,
                         records::Live& live, const records::Organization& organization) {
  const records::DiscardRequest request{job.members.Text("call"), job.members.TextIfAny("contact"),
                                        job.members.Flag("delete_contact")};
  const auto discarded =
      ledger.Discard(records::Actor{organization.id, {}, {}}, request, live, job.now_ms);
  if (!discarded.ok()) return discarded.status();
  job.answer = *discarded ? JsonAnswer({{"call", request.call}, {"discarded", true}})
                          : Unknown("call", request.call);
  return absl::OkStatus();
}

absl::Status LookForCustomer(const RecordSources& sources, Job& job, records::Reader& reader,
                             const records::Organization& organization) {
  const auto number = job.members.TextIfAny("number");
  const auto e164 = number ? sources.number(*number) : std::nullopt;
  if (!e164) return absl::OkStatus();
  auto calls = reader.OfCustomer(organization.id, *e164, job.members.Flag("what_if"));
  if (calls.ok()) job.customer = *std::move(calls);
  return calls.status();
}

absl::Status PurgeCalls(const RecordSources& sources, Job& job, records::Ledger& ledger,
                        records::Live&, const records::Organization& organization) {
  records::PurgeRequest request;
  request.what_if = job.members.Flag("what_if");
  if (const auto number = job.members.TextIfAny("number")) {
    const auto e164 = sources.number(*number);
    if (!e164) {
      job.answer = Bad("\"number\" is no telephone number");
      return absl::OkStatus();
    }
    request.kind = records::PurgeRequest::Kind::kCustomer;
    request.number_e164 = *e164;
    request.customer = job.customer;
  } else {
    const bool sessions = job.members.Has("sessions");
    request.kind =
        sessions ? records::PurgeRequest::Kind::kSessions : records::PurgeRequest::Kind::kCalls;
    request.ids = job.members.Texts(sessions ? "sessions" : "calls");
  }
  const auto result = ledger.Purge(records::Actor{organization.id, {}, {}}, request, job.now_ms);
  if (!result.ok()) return result.status();
  job.answer = JsonAnswer(ToJson(*result));
  return absl::OkStatus();
}

absl::Status ShowJob(const RecordSources&, Job& job, records::Reader& reader,
                     const records::Organization& organization) {
  const std::string id = job.members.Text("job");
  const auto parsed = records::Oid::Parse(id);
  job.answer = Unknown("job", id);
  if (!parsed) return absl::OkStatus();
  const auto found = reader.FindJob(organization.id, *parsed);
  if (!found.ok()) return found.status();
  if (!*found) return absl::OkStatus();
  json::error_code error;
  const json::value receipt = json::parse((*found)->receipt, error);
  job.answer = JsonAnswer({{"job", parsed->Hex()},
                           {"status", (*found)->completed_ms == 0 ? "Purging" : "Purged"},
                           {"calls_erased", (*found)->calls_erased},
                           {"requested_at", TimeJson((*found)->requested_ms)},
                           {"completed_at", TimeJson((*found)->completed_ms)},
                           {"receipt", error ? json::value(nullptr) : receipt}});
  return absl::OkStatus();
}

// ---- The table

struct Route {
  std::string_view name;
  ReadWork read = nullptr;
  ChangeWork change = nullptr;
  absl::Status (*read_all)(const RecordSources&, Job&, records::Reader&) = nullptr;
  absl::Status (*change_all)(const RecordSources&, Job&, records::Ledger&) = nullptr;
  std::vector<const char*> texts{};  // that have to be there
  ReadWork before_change = nullptr;
};

// Every member is looked at once before anything is done, so that a wrong one does nothing.
void CheckMembers(const Route& route, Members& members) {
  for (const char* name : route.texts) members.Need(name);
  for (const char* name : {"org", "name", "phone", "email", "role", "hash", "scopes", "user", "id",
                           "search", "call", "contact", "number", "job"}) {
    members.Text(name);
  }
  for (const char* name : {"ttl_s", "limit", "offset"}) members.Number(name, 0);
  for (const char* name : {"delete_contact", "what_if"}) members.Flag(name);
  for (const char* name : {"calls", "sessions"}) members.Texts(name);
}

const std::vector<Route>& Routes() {
  static const std::vector<Route> routes = {
      {.name = "orgs/list", .read_all = ListOrgs},
      {.name = "orgs/add", .change_all = AddOrg, .texts = {"name"}},
      {.name = "users/list", .read = ListUsers},
      {.name = "users/add", .change = AddUser, .texts = {"phone", "name"}},
      {.name = "users/password", .change_all = SetPassword, .texts = {"email", "hash"}},
      {.name = "keys/list", .read = ListKeys},
      {.name = "keys/create", .change = CreateKey, .texts = {"scopes"}},
      {.name = "keys/revoke", .change = RevokeKey, .texts = {"id"}},
      {.name = "calls/list", .read = ListCalls},
      {.name = "calls/show", .read = ShowCall, .texts = {"call"}},
      {.name = "calls/discard", .change = DiscardCall, .texts = {"call"}},
      {.name = "calls/purge", .change = PurgeCalls, .before_change = LookForCustomer},
      {.name = "jobs/show", .read = ShowJob, .texts = {"job"}},
  };
  return routes;
}

absl::Status RunRead(const RecordSources& sources, const Route& route, Job& job,
                     records::Reader& reader) {
  if (route.read_all != nullptr) return route.read_all(sources, job, reader);
  return InOrg(job, reader, [&](const records::Organization& organization) {
    const ReadWork work = route.read != nullptr ? route.read : route.before_change;
    return work(sources, job, reader, organization);
  });
}

absl::Status RunChange(const RecordSources& sources, const Route& route, Job& job,
                       records::Ledger& ledger, records::Live& live) {
  if (route.change_all != nullptr) return route.change_all(sources, job, ledger);
  return InOrg(job, ledger.reader(), [&](const records::Organization& organization) {
    return route.change(sources, job, ledger, live, organization);
  });
}

void Run(const std::shared_ptr<const RecordSources>& sources, const Route& route, Job job,
         const Responder& respond) {
  const auto shared = std::make_shared<Job>(std::move(job));
  const auto done = [shared, respond](const absl::Status& status) {
    respond(status.ok() ? std::move(shared->answer) : Refused(status));
  };
  const auto read = [sources, &route, shared](records::Reader& reader) {
    return RunRead(*sources, route, *shared, reader);
  };
  if (route.read != nullptr || route.read_all != nullptr) return sources->read(read, done);
  const auto change = [sources, &route, shared, done] {
    sources->change(
        [sources, &route, shared](records::Ledger& ledger, records::Live& live) {
          return RunChange(*sources, route, *shared, ledger, live);
        },
        done);
  };
  if (route.before_change == nullptr) return change();
  sources->read(
      read, [change, done](const absl::Status& status) { status.ok() ? change() : done(status); });
}

void Answer404(const Responder& respond) {
  respond(ErrorAnswer(404, "not_found", "there is nothing here"));
}

void Dispatch(const std::shared_ptr<const RecordSources>& sources, const Request& request,
              const Responder& respond) {
  const std::string_view name = http::PathOf(request.target).substr(kPrefix.size());
  const auto route = std::find_if(Routes().begin(), Routes().end(),
                                  [name](const Route& one) { return one.name == name; });
  if (route == Routes().end()) return Answer404(respond);
  if (request.method != "POST") return respond(http::MethodNotAllowed("POST"));
  json::error_code error;
  json::value body = json::parse(request.body, error);
  if (error || !body.is_object()) return respond(Bad("the body must be a JSON object"));
  Job job{.members = Members(std::move(body.get_object())), .now_ms = sources->now_ms()};
  CheckMembers(*route, job.members);
  if (name == "calls/purge" &&
      job.members.Has("calls") + job.members.Has("sessions") + job.members.Has("number") != 1) {
    return respond(Bad("one of \"calls\", \"sessions\" and \"number\" says what to purge"));
  }
  if (!job.members.fault().empty()) return respond(Bad(job.members.fault()));
  Run(sources, *route, std::move(job), respond);
}

}  // namespace

bool IsRecordTarget(std::string_view target) {
  return target.starts_with(kPrefix);
}

http::Handler RecordRoutes(RecordSources sources) {
  return [sources = std::make_shared<const RecordSources>(std::move(sources))](
             const Request& request, const Responder& respond) {
    Dispatch(sources, request, respond);
  };
}

}  // namespace trunkline::control
