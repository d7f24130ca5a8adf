#include "server/tool/records_text.h"

#include <initializer_list>
#include <map>
#include <string_view>

#include "server/tool/answer_text.h"

namespace trunkline::tool {
namespace {

namespace json = boost::json;

struct Column {
  const char* head;
  const char* member;
};

std::optional<std::string> TableOf(const std::string& answer, const char* list_name,
                                   std::initializer_list<Column> columns) {
  const auto object = Parsed(answer);
  const json::array* const list = object ? List(*object, list_name) : nullptr;
  if (list == nullptr) return std::nullopt;
  std::vector<std::vector<std::string>> rows(1);
  for (const Column& column : columns) rows[0].push_back(column.head);
  for (const json::value& entry : *list) {
    if (!entry.is_object()) return std::nullopt;
    std::vector<std::string>& row = rows.emplace_back();
    for (const Column& column : columns) {
      row.push_back(Object(entry.get_object()).Text(column.member));
    }
  }
  return Table(rows);
}

}  // namespace

std::optional<std::string> OrgTableText(const std::string& answer) {
  return TableOf(answer, "orgs", {{"ID", "id"}, {"NAME", "name"}, {"HOST", "host_label"}});
}

std::optional<std::string> UserTableText(const std::string& answer) {
  return TableOf(
      answer, "users",
      {{"ID", "id"}, {"PHONE", "phone"}, {"NAME", "name"}, {"EMAIL", "email"}, {"ROLE", "role"}});
}

std::optional<std::string> KeyTableText(const std::string& answer) {
  return TableOf(answer, "keys",
                 {{"ID", "id"},
                  {"KIND", "kind"},
                  {"SCOPES", "scopes"},
                  {"CREATED", "created_at"},
                  {"EXPIRES", "expires_at"},
                  {"REVOKED", "revoked"}});
}

std::optional<std::string> CallTableText(const std::string& answer) {
  const auto table = TableOf(answer, "calls",
                             {{"ID", "id"},
                              {"CREATED", "created_at"},
                              {"DIRECTION", "direction"},
                              {"FROM", "from"},
                              {"TO", "to"},
                              {"STATUS", "status"},
                              {"SECONDS", "duration_s"}});
  if (!table) return std::nullopt;
  return *table + "of " + Object(*Parsed(answer)).Text("total") + "\n";
}

std::optional<std::string> PurgeText(const std::string& answer) {
  const auto table =
      TableOf(answer, "items",
              {{"CALL", "call"}, {"SESSION", "session"}, {"STATUS", "status"}, {"ERROR", "error"}});
  if (!table) return std::nullopt;
  const auto object = Parsed(answer);
  std::map<std::string, int> counts;
  for (const json::value& item : *List(*object, "items")) {
    ++counts[Object(item.get_object()).Text("status")];
  }
  std::string text = *table;
  for (const auto& [status, count] : counts) text += status + ": " + std::to_string(count) + "\n";
  const std::string job = Object(*object).Text("job");
  if (!job.empty()) text += "job " + job + "\n";
  return text;
}

std::optional<std::string> PropertiesText(const std::string& answer) {
  const auto object = Parsed(answer);
  if (!object) return std::nullopt;
  std::vector<std::vector<std::string>> rows;
  for (const auto& member : *object) {
    const std::string name(member.key().data(), member.key().size());
    const std::string text = Object(*object).Text(name.c_str());
    if (!text.empty()) rows.push_back({name, text});
  }
  return rows.empty() ? "" : Table(rows);
}

}  // namespace trunkline::tool
