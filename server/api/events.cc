#include "server/api/events.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "boost/json.hpp"
#include "server/api/body.h"
#include "server/api/event_stream.h"
#include "server/api/event_text.h"
#include "server/api/query.h"
#include "server/http/post.h"
#include "server/records/time_text.h"
#include "server/records/webhooks.h"

namespace trunkline::api {
namespace {

namespace json = boost::json;
using records::Ledger;
using records::Live;
using records::Reader;

constexpr std::size_t kSecretBytesMin = 16, kSecretBytesMax = 256, kUrlBytesMax = 2048;
constexpr std::int64_t kSeqMax = std::numeric_limits<std::int64_t>::max();

std::optional<std::int64_t> SeqOf(std::string_view text) {
  std::int64_t seq = 0;
  if (!absl::SimpleAtoi(absl::string_view(text.data(), text.size()), &seq) || seq < 0) {
    return std::nullopt;
  }
  return seq;
}

// Where to begin. nullopt: answered, it was no number. Negative: from now on.
std::optional<std::int64_t> BeginOf(const ExchangePtr& exchange) {
  Query query(*exchange);
  const auto after = query.Number("after", 0, kSeqMax);
  if (!exchange->request.last_event_id.empty()) {
    const auto last = SeqOf(exchange->request.last_event_id);
    if (last) return last;
    query.Blame("Last-Event-ID", "expected the number of an event");
  }
  if (query.good()) return after.value_or(-1);
  exchange->respond(Invalid(exchange->surface, query.wrongs()));
  return std::nullopt;
}

http::Answer Gone(std::int64_t oldest) {
  return JsonAnswer({{"success", false},
                     {"error", "Events before the oldest are no longer kept"},
                     {"code", "EVENTS_GONE"},
                     {"oldest", oldest}},
                    410);
}

bool IsWebhookName(std::string_view name) {
  return !name.empty() && name.size() <= records::kWebhookNameMax &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' ||
                  c == '.';
         });
}

// False: answered.
bool HasWebhookName(const ExchangePtr& exchange) {
  if (IsWebhookName(exchange->params[0])) return true;
  exchange->respond(
      Invalid(exchange->surface, {{"name", "expected 1 to 64 letters, digits, '-', '_' or '.'"}}));
  return false;
}

json::object Shown(const records::Webhook& webhook) {
  json::object shown = {{"name", webhook.name}, {"url", webhook.url}, {"after", webhook.after}};
  if (webhook.failing_since_ms != 0) {
    shown.emplace("failingSince", records::TimeTextWithMillis(webhook.failing_since_ms));
  }
  return shown;
}

http::Answer NoWebhook() {
  return JsonAnswer({{"success", false}, {"error", "Webhook not found"}}, 404);
}

http::Answer Done() {
  return JsonAnswer({{"success", true}});
}

}  // namespace

void GetEvents(const ExchangePtr& exchange) {
  const auto begin = BeginOf(exchange);
  if (!begin) return;
  Read(
      exchange,
      [organization = exchange->who.organization, begin](Reader& reader) {
        return reader.EventsAfter(organization, std::max(*begin, std::int64_t{0}), 0);
      },
      [exchange, begin](const Reader::Events& known) {
        const std::int64_t after = *begin < 0 ? known.newest : *begin;
        if (after + 1 < known.oldest) return Gone(known.oldest);
        http::Answer answer;
        answer.content_type = "text/event-stream";
        answer.feed = exchange->streams->Subscribe(exchange->who.organization, after);
        return answer;
      });
}

void ListWebhooks(const ExchangePtr& exchange) {
  Read(
      exchange, [](Reader& reader) { return reader.Webhooks(); },
      [exchange](const std::vector<records::Webhook>& webhooks) {
        json::array shown;
        for (const records::Webhook& webhook : webhooks) {
          if (webhook.organization == exchange->who.organization) shown.push_back(Shown(webhook));
        }
        return JsonAnswer({{"success", true}, {"webhooks", shown}});
      });
}

void PutWebhook(const ExchangePtr& exchange) {
  if (!IsJsonType(exchange->request.content_type)) {
    return exchange->respond(WrongMediaType(exchange->surface));
  }
  if (!HasWebhookName(exchange)) return;
  Fields fields(exchange->request.body);
  records::Webhook webhook;
  webhook.organization = exchange->who.organization;
  webhook.name = exchange->params[0];
  webhook.url = fields.Text("url", true).value_or("");
  webhook.secret = fields.Text("secret", true).value_or("");
  const auto after = fields.Number("after", 0, kSeqMax);
  webhook.after = after.value_or(records::WebhookWriter::kNewest);
  if (fields.good()) {
    const auto target = http::ParseTarget(webhook.url);
    if (!target.ok()) fields.Blame("url", std::string(target.status().message()));
    if (webhook.url.size() > kUrlBytesMax) fields.Blame("url", "expected at most 2048 bytes");
    if (webhook.secret.size() < kSecretBytesMin || webhook.secret.size() > kSecretBytesMax) {
      fields.Blame("secret", "expected 16 to 256 bytes");
    }
  }
  if (!fields.good()) return exchange->respond(Invalid(exchange->surface, fields.wrongs()));
  Change(
      exchange,
      [exchange, webhook, move = after.has_value()](Ledger& ledger, Live&) {
        return ledger.webhooks().PutWebhook(webhook, move, exchange->now_ms);
      },
      [](bool put) {
        if (put) return Done();
        return JsonAnswer({{"success", false}, {"error", "There are 64 webhooks already"}}, 409);
      },
      [exchange, moved = after ? webhook.name : ""](bool put) {
        if (put) exchange->config->webhooks_changed(exchange->who.organization, moved);
      });
}

void RemoveWebhook(const ExchangePtr& exchange) {
  Change(
      exchange,
      [exchange](Ledger& ledger, Live&) {
        return ledger.webhooks().RemoveWebhook(exchange->who.organization, exchange->params[0]);
      },
      [](bool removed) { return removed ? Done() : NoWebhook(); },
      [exchange](bool removed) {
        if (removed) exchange->config->webhooks_changed(exchange->who.organization, "");
      });
}

void GetDeadLetters(const ExchangePtr& exchange) {
  Read(
      exchange,
      [exchange](Reader& reader) {
        return reader.DeadLetters(exchange->who.organization, exchange->params[0]);
      },
      [](const std::optional<std::vector<records::DeadLetter>>& letters) {
        if (!letters) return NoWebhook();
        json::array shown;
        for (const records::DeadLetter& letter : *letters) {
          shown.push_back({{"event", json::parse(EventJson(letter.event))},
                           {"givenUpAt", records::TimeTextWithMillis(letter.given_up_ms)},
                           {"error", letter.error}});
        }
        return JsonAnswer({{"success", true}, {"dead", shown}});
      });
}

}  // namespace trunkline::api
