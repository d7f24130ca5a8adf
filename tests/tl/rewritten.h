#pragma once
// Bytes read and written again by the generated code of whichever profile this is built with.
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "peer_schema.h"
#include "tl/api_rewrite.h"

namespace trunkline::peer {

using Bytes = std::vector<std::uint8_t>;

class Rewriter {
 public:
  // False when the bytes are refused; `error` tells why then.
  bool Rewrite(std::string_view what, std::span<const std::uint8_t> bytes, int layer) {
    arena_.Reset();
    out_.clear();
    tl::Reader reader(bytes, &arena_);
    const bool done = tl::api::Rewrite(what, reader, layer, out_);
    error_ = reader.error();
    return done;
  }

  const Bytes& out() const { return out_; }
  tl::WireError error() const { return error_; }

 private:
  tl::Arena arena_;
  Bytes out_;
  tl::WireError error_ = tl::WireError::kNone;
};

// A name of the generated code, and the lines that a schema has for it: the constructors of a type,
// a method alone. None for vectors, and for what the schema does not have.
struct Subject {
  std::string name;
  std::vector<const Line*> lines;
  bool vector = false;
};

inline std::vector<Subject> SubjectsOf(const Schema& schema) {
  std::vector<Subject> subjects;
  for (const std::string_view name : tl::api::RewriteNames()) {
    Subject subject{std::string(name), schema.OfType(name), TypeOf(name).vector};
    const Line* const line = schema.Find(name);
    if (line != nullptr && line->method) subject.lines.push_back(line);
    subjects.push_back(std::move(subject));
  }
  return subjects;
}

}  // namespace trunkline::peer
