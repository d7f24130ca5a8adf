#include "server/api/event_text.h"

#include "absl/strings/str_cat.h"
#include "boost/json/object.hpp"
#include "boost/json/serialize.hpp"
#include "server/records/time_text.h"

namespace trunkline::api {
namespace {

namespace json = boost::json;
using records::Oid;

json::object DataOf(const records::Event& event) {
  if (event.purged) return {{"purged", true}};
  json::object data;
  const auto put = [&data](const char* name, const std::optional<Oid>& id) {
    if (id) data.emplace(name, id->Hex());
  };
  put("callId", event.call);
  put("contactId", event.contact);
  put("conversationId", event.conversation);
  put("noteId", event.note);
  if (!event.cause.empty()) data.emplace("cause", event.cause);
  return data;
}

}  // namespace

std::string EventJson(const records::Event& event) {
  const std::string_view type = records::NameOf(event.type);
  return json::serialize(json::object{{"seq", event.seq},
                                      {"eventId", event.id.Hex()},
                                      {"type", json::string_view(type.data(), type.size())},
                                      {"organizationId", event.organization.Hex()},
                                      {"at", records::TimeTextWithMillis(event.at_ms)},
                                      {"data", DataOf(event)}});
}

std::string EventFrame(const records::Event& event) {
  const std::string_view type = records::NameOf(event.type);
  return absl::StrCat("id: ", event.seq, "\nevent: ", absl::string_view(type.data(), type.size()),
                      "\ndata: ", EventJson(event), "\n\n");
}

}  // namespace trunkline::api
