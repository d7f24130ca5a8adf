#include "tl/compiler/text_schema.h"

#include <fstream>
#include <sstream>
#include <string_view>
#include <utility>

#include "tl/compiler/parser.h"

// embedded.S
extern "C" {
extern const char tlc_history[];
extern const char tlc_history_end[];
extern const char tlc_mtproto[];
extern const char tlc_mtproto_end[];
extern const char tlc_secrets[];
extern const char tlc_secrets_end[];
}

namespace trunkline::tlc {
namespace {

struct Source {
  std::string file;
  std::string text;
};

Source ReadSource(const std::string& folder, const std::string& name, const char* carried,
                  const char* carried_end, Diagnostics& diagnostics) {
  if (folder.empty()) return {name, std::string(carried, carried_end)};
  const std::string file = folder + "/" + name;
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  if (in) text << in.rdbuf();
  if (!in || !text) diagnostics.Add({file, 1, 1}, "can't be read");
  return {file, text.str()};
}

}  // namespace

TextSchema::TextSchema(Tables mt, Tables api)
    : mt_(std::move(mt)), api_(std::move(api)), api_view_(api_.View()), mt_view_(mt_.View()) {
  mt_view_.also = &api_view_;
}

std::unique_ptr<const TextSchema> TextSchema::Load(const std::string& folder,
                                                   Diagnostics& diagnostics) {
  const Source mtproto =
      ReadSource(folder, "mtproto.tl", tlc_mtproto, tlc_mtproto_end, diagnostics);
  const Source history =
      ReadSource(folder, "history.tsv", tlc_history, tlc_history_end, diagnostics);
  const Source secret_rows =
      ReadSource(folder, "secrets.txt", tlc_secrets, tlc_secrets_end, diagnostics);
  if (!diagnostics.empty()) return nullptr;
  std::istringstream rows(secret_rows.text);
  std::istringstream table(history.text);
  Secrets secrets = Secrets::Read(rows, secret_rows.file, diagnostics);
  Tables mt = BuildTables(
      HistoryOf(ResolveSchema(ParseSchema(mtproto.text, mtproto.file, diagnostics), diagnostics)),
      secrets, diagnostics);
  Tables api = BuildTables(ReadHistory(table, history.file, diagnostics), secrets, diagnostics);
  secrets.CheckUsed(diagnostics);
  if (!diagnostics.empty()) return nullptr;
  return std::unique_ptr<const TextSchema>(new TextSchema(std::move(mt), std::move(api)));
}

}  // namespace trunkline::tlc
