#include "tests/server/api/small_ledger.h"

#include <algorithm>

#include "server/api/target.h"

namespace trunkline::api {

using namespace records;

Call* SmallLedger::Known(Oid organization, std::string_view name) {
  const auto id = Oid::Parse(name);
  for (Call& call : calls) {
    if (call.organization != organization) continue;
    if (id == call.id || name == call.provider_call_id) return &call;
  }
  return nullptr;
}

NoteChange SmallLedger::Changed(Call* call) {
  if (call == nullptr) return {NoteResult::kNoCall, std::nullopt};
  ++changes;
  return {NoteResult::kDone, *call};
}

absl::StatusOr<std::vector<Organization>> SmallLedger::Organizations() {
  return organizations;
}
absl::StatusOr<std::vector<User>> SmallLedger::Users() {
  return users;
}
absl::StatusOr<std::vector<User>> SmallLedger::UsersWithEmail(std::string_view email) {
  std::vector<User> found;
  for (const User& user : users) {
    if (!email.empty() && EqualsIgnoringCase(user.email, email)) found.push_back(user);
  }
  return found;
}
absl::StatusOr<std::vector<Credential>> SmallLedger::Credentials() {
  return credentials;
}

absl::StatusOr<std::optional<Call>> SmallLedger::Find(Oid organization, std::string_view call) {
  ++reads;
  const Call* known = Known(organization, call);
  if (known == nullptr) return std::optional<Call>();
  return std::optional<Call>(*known);
}

absl::StatusOr<CallPage> SmallLedger::List(Oid organization, const CallFilter& asked) {
  ++reads;
  filter = asked;
  CallPage page;
  for (const Call& call : calls) {
    if (call.organization == organization) page.calls.push_back(call);
  }
  page.total = static_cast<std::int64_t>(page.calls.size());
  return page;
}

absl::StatusOr<std::optional<PurgeJob>> SmallLedger::FindJob(Oid organization, Oid job) {
  ++reads;
  for (const PurgeJob& one : jobs) {
    if (one.organization == organization && one.id == job) return std::optional<PurgeJob>(one);
  }
  return std::optional<PurgeJob>();
}

absl::StatusOr<std::shared_ptr<const records::CustomerCalls>> SmallLedger::OfCustomer(
    Oid organization, const std::string& number_e164, bool what_if) {
  ++reads;
  const auto found = what_if ? PurgeItem::Status::kWhatIf : PurgeItem::Status::kPurging;
  records::CustomerCalls customer;
  for (const Call& call : calls) {
    if (call.organization != organization || call.to_e164 != number_e164) continue;
    customer.items.push_back({call.id.Hex(), call.session.Hex(), found, ""});
  }
  if (!customer.items.empty()) {
    customer.items.push_back({std::nullopt, Oid(9, 9).Hex(), found, ""});
  }
  return std::make_shared<const records::CustomerCalls>(std::move(customer));
}

absl::StatusOr<PurgeStatus> SmallLedger::StatusOf(Oid, std::string_view call) {
  ++reads;
  const bool over = std::find(purged.begin(), purged.end(), call) != purged.end();
  if (!over) return PurgeStatus{};
  return PurgeStatus{PurgeState::kPurged, R"({"calls":1,"signature":"00"})"};
}

absl::StatusOr<records::Reader::Events> SmallLedger::EventsAfter(records::Oid, std::int64_t after,
                                                                 int max) {
  Events found;
  found.oldest = oldest_event;
  for (const records::Event& event : events) {
    found.newest = event.seq;
    if (event.seq > after && std::ssize(found.events) < max) found.events.push_back(event);
  }
  return found;
}

records::Webhook* SmallLedger::WebhookOf(records::Oid organization, std::string_view name) {
  for (records::Webhook& one : webhooks_known) {
    if (one.organization == organization && one.name == name) return &one;
  }
  return nullptr;
}

absl::StatusOr<std::optional<std::vector<records::DeadLetter>>> SmallLedger::DeadLetters(
    records::Oid organization, std::string_view name) {
  if (WebhookOf(organization, name) == nullptr) return std::nullopt;
  return dead;
}

absl::StatusOr<bool> SmallLedger::PutWebhook(const records::Webhook& webhook, bool move,
                                             std::int64_t) {
  webhook_moved = move;
  if (records::Webhook* const known = WebhookOf(webhook.organization, webhook.name)) {
    *known = webhook;
  } else if (webhooks_known.size() == records::kWebhooksMax) {
    return false;
  } else {
    webhooks_known.push_back(webhook);
  }
  return true;
}

absl::StatusOr<bool> SmallLedger::RemoveWebhook(records::Oid organization, std::string_view name) {
  const records::Webhook* const known = WebhookOf(organization, name);
  if (known == nullptr) return false;
  webhooks_known.erase(webhooks_known.begin() + (known - webhooks_known.data()));
  return true;
}

absl::Status SmallLedger::Delivered(records::Oid, std::int64_t, std::int64_t) {
  return absl::OkStatus();
}
absl::Status SmallLedger::Failing(records::Oid, std::int64_t) {
  return absl::OkStatus();
}
absl::Status SmallLedger::GiveUp(records::Oid, std::int64_t, std::int64_t, std::string_view,
                                 std::int64_t) {
  return absl::OkStatus();
}

absl::StatusOr<std::optional<Organization>> SmallLedger::AddOrganization(std::string,
                                                                         std::int64_t) {
  return std::optional<Organization>();
}
absl::StatusOr<bool> SmallLedger::PutUser(const User&) {
  return false;
}
absl::StatusOr<Credential> SmallLedger::AddCredential(Credential credential, std::int64_t) {
  return credential;
}
absl::StatusOr<bool> SmallLedger::RevokeCredential(Oid, Oid) {
  return false;
}

absl::StatusOr<bool> SmallLedger::Discard(const Actor& by, const DiscardRequest& request, Live&,
                                          std::int64_t) {
  actor = by;
  discard = request;
  const Call* known = Known(by.organization, request.call);
  if (known == nullptr) return false;
  calls.erase(calls.begin() + (known - calls.data()));
  ++changes;
  return true;
}

absl::StatusOr<PurgeResult> SmallLedger::Purge(const Actor& by, const PurgeRequest& request,
                                               std::int64_t) {
  actor = by;
  purge = request;
  using Status = PurgeItem::Status;
  const Status found = request.what_if ? Status::kWhatIf : Status::kPurging;
  PurgeResult result;
  const auto is_wanted = [&](const Call& call, const std::string& id) {
    if (call.organization != by.organization) return false;
    if (request.kind == PurgeRequest::Kind::kSessions) return call.session == Oid::Parse(id);
    return call.id == Oid::Parse(id);
  };
  for (const std::string& id : request.ids) {
    const std::size_t before = result.items.size();
    for (const Call& call : calls) {
      if (!is_wanted(call, id)) continue;
      result.items.push_back({call.id.Hex(), call.session.Hex(), found, ""});
    }
    if (result.items.size() != before) continue;
    PurgeItem unknown{std::nullopt, std::nullopt, Status::kNotFound, ""};
    (request.kind == PurgeRequest::Kind::kSessions ? unknown.session : unknown.call) = id;
    result.items.push_back(std::move(unknown));
  }
  if (request.kind == PurgeRequest::Kind::kCustomer) result.items = request.customer->items;
  if (purge_error) result.items.push_back(*purge_error);
  if (!request.what_if) {
    ++changes;
    result.job = Oid(7, 7);
  }
  return result;
}

absl::StatusOr<bool> SmallLedger::PurgeSlice(int, Live&, std::int64_t) {
  return false;
}

absl::StatusOr<std::optional<records::KeptAnswer>> SmallLedger::Find(std::string_view key,
                                                                     std::int64_t) {
  const auto found = answers_known.find(key);
  if (found == answers_known.end()) return std::nullopt;
  return found->second;
}

absl::Status SmallLedger::Keep(records::Oid, std::string_view key,
                               const records::KeptAnswer& answer, std::int64_t) {
  answers_known.insert_or_assign(std::string(key), answer);
  return absl::OkStatus();
}

absl::StatusOr<NoteChange> SmallLedger::AddNote(const Actor& by, std::string_view call,
                                                const NoteText& text, std::int64_t now_ms) {
  actor = by;
  note = text;
  Call* known = Known(by.organization, call);
  if (known != nullptr) {
    known->notes.push_back({Oid(5, known->notes.size() + 1), by.user.value_or(Oid(0, 99)),
                            text.content, text.flagged, now_ms});
  }
  return Changed(known);
}

absl::StatusOr<NoteChange> SmallLedger::UpdateNote(const Actor& by, std::string_view call,
                                                   std::string_view id, const NoteText& text,
                                                   std::int64_t) {
  note = text;
  Call* known = Known(by.organization, call);
  if (known == nullptr) return Changed(known);
  for (Note& one : known->notes) {
    if (one.id != Oid::Parse(id)) continue;
    one.content = text.content;
    one.flagged = text.flagged;
    return Changed(known);
  }
  return NoteChange{NoteResult::kNoNote, std::nullopt};
}

absl::StatusOr<NoteChange> SmallLedger::RemoveNote(const Actor& by, std::string_view call,
                                                   std::string_view id, std::int64_t) {
  Call* known = Known(by.organization, call);
  if (known == nullptr) return Changed(known);
  const auto gone =
      std::erase_if(known->notes, [&](const Note& one) { return one.id == Oid::Parse(id); });
  if (gone == 0) return NoteChange{NoteResult::kNoNote, std::nullopt};
  return Changed(known);
}

absl::StatusOr<NoteChange> SmallLedger::Rate(const Actor& by, std::string_view call,
                                             std::int32_t stars, std::string_view comment,
                                             std::int64_t now_ms) {
  Call* known = Known(by.organization, call);
  if (known != nullptr) {
    known->ratings.push_back({Oid(0, 99), stars, std::string(comment), 0, false, now_ms});
  }
  return Changed(known);
}

absl::StatusOr<NoteChange> SmallLedger::MarkViewed(const Actor& by, std::string_view call,
                                                   std::string_view email, std::int64_t) {
  Call* known = Known(by.organization, call);
  if (known != nullptr) known->viewed_by.emplace_back(email);
  return Changed(known);
}

absl::StatusOr<IngestResult> SmallLedger::Ingest(const Actor& by, const IngestRequest& request,
                                                 std::int64_t) {
  actor = by;
  const bool again = ingest && ingest->external_id == request.external_id;
  ingest = request;
  ++changes;
  return IngestResult{Oid(8, 8), again};
}

}  // namespace trunkline::api
