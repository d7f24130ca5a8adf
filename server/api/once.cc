#include "server/api/once.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "boost/json.hpp"
#include "server/api/call_json.h"
#include "server/api/exchange.h"

namespace trunkline::api {
namespace {

using records::AnswerKeeper;
using records::KeptAnswer;
using records::Ledger;
using records::Live;
using records::Oid;

constexpr std::size_t kKeyBytesMax = 255;
constexpr char kPurgeJob[] = "X-Purge-Job";

// So that no two lists of texts read alike.
void Append(std::string& text, std::string_view more) {
  absl::StrAppend(&text, more.size(), ":", absl::string_view(more.data(), more.size()));
}

// The path by its meaning: the same for an alias, and however its letters are written.
std::string AnswerKeyOf(const Exchange& exchange) {
  std::string text;
  Append(text, AsText(exchange.who.credential.bytes()));
  Append(text, exchange.request.method);
  Append(text, exchange.route);
  for (const std::string& param : exchange.params) Append(text, param);
  Append(text, exchange.request.idempotency_key);
  return exchange.keyring->Digest(text);
}

std::string RequestOf(const Exchange& exchange) {
  const std::string_view target = exchange.request.target;
  std::string text;
  Append(text, target.substr(http::PathOf(target).size()));
  Append(text, exchange.request.body);
  return exchange.keyring->Digest(text);
}

KeptAnswer Kept(const Made& made, std::string request) {
  KeptAnswer kept;
  kept.request = std::move(request);
  kept.status = static_cast<std::int32_t>(made.answer.status);
  kept.call = made.about.call;
  for (const auto& [name, value] : made.answer.headers) {
    if (name == kPurgeJob) kept.purge_job = Oid::Parse(value);
  }
  if (made.about.shows_call) {
    kept.form = KeptAnswer::Form::kCall;
  } else if (made.answer.body.size() > records::kKeptBodyBytesMax) {
    kept.form = KeptAnswer::Form::kTooLong;
  } else {
    kept.body = made.answer.body;
  }
  return kept;
}

absl::StatusOr<http::Answer> Replayed(const Exchange& exchange, const KeptAnswer& kept,
                                      std::string_view request, records::Reader& reader) {
  using Form = KeptAnswer::Form;
  if (kept.form == Form::kErased) return AnswerErased(exchange.surface);
  if (kept.request != request) return KeyReused(exchange.surface);
  http::Answer answer;
  if (kept.form == Form::kCall) {
    const auto call = reader.Find(exchange.who.organization, kept.call.value_or(Oid()).Hex());
    if (!call.ok()) return call.status();
    if (!*call) return AnswerErased(exchange.surface);
    answer = JsonAnswer(NotesCall(**call, /*keep_empty_notes=*/true));
  } else {
    answer = kept.form == Form::kTooLong
                 ? AnswerTooLong(exchange.surface)
                 : JsonTextAnswer(kept.body, static_cast<unsigned>(kept.status));
  }
  if (kept.purge_job) answer.headers.emplace_back(kPurgeJob, kept.purge_job->Hex());
  answer.headers.emplace_back("Idempotent-Replayed", "true");
  return answer;
}

// One request in its transaction, which may be run again.
struct Attempt {
  const ExchangePtr exchange;
  const Make make;
  const std::string key, request;
  http::Answer answer{};
  bool happened = false;

  absl::Status Run(Ledger& ledger, Live& live) {
    happened = false;
    AnswerKeeper& keeper = ledger.answers();
    const auto kept = keeper.Find(key, exchange->now_ms);
    if (!kept.ok()) return kept.status();
    if (*kept) {
      auto replayed = Replayed(*exchange, **kept, request, ledger.reader());
      if (replayed.ok()) answer = *std::move(replayed);
      return replayed.status();
    }
    const auto room = keeper.HasRoom(exchange->who.credential, exchange->now_ms);
    if (!room.ok()) return room.status();
    if (*room) return Happen(ledger, live);
    answer = TooManyKeys(exchange->surface);
    return absl::OkStatus();
  }

 private:
  // A server's own trouble isn't worth keeping: the request may be tried again.
  absl::Status Happen(Ledger& ledger, Live& live) {
    auto made = make(ledger, live);
    if (!made.ok()) return made.status();
    happened = true;
    absl::Status status;
    if (made->answer.status < 500) {
      status = ledger.answers().Keep(exchange->who.credential, key, Kept(*made, request),
                                     exchange->now_ms);
    }
    answer = std::move(made->answer);
    return status;
  }
};

}  // namespace

bool IsIdempotencyKey(std::string_view key) {
  return !key.empty() && key.size() <= kKeyBytesMax &&
         std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c < 127; });
}

void ChangeOnce(const ExchangePtr& exchange, Make make, std::function<void()> after) {
  const auto attempt = std::make_shared<Attempt>(
      Attempt{exchange, std::move(make), AnswerKeyOf(*exchange), RequestOf(*exchange)});
  exchange->backend->Change(
      [attempt](Ledger& ledger, Live& live) { return attempt->Run(ledger, live); },
      [attempt, after = std::move(after)](const absl::Status& status) {
        const Exchange& one = *attempt->exchange;
        if (!status.ok()) return one.respond(Failure(one.surface, status, one.internal));
        if (attempt->happened) after();
        one.respond(std::move(attempt->answer));
      });
}

}  // namespace trunkline::api
