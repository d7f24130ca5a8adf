#pragma once
// Combinators with their types understood, and the checks that a schema must pass: ids are the
// CRC32 of the normalised line, no id twice, every type has a constructor, every condition has its
// flags word.
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tl/compiler/ast.h"
#include "tl/compiler/diagnostics.h"

namespace trunkline::tlc {

enum class WireKind {
  kFlags,  // #
  kTrue,   // a bit, no bytes
  kInt,
  kLong,
  kDouble,
  kString,  // string and bytes
  kInt128,
  kInt256,
  kBool,
  kBoxed,
  kBare,        // a constructor without its id (mtproto.tl only)
  kVector,      // Vector<T>: id, count, elements
  kBareVector,  // vector<T>: count, elements
  kObject,      // Object, !X: any boxed value, kept as bytes
};

struct WireType {
  WireKind kind = WireKind::kInt;
  std::string name;  // of the boxed type or the bare constructor
  std::shared_ptr<const WireType> element;
  bool bytes = false;  // kString that is spelt `bytes`: of interest to texts, not to the wire

  bool operator==(const WireType& other) const {
    return kind == other.kind && name == other.name &&
           (element == nullptr) == (other.element == nullptr) &&
           (element == nullptr || *element == *other.element);
  }
};

struct Condition {
  std::string word;
  std::uint32_t bit = 0;
};

struct Field {
  Position position;
  std::string name;
  std::optional<Condition> condition;
  WireType type;
};

struct Combinator {
  Position position;
  CombinatorKind kind = CombinatorKind::kConstructor;
  std::string name;
  std::uint32_t id = 0;
  bool built_in = false;
  std::vector<Field> fields;
  std::string result_name;  // type of a constructor
  WireType result;          // of a method
  std::string line;         // name#id fields = result;
};

// The line whose CRC32 is the id: no braces, no flags.N?true fields, `bytes` as `string`, no angle
// brackets.
std::string NormalLine(const CombinatorExpression& combinator);
std::uint32_t LineCrc(const CombinatorExpression& combinator);

// What names mean: types by their constructors, bare constructors by name.
struct Scope {
  std::set<std::string, std::less<>> types;
  std::set<std::string, std::less<>> constructors;

  void Declare(const CombinatorExpression& combinator);
};

// Understands one combinator. Faults are told, and the field that has one is left out.
Combinator Resolve(const CombinatorExpression& expression, const Scope& scope,
                   Diagnostics& diagnostics);

// A schema of one layer, checked as a whole.
std::vector<Combinator> ResolveSchema(const std::vector<CombinatorExpression>& expressions,
                                      Diagnostics& diagnostics);

}  // namespace trunkline::tlc
