#pragma once
// What the parser found, before names mean anything.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tl/compiler/diagnostics.h"

namespace trunkline::tlc {

// `int`, `auth.SentCode`, `Vector<User>`, `!X`, `%Message`, `#`.
struct TypeExpression {
  Position position;
  std::string name;
  bool bang = false;
  bool percent = false;
  std::vector<TypeExpression> arguments;
};

// `flags.3?` in front of a type.
struct ConditionExpression {
  Position position;
  std::string word;
  std::uint32_t bit = 0;
};

struct FieldExpression {
  Position position;
  std::string name;
  std::optional<ConditionExpression> condition;
  TypeExpression type;
};

enum class CombinatorKind { kConstructor, kMethod };

struct CombinatorExpression {
  Position position;
  CombinatorKind kind = CombinatorKind::kConstructor;
  std::string name;
  std::optional<std::uint32_t> id;
  bool generic = false;  // has {X:Type}
  bool built_in =
      false;  // `int ? = Int`, `vector {t:Type} # [ t ] = Vector t`: no fields to speak of
  bool faulty = false;  // could not be read whole; only its kind, name and type's name count
  std::vector<FieldExpression> fields;
  TypeExpression result;
  std::string arguments_text;  // as spelt, for the CRC32
  std::string result_text;
};

}  // namespace trunkline::tlc
