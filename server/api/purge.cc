#include "server/api/purge.h"

#include "absl/strings/ascii.h"
#include "boost/json.hpp"
#include "server/api/body.h"
#include "server/api/json_text.h"
#include "server/api/query.h"
#include "server/records/numbers.h"

namespace trunkline::api {
namespace {

namespace json = boost::json;
using records::Ledger;
using records::Live;
using records::Oid;
using records::PurgeItem;
using records::PurgeRequest;
using records::Reader;

constexpr std::size_t kIdsMax = 100;

json::value TextOrNull(const std::optional<std::string>& text) {
  return text ? json::value(JsonText(*text)) : json::value(nullptr);
}

std::string_view WordOf(PurgeItem::Status status) {
  switch (status) {
    case PurgeItem::Status::kPurging:
      return "Purging";
    case PurgeItem::Status::kNotFound:
      return "NotFound";
    case PurgeItem::Status::kWhatIf:
      return "WhatIf";
    case PurgeItem::Status::kError:
      break;
  }
  return "Error";
}

// These four, always, in this order.
json::object ItemObject(const PurgeItem& item) {
  json::value error = nullptr;
  if (item.status == PurgeItem::Status::kError) error = JsonText(item.error);
  return {{"callId", TextOrNull(item.call)},
          {"sessionId", TextOrNull(item.session)},
          {"status", JsonText(WordOf(item.status))},
          {"errorMsg", std::move(error)}};
}

http::Answer Items(const records::PurgeResult& result) {
  // One at a time: a customer may have a hundred thousand.
  std::string body = R"({"items":[)";
  for (const PurgeItem& item : result.shown()) {
    if (&item != result.shown().data()) body += ',';
    body += json::serialize(ItemObject(item));
  }
  body += "]}";
  http::Answer answer = JsonTextAnswer(std::move(body));
  if (result.job) answer.headers.emplace_back("X-Purge-Job", result.job->Hex());
  return answer;
}

http::Answer TooManyIds(std::size_t given) {
  return JsonAnswer({{"message", "ids: at most 100 IDs per request"},
                     {"code", "TOO_MANY_IDS"},
                     {"limit", kIdsMax},
                     {"given", given}},
                    400);
}

// What was selected, for the audit log: the same selector has the same fingerprint.
std::string FingerprintOf(const PurgeRequest& purge, const Keyring& keyring) {
  std::string selector = std::to_string(static_cast<int>(purge.kind)) + purge.number_e164;
  for (const std::string& id : purge.ids) selector += '\n' + id;
  return keyring.Fingerprint(selector);
}

void Run(const ExchangePtr& exchange, PurgeRequest purge) {
  const bool what_if = purge.what_if;
  const auto tell = [exchange, fingerprint = FingerprintOf(purge, *exchange->keyring),
                     what_if](const records::PurgeResult& result) {
    if (!exchange->config->audit) return;
    exchange->config->audit({exchange->who.organization, exchange->who.credential, fingerprint,
                             what_if, result.shown().size()});
  };
  const auto work = [exchange, purge = std::move(purge)](Ledger& ledger, Live&) {
    return ledger.Purge(exchange->actor(), purge, exchange->now_ms);
  };
  // A dry run changes nothing, also not what is kept for a key.
  what_if ? ChangeAnyway(exchange, work, Items, tell) : Change(exchange, work, Items, tell);
}

// What a dry run is must be certain before anything else is looked at. nullopt: it was answered.
std::optional<PurgeRequest> Begin(const ExchangePtr& exchange, PurgeRequest::Kind kind) {
  if (!IsJsonType(exchange->request.content_type)) {
    exchange->respond(WrongMediaType(exchange->surface));
    return std::nullopt;
  }
  Query query(*exchange);
  PurgeRequest purge;
  purge.kind = kind;
  purge.what_if = query.Flag("whatIf").value_or(false);
  if (query.good()) return purge;
  exchange->respond(Invalid(exchange->surface, query.wrongs()));
  return std::nullopt;
}

void PurgeIds(const ExchangePtr& exchange, PurgeRequest::Kind kind) {
  auto purge = Begin(exchange, kind);
  if (!purge) return;
  Fields fields(exchange->request.body);
  const json::value* ids = fields.Array("ids", true);
  if (ids != nullptr) {
    for (const json::value& id : ids->as_array()) {
      if (!id.is_string()) {
        fields.Blame("ids", "expected strings");
        break;
      }
      purge->ids.emplace_back(id.as_string().data(), id.as_string().size());
    }
  }
  if (!fields.good()) return exchange->respond(Invalid(exchange->surface, fields.wrongs()));
  if (purge->ids.size() > kIdsMax) return exchange->respond(TooManyIds(purge->ids.size()));
  if (purge->ids.empty()) return exchange->respond(Items({}));
  Run(exchange, *std::move(purge));
}

// nullopt: what the store kept isn't JSON.
std::optional<http::Answer> StatusAnswer(bool purged, const std::string& receipt) {
  json::value shown = nullptr;
  if (!receipt.empty()) {
    json::error_code error;
    shown = json::parse(receipt, error);
    if (error) return std::nullopt;
  }
  return JsonAnswer({{"status", purged ? "Purged" : "Purging"}, {"receipt", std::move(shown)}});
}

http::Answer OAuthError(const char* error) {
  return JsonAnswer({{"error", error}}, 400);
}

bool IsForm(std::string_view content_type) {
  std::string_view type = content_type.substr(0, content_type.find(';'));
  while (type.ends_with(' ')) type.remove_suffix(1);
  return EqualsIgnoringCase(type, "application/x-www-form-urlencoded");
}

// nullopt: given twice. Empty: absent.
std::optional<std::string> Once(const Pairs& pairs, std::string_view name) {
  std::string found;
  bool seen = false;
  for (const auto& [key, value] : pairs) {
    if (key != name) continue;
    if (std::exchange(seen, true)) return std::nullopt;
    found = value;
  }
  return found;
}

}  // namespace

void PurgeCalls(const ExchangePtr& exchange) {
  PurgeIds(exchange, PurgeRequest::Kind::kCalls);
}

void PurgeSessions(const ExchangePtr& exchange) {
  PurgeIds(exchange, PurgeRequest::Kind::kSessions);
}

void PurgeCustomer(const ExchangePtr& exchange) {
  auto purge = Begin(exchange, PurgeRequest::Kind::kCustomer);
  if (!purge) return;
  Fields fields(exchange->request.body);
  if (const auto text = fields.Text("phoneNumber", true)) {
    const auto number = records::NormaliseNumber(*text, exchange->config->calling_code);
    if (!number) fields.Blame("phoneNumber", "not a phone number");
    purge->number_e164 = number.value_or("");
  }
  if (!fields.good()) return exchange->respond(Invalid(exchange->surface, fields.wrongs()));
  const auto shared = std::make_shared<PurgeRequest>(*std::move(purge));
  exchange->backend->ReadAside(
      [exchange, shared](Reader& reader) {
        auto calls =
            reader.OfCustomer(exchange->who.organization, shared->number_e164, shared->what_if);
        if (calls.ok()) shared->customer = *std::move(calls);
        return calls.status();
      },
      [exchange, shared](const absl::Status& status) {
        if (status.ok()) return Run(exchange, std::move(*shared));
        exchange->respond(Failure(exchange->surface, status, exchange->internal));
      });
}

void GetPurgeJob(const ExchangePtr& exchange) {
  const auto job = Oid::Parse(exchange->params[0]);
  if (!job) return exchange->respond(NotFound(exchange->surface));
  Read(
      exchange,
      [exchange, job = *job](Reader& reader) {
        return reader.FindJob(exchange->who.organization, job);
      },
      [](const std::optional<records::PurgeJob>& found) {
        if (!found) return NotFound(Surface::kPurge);
        const auto answer = StatusAnswer(found->completed_ms != 0, found->receipt);
        return answer.value_or(Failure(Surface::kPurge, absl::InternalError("receipt")));
      });
}

void GetPurgeStatus(const ExchangePtr& exchange) {
  Query query(*exchange);
  const std::string call = query.Text("callId").value_or("");
  if (query.good() && call.empty()) query.Blame("callId", "required");
  if (!query.good()) return exchange->respond(Invalid(exchange->surface, query.wrongs()));
  Read(
      exchange,
      [exchange, call](Reader& reader) {
        return reader.StatusOf(exchange->who.organization, call);
      },
      [](const records::PurgeStatus& status) {
        if (status.state == records::PurgeState::kUnknown) return NotFound(Surface::kPurge);
        const bool purged = status.state == records::PurgeState::kPurged;
        const auto answer = StatusAnswer(purged, status.receipt);
        return answer.value_or(Failure(Surface::kPurge, absl::InternalError("receipt")));
      });
}

http::Answer IssueToken(const http::Request& request, const Keyring& keyring, std::int64_t now_ms) {
  const auto pairs = PairsOf(request.body);
  if (!IsForm(request.content_type) || !pairs) return OAuthError("invalid_request");
  const auto grant = Once(*pairs, "grant_type"), id = Once(*pairs, "client_id"),
             secret = Once(*pairs, "client_secret");
  if (!grant || !id || !secret || grant->empty()) return OAuthError("invalid_request");
  if (*grant != "client_credentials") return OAuthError("unsupported_grant_type");
  const auto token = keyring.AccessToken(*id, *secret, now_ms);
  if (!token) return OAuthError("invalid_client");
  return JsonAnswer({{"access_token", JsonText(*token)},
                     {"token_type", "bearer"},
                     {"expires_in", kAccessTokenSeconds - 1}});
}

}  // namespace trunkline::api
