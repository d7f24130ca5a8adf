#include "peer_schema.h"

#include <algorithm>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "tests/paths.h"

namespace trunkline::peer {
namespace {

const std::map<std::string, Kind, std::less<>> kKinds = {
    {"#", Kind::kWord},      {"true", Kind::kBit},      {"int", Kind::kInt},
    {"long", Kind::kLong},   {"double", Kind::kDouble}, {"string", Kind::kString},
    {"bytes", Kind::kBytes}, {"int128", Kind::kInt128}, {"int256", Kind::kInt256},
    {"Bool", Kind::kBool},   {"!X", Kind::kRest},
};

std::string TextOf(const std::string& file) {
  std::ifstream in(std::string(TRUNKLINE_SOURCE_DIR) + file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in || text.str().empty()) throw std::runtime_error(file + " can't be read");
  return text.str();
}

std::vector<std::string> Split(std::string_view text, char by) {
  std::vector<std::string> parts;
  std::istringstream in{std::string(text)};
  for (std::string part; std::getline(in, part, by);) parts.push_back(part);
  return parts;
}

// `vector#1cb5c415 {t:Type} # [ t ] = Vector t;` is the one line of another form.
bool IsBuiltIn(std::string_view line) {
  return line.starts_with("vector#");
}

Line LineOf(std::string_view text, bool method) {
  const std::size_t hash = text.find('#');
  const std::size_t equals = text.rfind(" = ");
  if (hash == text.npos || equals == text.npos || !text.ends_with(';')) {
    throw std::runtime_error("not a line of TL: " + std::string(text));
  }
  Line line;
  line.name = text.substr(0, hash);
  line.id =
      static_cast<std::uint32_t>(std::stoul(std::string(text.substr(hash + 1, 8)), nullptr, 16));
  line.method = method;
  if (equals > hash + 10) line.fields = SplitFields(text.substr(hash + 10, equals - hash - 10));
  line.result = text.substr(equals + 3, text.size() - equals - 4);
  return line;
}

}  // namespace

const Field* Line::Find(std::string_view field) const {
  const auto at = std::find_if(fields.begin(), fields.end(),
                               [&](const Field& known) { return known.name == field; });
  return at == fields.end() ? nullptr : &*at;
}

Type TypeOf(std::string_view text) {
  Type type;
  constexpr std::string_view kOpen = "Vector<";
  if (text.starts_with(kOpen) && text.ends_with('>')) {
    type = TypeOf(text.substr(kOpen.size(), text.size() - kOpen.size() - 1));
    type.vector = true;
    return type;
  }
  const auto known = kKinds.find(text);
  type.kind = known == kKinds.end() ? Kind::kBoxed : known->second;
  if (type.boxed()) type.name = text;
  return type;
}

std::vector<Field> SplitFields(std::string_view text) {
  std::vector<Field> fields;
  for (const std::string& part : Split(text, ' ')) {
    if (part.empty() || part.starts_with('{')) continue;
    const std::size_t colon = part.find(':');
    const std::size_t question = part.find('?');
    Field field;
    field.name = part.substr(0, colon);
    if (question != part.npos) {
      const std::size_t dot = part.find('.', colon);
      field.word = part.substr(colon + 1, dot - colon - 1);
      field.bit = std::stoi(part.substr(dot + 1, question - dot - 1));
    }
    field.type = TypeOf(part.substr((question == part.npos ? colon : question) + 1));
    fields.push_back(std::move(field));
  }
  return fields;
}

void Schema::Add(Line line) {
  std::string name = line.name;
  lines_.insert_or_assign(std::move(name), std::move(line));
}

void Schema::Index() {
  for (const auto& [name, line] : lines_) {
    ids_[line.id] = &line;
    if (!line.method) types_[line.result].push_back(&line);
  }
}

Schema Schema::OfText(std::string_view text) {
  Schema schema;
  bool method = false;
  for (const std::string& line : Split(text, '\n')) {
    if (line == "---functions---") method = true;
    if (line.empty() || line.starts_with("//") || line.starts_with("---") || IsBuiltIn(line))
      continue;
    schema.Add(LineOf(line, method));
  }
  schema.Index();
  return schema;
}

const Schema& Schema::OfLayer(int layer) {
  static std::map<int, Schema> schemas;
  const auto known = schemas.find(layer);
  if (known != schemas.end()) return known->second;
  // Moving a map keeps the addresses of what is in it.
  return schemas.emplace(layer, OfText(TextOf("/tests/tl/schema/" + std::to_string(layer) + ".tl")))
      .first->second;
}

std::vector<std::pair<int, Line>> HistoryRows() {
  std::vector<std::pair<int, Line>> rows;
  for (const std::string& row : Split(TextOf("/tl/schema/history.tsv"), '\n')) {
    const std::vector<std::string> cells = Split(row, '\t');
    if (row.starts_with('#') || cells.size() != 8 || cells[1] == "vector") continue;
    const auto id = static_cast<std::uint32_t>(std::stoul(cells[2], nullptr, 16));
    rows.emplace_back(std::stoi(cells[4]),
                      Line{cells[1], id, cells[0] == "method", SplitFields(cells[6]), cells[7]});
  }
  return rows;
}

const Schema& Schema::Newest() {
  static const std::unique_ptr<const Schema> newest = [] {
    auto schema = std::make_unique<Schema>();
    std::map<std::string, int> last;
    for (auto& [layer, line] : HistoryRows()) {
      int& known = last[line.name];
      if (layer < known) continue;
      known = layer;
      schema->Add(std::move(line));
    }
    schema->Index();
    return schema;
  }();
  return *newest;
}

const Line* Schema::Find(std::string_view name) const {
  const auto at = lines_.find(name);
  return at == lines_.end() ? nullptr : &at->second;
}

const Line* Schema::ById(std::uint32_t id) const {
  const auto at = ids_.find(id);
  return at == ids_.end() ? nullptr : at->second;
}

const std::vector<const Line*>& Schema::OfType(std::string_view type) const {
  static const std::vector<const Line*> kNone;
  const auto at = types_.find(type);
  return at == types_.end() ? kNone : at->second;
}

}  // namespace trunkline::peer
