#include "server/control/record_json.h"

#include <type_traits>

#include "server/records/people.h"
#include "server/records/time_text.h"

namespace trunkline::control {
namespace {

namespace json = boost::json;

json::string_view View(std::string_view text) {
  return {text.data(), text.size()};
}
template <class T>
json::value OrNull(const std::optional<T>& value) {
  if (!value) return nullptr;
  if constexpr (std::is_same_v<T, records::Oid>) {
    return json::value(value->Hex());
  } else {
    return json::value(*value);
  }
}
json::value TextOrNull(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

std::string_view NameOf(records::CredentialKind kind) {
  switch (kind) {
    case records::CredentialKind::kJwt:
      return "jwt";
    case records::CredentialKind::kApiKey:
      return "api_key";
    case records::CredentialKind::kPassword:
      return "password";
    case records::CredentialKind::kClient:
      break;
  }
  return "client";
}

std::string_view NameOf(records::PurgeItem::Status status) {
  switch (status) {
    case records::PurgeItem::Status::kPurging:
      return "Purging";
    case records::PurgeItem::Status::kNotFound:
      return "NotFound";
    case records::PurgeItem::Status::kError:
      return "Error";
    case records::PurgeItem::Status::kWhatIf:
      break;
  }
  return "WhatIf";
}

std::string_view NameOf(records::EndReason reason) {
  constexpr std::string_view kNames[] = {"missed",  "busy",    "hangup", "disconnect",
                                         "migrate", "expired", "system"};
  return kNames[static_cast<std::size_t>(reason)];
}
std::string_view NameOf(records::EndedBy by) {
  constexpr std::string_view kNames[] = {"caller", "callee", "server"};
  return kNames[static_cast<std::size_t>(by)];
}

json::array NotesJson(const records::Call& call) {
  json::array notes;
  for (const records::Note& note : call.notes) {
    notes.push_back(json::object{{"id", note.id.Hex()},
                                 {"user", note.user.Hex()},
                                 {"content", note.content},
                                 {"flagged", note.flagged},
                                 {"created_at", TimeJson(note.created_ms)}});
  }
  return notes;
}

}  // namespace

json::value TimeJson(std::int64_t unix_ms) {
  if (unix_ms == 0) return nullptr;
  return json::value(records::TimeTextWithMillis(unix_ms));
}

json::object ToJson(const records::Organization& organization) {
  return {{"id", organization.id.Hex()},
          {"name", organization.name},
          {"host_label", organization.host_label},
          {"created_at", TimeJson(organization.created_ms)}};
}

json::object ToJson(const records::User& user) {
  return {{"id", user.id.Hex()},
          {"org", user.organization.Hex()},
          {"phone", TextOrNull(user.phone_e164)},
          {"name", user.full_name},
          {"email", TextOrNull(user.email)},
          {"role", View(records::NameOf(user.role))},
          {"mtproto_id", user.mtproto_id.value()}};
}

json::object ToJson(const records::Credential& credential) {
  return {{"id", credential.id.Hex()},
          {"kind", View(NameOf(credential.kind))},
          {"user", OrNull(credential.user)},
          {"created_at", TimeJson(credential.created_ms)},
          {"expires_at", TimeJson(credential.expires_ms)},
          {"revoked", credential.revoked}};
}

json::object ToJson(const records::Call& call) {
  const bool ended = call.phase == records::Phase::kEnded;
  return {{"id", call.id.Hex()},
          {"provider_call_id", call.provider_call_id},
          {"session", call.session.Hex()},
          {"owner", call.owner.Hex()},
          {"owner_name", call.owner_name},
          {"contact", OrNull(call.contact)},
          {"conversation", OrNull(call.conversation)},
          {"direction", call.direction == records::Direction::kInbound ? "inbound" : "outbound"},
          {"status", View(records::DialpadStatus(call))},
          {"end_reason", ended && call.end_reason ? json::value(View(NameOf(ShownReason(call))))
                                                  : json::value(nullptr)},
          {"ended_by",
           call.ended_by ? json::value(View(NameOf(*call.ended_by))) : json::value(nullptr)},
          {"video", call.video},
          {"from", TextOrNull(call.from_e164)},
          {"to", TextOrNull(call.to_e164)},
          {"created_at", TimeJson(call.created_ms)},
          {"received_at", TimeJson(call.received_ms.value_or(0))},
          {"accepted_at", TimeJson(call.accepted_ms.value_or(0))},
          {"confirmed_at", TimeJson(call.confirmed_ms.value_or(0))},
          {"ended_at", TimeJson(call.ended_ms.value_or(0))},
          {"duration_s", call.duration_s},
          {"notes", NotesJson(call)}};
}

json::object ToJson(const records::PurgeResult& result) {
  json::array items;
  for (const records::PurgeItem& item : result.shown()) {
    items.push_back(json::object{{"call", OrNull(item.call)},
                                 {"session", OrNull(item.session)},
                                 {"status", View(NameOf(item.status))},
                                 {"error", TextOrNull(item.error)}});
  }
  return {{"items", std::move(items)}, {"job", OrNull(result.job)}};
}

}  // namespace trunkline::control
