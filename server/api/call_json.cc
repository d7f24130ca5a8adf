#include "server/api/call_json.h"

#include "absl/time/time.h"
#include "boost/json.hpp"
#include "server/api/json_text.h"
#include "server/api/target.h"
#include "server/records/time_text.h"

namespace trunkline::api {
namespace {

namespace json = boost::json;
using records::Call;
using records::Direction;
using records::TimeText;
using records::TimeTextWithMillis;

json::value IdOrNull(const std::optional<records::Oid>& id) {
  return id ? json::value(id->Hex()) : json::value(nullptr);
}

json::value TimeOrNull(const std::optional<std::int64_t>& ms) {
  return ms ? json::value(TimeTextWithMillis(*ms)) : json::value(nullptr);
}

// The store wrote it; what doesn't parse is left out rather than sent broken.
json::array Recordings(const Call& call) {
  json::array recordings;
  if (!call.ingested || call.ingested->recording.empty()) return recordings;
  json::error_code error;
  json::value recording = json::parse(call.ingested->recording, error);
  if (!error) recordings.push_back(std::move(recording));
  return recordings;
}

json::object NoteObject(const records::Note& note) {
  return {{"id", note.id.Hex()},
          {"user_id", note.user.Hex()},
          {"content", note.content},
          {"flagged", note.flagged},
          {"created_at", TimeText(note.created_ms)}};
}

json::object RatingObject(const records::Rating& rating) {
  return {{"user_id", rating.user.Hex()},
          {"stars", rating.stars},
          {"comment", rating.comment},
          {"created_at", TimeText(rating.created_ms)}};
}

std::string_view NameOf(records::Side side) {
  return side == records::Side::kCaller ? "caller" : "callee";
}

json::array DialpadFlows(const Call& call) {
  json::array flows;
  for (const records::RelayFlow& flow : call.flows) {
    flows.push_back({{"relayId", flow.relay},
                     {"side", JsonText(NameOf(flow.side))},
                     {"bytes", flow.bytes},
                     {"packets", flow.packets},
                     {"firstAt", TimeOrNull(flow.first_ms)},
                     {"lastAt", TimeOrNull(flow.last_ms)}});
  }
  return flows;
}

json::array NotesFlows(const Call& call) {
  json::array flows;
  for (const records::RelayFlow& flow : call.flows) {
    json::object object{{"relay_id", flow.relay},
                        {"side", JsonText(NameOf(flow.side))},
                        {"bytes", flow.bytes},
                        {"packets", flow.packets}};
    if (flow.first_ms) object["first_at"] = TimeText(*flow.first_ms);
    if (flow.last_ms) object["last_at"] = TimeText(*flow.last_ms);
    flows.push_back(std::move(object));
  }
  return flows;
}

json::object Metadata(const Call& call) {
  json::object custom{
      {"provider", call.provider}, {"sessionId", call.session.Hex()}, {"video", call.video}};
  return {{"call_sid", call.provider_call_id},
          {"from", call.from_e164},
          {"to", call.to_e164},
          {"recording_sid", ""},
          {"tags", json::array()},
          {"custom", std::move(custom)}};
}

json::object UseCase(const Call& call, std::string_view language) {
  return {{"id", call.organization.Hex()},
          {"organization_id", call.organization.Hex()},
          {"name", "Direct call"},
          {"language", JsonText(language)}};
}

}  // namespace

std::optional<std::int64_t> ParseTime(std::string_view text) {
  absl::Time time;
  std::string error;
  const bool ok = absl::ParseTime(absl::RFC3339_full, absl::string_view(text.data(), text.size()),
                                  &time, &error);
  // "infinite-future" is a time for Abseil.
  if (!ok || time == absl::InfiniteFuture() || time == absl::InfinitePast()) return std::nullopt;
  return absl::ToUnixMillis(time);
}

std::string_view NearestLanguage(std::string_view lang_code) {
  constexpr std::string_view kDefault = "en-US";
  // Of one language the first is taken where the region says nothing.
  constexpr std::string_view kKnown[] = {kDefault, "en-GB", "es-ES", "es-MX", "pt-PT",
                                         "de-DE",  "fr-FR", "pl-PL", "ro-RO", "it-IT"};
  std::string code(lang_code);
  for (char& c : code) {
    if (c == '_') c = '-';
  }
  for (const std::string_view known : kKnown) {
    if (EqualsIgnoringCase(known, code)) return known;
  }
  const std::string_view language = std::string_view(code).substr(0, code.find('-'));
  for (const std::string_view known : kKnown) {
    if (EqualsIgnoringCase(known.substr(0, 2), language)) return known;
  }
  return kDefault;
}

json::object DialpadCall(const Call& call) {
  const bool outbound = call.direction == Direction::kOutbound;
  const std::int64_t updated_ms = call.updated_ms != 0 ? call.updated_ms : call.created_ms;
  json::object object{{"_id", call.id.Hex()},
                      {"callId", call.id.Hex()},
                      {"provider", call.provider},
                      {"providerCallId", call.provider_call_id},
                      {"direction", outbound ? "outbound" : "inbound"},
                      {"status", JsonText(DialpadStatus(call))},
                      {"from", call.from_e164},
                      {"to", call.to_e164},
                      {"contactId", IdOrNull(call.contact)},
                      {"conversationId", IdOrNull(call.conversation)},
                      {"organizationId", call.organization.Hex()},
                      {"userId", call.owner.Hex()},
                      {"providerPhoneNumber", outbound ? call.from_e164 : call.to_e164},
                      {"startTime", TimeTextWithMillis(call.created_ms)},
                      {"answerTime", TimeOrNull(call.accepted_ms)},
                      {"endTime", TimeOrNull(call.ended_ms)},
                      {"duration", call.duration_s},
                      {"recordings", Recordings(call)},
                      {"createdAt", TimeTextWithMillis(call.created_ms)},
                      {"updatedAt", TimeTextWithMillis(updated_ms)}};
  if (!call.flows.empty()) object["relayFlows"] = DialpadFlows(call);
  return object;
}

json::object NotesCall(const Call& call, bool keep_empty_notes) {
  const std::string_view language = NearestLanguage(call.owner_lang_code);
  json::array viewed_by(call.viewed_by.begin(), call.viewed_by.end());
  json::object object{{"id", call.id.Hex()},
                      {"organization_id", call.organization.Hex()},
                      {"type", call.direction == Direction::kInbound ? "Inbound" : "Outbound"},
                      {"status", JsonText(NotesStatus(call))},
                      {"provider", "Web"},
                      {"metadata", Metadata(call)},
                      {"use_case", UseCase(call, language)},
                      {"agent", {{"id", call.owner.Hex()}, {"name", call.owner_name}}},
                      {"language", JsonText(language)},
                      {"created", TimeText(call.created_ms)},
                      {"viewed_by", std::move(viewed_by)}};
  if (call.phase == records::Phase::kEnded) object["duration"] = call.duration_s;
  if (call.parent) object["parent_call_id"] = call.parent->Hex();
  json::array notes, ratings;
  for (const records::Note& note : call.notes) notes.push_back(NoteObject(note));
  for (const records::Rating& rating : call.ratings) ratings.push_back(RatingObject(rating));
  if (keep_empty_notes || !notes.empty()) object["notes"] = std::move(notes);
  if (!ratings.empty()) object["ratings"] = std::move(ratings);
  if (!call.flows.empty()) object["relay_flows"] = NotesFlows(call);
  return object;
}

}  // namespace trunkline::api
