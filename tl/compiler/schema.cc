#include "tl/compiler/schema.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <string_view>
#include <utility>

namespace trunkline::tlc {
namespace {

// Ids that hold although they are not the CRC32 of their line: the out-of-band connection rules.
constexpr std::array<std::pair<std::string_view, std::uint32_t>, 3> kDecreed = {{
    {"ipPortSecret", 0x37982646},
    {"accessPointRule", 0x4679b65f},
    {"help.configSimple", 0x5a592a6c},
}};

constexpr std::array<std::pair<std::string_view, WireKind>, 11> kBuiltIn = {{
    {"#", WireKind::kFlags},
    {"true", WireKind::kTrue},
    {"int", WireKind::kInt},
    {"long", WireKind::kLong},
    {"double", WireKind::kDouble},
    {"string", WireKind::kString},
    {"bytes", WireKind::kString},
    {"int128", WireKind::kInt128},
    {"int256", WireKind::kInt256},
    {"Bool", WireKind::kBool},
    {"Object", WireKind::kObject},
}};

constexpr std::uint32_t kBitMax = 31;

std::string Hex(std::uint32_t id) {
  char text[9];
  std::snprintf(text, sizeof(text), "%08x", id);
  return text;
}

void ReplaceAll(std::string& text, char from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at)) {
    text.replace(at, 1, to);
    at += to.size();
  }
}

std::string NormalField(std::string_view word) {
  if (word.ends_with("?true")) return {};
  for (const std::string_view end : {":bytes", "?bytes"}) {
    if (word.ends_with(end)) {
      return std::string(word.substr(0, word.size() - std::string_view("bytes").size())) + "string";
    }
  }
  return std::string(word);
}

class Resolver {
 public:
  Resolver(const CombinatorExpression& expression, const Scope& scope, Diagnostics& diagnostics)
      : expression_(expression), scope_(scope), diagnostics_(diagnostics) {}

  Combinator Run() {
    Combinator made;
    made.position = expression_.position;
    made.kind = expression_.kind;
    made.name = expression_.name;
    made.built_in = expression_.built_in;
    made.id = expression_.id.value_or(LineCrc(expression_));
    made.line =
        made.name + '#' + Hex(made.id) + ' ' + expression_.arguments_text +
        (expression_.arguments_text.empty() || expression_.arguments_text.back() == ' ' ? ""
                                                                                        : " ") +
        "= " + expression_.result_text + ';';
    made.result_name = expression_.result.name;
    if (made.built_in) return made;
    CheckId(made);
    for (const FieldExpression& field : expression_.fields) AddField(field, made);
    if (made.kind == CombinatorKind::kMethod) {
      if (auto type = Type(expression_.result)) made.result = *std::move(type);
    }
    return made;
  }

 private:
  void CheckId(const Combinator& made) {
    if (!expression_.id) return;
    const std::uint32_t crc = LineCrc(expression_);
    const bool decreed =
        std::find(kDecreed.begin(), kDecreed.end(),
                  std::pair<std::string_view, std::uint32_t>(made.name, made.id)) != kDecreed.end();
    if (crc == made.id || decreed) return;
    diagnostics_.Add(made.position,
                     made.name + "#" + Hex(made.id) + ": the CRC32 of its line is " + Hex(crc));
  }

  void AddField(const FieldExpression& expression, Combinator& made) {
    for (const Field& field : made.fields) {
      if (field.name == expression.name) {
        diagnostics_.Add(expression.position,
                         made.name + ": field " + field.name + " stands twice");
        return;
      }
    }
    auto type = Type(expression.type);
    if (!type) return;
    Field field{expression.position, expression.name, std::nullopt, *std::move(type)};
    if (expression.condition) {
      if (!CheckCondition(*expression.condition, made)) return;
      field.condition = {expression.condition->word, expression.condition->bit};
    } else if (field.type.kind == WireKind::kTrue) {
      diagnostics_.Add(expression.position,
                       made.name + "." + field.name + ": true needs a condition");
      return;
    }
    made.fields.push_back(std::move(field));
  }

  bool CheckCondition(const ConditionExpression& condition, const Combinator& made) {
    const bool known = std::any_of(made.fields.begin(), made.fields.end(), [&](const Field& field) {
      return field.type.kind == WireKind::kFlags && field.name == condition.word;
    });
    if (!known) {
      diagnostics_.Add(condition.position, made.name + ": no flags word " + condition.word +
                                               " in front of its condition");
      return false;
    }
    if (condition.bit <= kBitMax) return true;
    diagnostics_.Add(condition.position, made.name + ": a flags word has bits 0 to 31");
    return false;
  }

  std::optional<WireType> Type(const TypeExpression& type) {
    if (type.bang || (expression_.generic && type.name == "X")) {
      return WireType{WireKind::kObject, "", nullptr};
    }
    if (type.name == "Vector" || type.name == "vector") return Vector(type);
    for (const auto& [name, kind] : kBuiltIn) {
      if (type.name == name) return WireType{kind, "", nullptr, type.name == "bytes"};
    }
    if (scope_.types.contains(type.name)) {
      return WireType{type.percent ? WireKind::kBare : WireKind::kBoxed, type.name, nullptr};
    }
    if (scope_.constructors.contains(type.name))
      return WireType{WireKind::kBare, type.name, nullptr};
    diagnostics_.Add(type.position, expression_.name + ": unknown type " + type.name);
    return std::nullopt;
  }

  std::optional<WireType> Vector(const TypeExpression& type) {
    if (type.arguments.size() != 1) {
      diagnostics_.Add(type.position, expression_.name + ": a vector needs its element type");
      return std::nullopt;
    }
    auto element = Type(type.arguments.front());
    if (!element) return std::nullopt;
    return WireType{type.name == "Vector" ? WireKind::kVector : WireKind::kBareVector, "",
                    std::make_shared<const WireType>(*std::move(element))};
  }

  const CombinatorExpression& expression_;
  const Scope& scope_;
  Diagnostics& diagnostics_;
};

}  // namespace

std::string NormalLine(const CombinatorExpression& combinator) {
  std::string fields = combinator.arguments_text + " = " + combinator.result_text;
  ReplaceAll(fields, '{', "");
  ReplaceAll(fields, '}', "");
  std::string line = combinator.name;
  for (std::size_t at = 0; at < fields.size();) {
    const std::size_t end = std::min(fields.find_first_of(" \t\r\n", at), fields.size());
    const std::string word = NormalField(std::string_view(fields).substr(at, end - at));
    if (!word.empty()) line += ' ' + word;
    at = end + 1;
  }
  ReplaceAll(line, '<', " ");
  ReplaceAll(line, '>', "");
  return line;
}

std::uint32_t LineCrc(const CombinatorExpression& combinator) {
  const std::string line = NormalLine(combinator);
  return static_cast<std::uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(line.data()), static_cast<uInt>(line.size())));
}

void Scope::Declare(const CombinatorExpression& combinator) {
  if (combinator.kind == CombinatorKind::kMethod) return;
  constructors.insert(combinator.name);
  types.insert(combinator.result.name);
}

Combinator Resolve(const CombinatorExpression& expression, const Scope& scope,
                   Diagnostics& diagnostics) {
  return Resolver(expression, scope, diagnostics).Run();
}

std::vector<Combinator> ResolveSchema(const std::vector<CombinatorExpression>& expressions,
                                      Diagnostics& diagnostics) {
  Scope scope;
  for (const CombinatorExpression& expression : expressions) scope.Declare(expression);
  std::map<std::uint32_t, const CombinatorExpression*> ids;
  std::set<std::pair<CombinatorKind, std::string>> names;
  std::vector<Combinator> made;
  for (const CombinatorExpression& expression : expressions) {
    if (!names.emplace(expression.kind, expression.name).second) {
      diagnostics.Add(expression.position, expression.name + " is defined twice");
    }
    if (expression.faulty) continue;
    Combinator combinator = Resolve(expression, scope, diagnostics);
    const auto [first, fresh] = ids.emplace(combinator.id, &expression);
    if (!fresh) {
      diagnostics.Add(expression.position, "id " + Hex(combinator.id) + " of " + combinator.name +
                                               " belongs to " + first->second->name + " on line " +
                                               std::to_string(first->second->position.line));
    }
    made.push_back(std::move(combinator));
  }
  return made;
}

}  // namespace trunkline::tlc
