#pragma once
// What printing and parsing share: a type spelt in an option, and lines found across schemas.
#include <optional>
#include <string_view>

#include "tl/runtime/schema.h"
#include "tl/runtime/text.h"

namespace tl::text {

inline constexpr std::uint32_t kRpcResultId = 0xf35c6d01;

// A type within its schema; the schema's own names tell which.
struct Form {
  const Schema* schema = nullptr;
  SchemaField field;
};

struct Entry {
  const Schema* schema = nullptr;
  const SchemaLine* line = nullptr;

  explicit operator bool() const { return line != nullptr; }
  std::string_view name() const { return schema->NameOf(*line); }
};

// `int`, `User`, `Vector<User>`; empty is any object. nullopt for what no schema of the chain has.
std::optional<Form> FindForm(std::string_view type, const Schema& schema);

// Along the chain of `Schema::also`.
template <class Key>
Entry FindLine(const Key& key, int layer, const Schema& schema) {
  for (const Schema* in = &schema; in != nullptr; in = in->also) {
    if (const SchemaLine* const line = in->Find(key, layer)) return {in, line};
  }
  return {};
}

// The result of the method that the message called; nullopt when that isn't known.
std::optional<Form> ResultOf(std::int64_t msg_id, std::span<const AnsweredRequest> requests,
                             const Schema& schema);

// Bits of a flags word, counted from 0 within the line, that its fields explain.
std::uint32_t KnownBits(const Schema& schema, const SchemaLine& line, std::size_t word);

}  // namespace tl::text
