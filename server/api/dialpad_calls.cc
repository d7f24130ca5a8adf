#include "server/api/dialpad_calls.h"

#include <algorithm>

#include "boost/json.hpp"
#include "server/api/body.h"
#include "server/api/call_json.h"
#include "server/api/query.h"
#include "server/records/numbers.h"

namespace trunkline::api {
namespace {

namespace json = boost::json;
using absl::StatusOr;
using records::Ledger;
using records::Live;
using records::Oid;
using records::Reader;

constexpr std::int64_t kCallsPageDefault = 50, kCallsPageMax = 500, kOffsetMax = 1'000'000'000;
constexpr std::int64_t kDurationMax = 86'400 * 7;
constexpr std::size_t kExternalIdMax = 256;

// In the shape of this surface's 404 and 400s that hold a plain text.
http::Answer Refusal(unsigned status, const char* error) {
  return JsonAnswer({{"success", false}, {"error", error}}, status);
}

bool IsBlank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n\v\f") == std::string_view::npos;
}

// No media type, no body.
bool HasBody(const http::Request& request) {
  return !request.body.empty() && !request.content_type.empty();
}

std::optional<std::vector<Wrong>> ReadDiscard(const http::Request& request,
                                              records::DiscardRequest& discard) {
  if (!HasBody(request)) return std::nullopt;
  if (!IsJsonType(request.content_type)) return std::vector<Wrong>{{"", "not application/json"}};
  Fields fields(request.body);
  discard.contact = fields.Text("contactId");
  discard.delete_contact = fields.Flag("deleteContact").value_or(false);
  if (!fields.good()) return fields.wrongs();
  return std::nullopt;
}

std::optional<std::string> Number(Fields& fields, const char* name, const Config& config) {
  const auto text = fields.Text(name, true);
  if (!text) return std::nullopt;
  auto number = records::NormaliseNumber(*text, config.calling_code);
  if (!number) fields.Blame(name, "not a phone number");
  return number;
}

// One of `words`, or blame.
std::string Word(Fields& fields, const char* name, std::initializer_list<std::string_view> words) {
  const std::string word = fields.Text(name, true).value_or("");
  const bool known = std::find(words.begin(), words.end(), word) != words.end();
  if (!known && fields.good()) {
    std::string list;
    for (const std::string_view one : words) list.append(list.empty() ? "" : ", ").append(one);
    fields.Blame(name, "expected one of " + list);
  }
  return word;
}

// An array of {speaker, text, at}.
std::string Transcript(Fields& fields, bool required) {
  const json::value* lines = fields.Array("transcript", required);
  if (lines == nullptr) return "";
  for (const json::value& line : lines->as_array()) {
    const auto* object = line.if_object();
    const auto has_text = [object](const char* name) {
      const json::value* value = object == nullptr ? nullptr : object->if_contains(name);
      return value != nullptr && value->is_string();
    };
    if (!has_text("speaker") || !has_text("text")) {
      fields.Blame("transcript", "expected {speaker, text, at}");
      break;
    }
  }
  return json::serialize(*lines);
}

// {url, durationSec}
std::string Recording(Fields& fields, bool required) {
  const json::value* recording = fields.Object("recording", required);
  if (recording == nullptr) return "";
  const json::value* url = recording->as_object().if_contains("url");
  if (url == nullptr || !url->is_string()) fields.Blame("recording.url", "expected string");
  return json::serialize(*recording);
}

records::IngestRequest ReadIngest(Fields& fields, const Exchange& exchange) {
  records::IngestRequest ingest;
  ingest.direction = Word(fields, "direction", {"inbound", "outbound"}) == "inbound"
                         ? records::Direction::kInbound
                         : records::Direction::kOutbound;
  ingest.from_e164 = Number(fields, "fromNumber", *exchange.config).value_or("");
  ingest.to_e164 = Number(fields, "toNumber", *exchange.config).value_or("");
  ingest.duration_s =
      static_cast<std::int32_t>(fields.Number("duration", 0, kDurationMax, true).value_or(0));
  ingest.ingested.status = Word(fields, "status", {"completed", "no-answer", "busy", "failed"});
  const bool completed = ingest.ingested.status == "completed";
  ingest.ingested.transcript = Transcript(fields, completed);
  ingest.ingested.summary = fields.Text("summary", completed).value_or("");
  ingest.ingested.recording = Recording(fields, completed);
  ingest.external_id = fields.Text("externalCallId").value_or("");
  if (ingest.external_id.size() > kExternalIdMax) fields.Blame("externalCallId", "too long");
  ingest.start_ms = exchange.now_ms - ingest.duration_s * 1000ll;
  if (const auto start = fields.Text("startTime")) {
    const auto ms = ParseTime(*start);
    if (!ms) fields.Blame("startTime", "expected an RFC 3339 time");
    ingest.start_ms = ms.value_or(0);
  }
  if (const auto user = fields.Text("userId")) {
    ingest.user = Oid::Parse(*user);
    if (!ingest.user) fields.Blame("userId", "unknown user");
  }
  return ingest;
}

// nullopt: the named owner isn't of this organization.
StatusOr<std::optional<records::IngestResult>> Ingest(Ledger& ledger, const Exchange& exchange,
                                                      const records::IngestRequest& ingest) {
  if (ingest.user) {
    const auto users = ledger.reader().Users();
    if (!users.ok()) return users.status();
    const bool own = std::any_of(users->begin(), users->end(), [&](const records::User& user) {
      return user.id == *ingest.user && user.organization == exchange.who.organization;
    });
    if (!own) return std::optional<records::IngestResult>();
  }
  auto result = ledger.Ingest(exchange.actor(), ingest, exchange.now_ms);
  if (!result.ok()) return result.status();
  return std::optional<records::IngestResult>(*std::move(result));
}

}  // namespace

void DiscardCall(const ExchangePtr& exchange) {
  const std::string& call = exchange->params[0];
  if (IsBlank(call)) return exchange->respond(Refusal(400, "callId missing"));
  records::DiscardRequest discard;
  discard.call = call;
  if (const auto wrongs = ReadDiscard(exchange->request, discard)) {
    return exchange->respond(Invalid(exchange->surface, *wrongs));
  }
  Change(
      exchange,
      [exchange, discard](Ledger& ledger, Live& live) {
        return ledger.Discard(exchange->actor(), discard, live, exchange->now_ms);
      },
      [](bool existed) {
        const char* message = existed ? "Call discarded" : "Call not found, nothing to discard";
        return JsonAnswer({{"success", true}, {"message", message}});
      });
}

void GetDialpadCall(const ExchangePtr& exchange) {
  const std::string& call = exchange->params[0];
  if (IsBlank(call)) return exchange->respond(Refusal(400, "callId missing"));
  Read(
      exchange,
      [exchange, call](Reader& reader) { return reader.Find(exchange->who.organization, call); },
      [](const std::optional<records::Call>& found) {
        if (!found) return Refusal(404, "Call not found");
        return JsonAnswer({{"success", true}, {"call", DialpadCall(*found)}});
      });
}

void GetHistory(const ExchangePtr& exchange) {
  Query query(*exchange);
  records::CallFilter filter;
  filter.limit =
      std::min(query.Number("limit", 1, kOffsetMax).value_or(kCallsPageDefault), kCallsPageMax);
  filter.offset = query.Number("offset", 0, kOffsetMax).value_or(0);
  if (const auto status = query.Text("status")) filter.dialpad_statuses = {*status};
  bool nothing = false;  // what isn't an id names nothing
  const auto id = [&](const char* name) -> std::optional<Oid> {
    const auto text = query.Text(name);
    if (!text) return std::nullopt;
    const auto oid = Oid::Parse(*text);
    nothing = nothing || !oid;
    return oid;
  };
  filter.contact = id("contactId");
  filter.user = id("userId");
  if (!query.good()) return exchange->respond(Invalid(exchange->surface, query.wrongs()));
  const auto show = [](const records::CallPage& page) {
    json::array calls;
    for (const records::Call& call : page.calls) calls.push_back(DialpadCall(call));
    return JsonAnswer({{"success", true}, {"calls", std::move(calls)}, {"total", page.total}});
  };
  if (nothing) return exchange->respond(show({}));
  Read(
      exchange,
      [exchange, filter](Reader& reader) {
        return reader.List(exchange->who.organization, filter);
      },
      show);
}

void IngestCall(const ExchangePtr& exchange) {
  if (!IsJsonType(exchange->request.content_type)) {
    return exchange->respond(WrongMediaType(exchange->surface));
  }
  Fields fields(exchange->request.body);
  const records::IngestRequest ingest = ReadIngest(fields, *exchange);
  if (!fields.good()) return exchange->respond(Invalid(exchange->surface, fields.wrongs()));
  Change(
      exchange,
      [exchange, ingest](Ledger& ledger, Live&) { return Ingest(ledger, *exchange, ingest); },
      [](const std::optional<records::IngestResult>& result) {
        if (!result) return Invalid(Surface::kDialpad, {{"userId", "unknown user"}});
        return JsonAnswer({{"success", true},
                           {"deduplicated", result->deduplicated},
                           {"callId", result->call.Hex()}});
      });
}

void VerifyToken(const ExchangePtr& exchange) {
  exchange->respond(JsonAnswer({{"message", "Token is good"}}));
}

}  // namespace trunkline::api
