#include "peer_maker.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace trunkline::peer {
namespace {

constexpr int kPeerDepth = 7;
constexpr int kTooDeep = 1000;
// help.getConfig, a call without fields, for !X.
constexpr std::uint32_t kGetConfig = 0xc4f9186b;

bool IsId(std::string_view field) {
  return field.ends_with("id") || field.ends_with("ids");
}

}  // namespace

Maker::Maker(const Schema& schema, std::uint64_t seed, int constructors_max)
    : schema_(schema), random_(seed), constructors_max_(constructors_max) {
  for (bool more = true; more;) {
    more = false;
    for (const auto& [name, line] : schema.lines()) {
      if (line.method) continue;
      const int need = NeedOf(line);
      if (need >= NeedOf(line.result)) continue;
      needs_[line.result] = need;
      more = true;
    }
  }
}

int Maker::NeedOf(const std::string& type) const {
  const auto known = needs_.find(type);
  return known == needs_.end() ? kTooDeep : known->second;
}

int Maker::NeedOf(const Line& line) const {
  int need = 1;
  for (const Field& field : line.fields) {
    if (!field.word.empty() || field.type.vector || !field.type.boxed()) continue;
    need = std::max(need, NeedOf(field.type.name) + 1);
  }
  return std::min(need, kTooDeep);
}

bool Maker::Allows(const Type& type, int depth) const {
  return !type.boxed() || (constructors_left_ > 0 && NeedOf(type.name) <= depth);
}

std::vector<std::uint8_t> Maker::Make(const Line& line, Fill fill) {
  out_.clear();
  constructors_left_ = constructors_max_;
  Object(line, std::max(kPeerDepth, NeedOf(line)), fill);
  return std::move(out_);
}

std::vector<std::uint8_t> Maker::MakeVector(const Type& type, std::uint32_t count) {
  out_.clear();
  constructors_left_ = constructors_max_;
  Number(kVector, 4);
  Number(count, 4);
  Type element = type;
  element.vector = false;
  for (std::uint32_t i = 0; i < count; ++i) Value(element, kPeerDepth);
  return std::move(out_);
}

void Maker::Number(std::uint64_t number, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) out_.push_back(static_cast<std::uint8_t>(number >> 8 * i));
}

void Maker::Boxed(const std::string& type, int depth) {
  std::vector<const Line*> fit;
  const Line* shallowest = nullptr;
  for (const Line* line : schema_.OfType(type)) {
    if (shallowest == nullptr || NeedOf(*line) < NeedOf(*shallowest)) shallowest = line;
    if (constructors_left_ > 0 && NeedOf(*line) <= depth) fit.push_back(line);
  }
  Object(fit.empty() ? *shallowest : *fit[Random(fit.size())], depth, Fill::kRandom);
}

void Maker::Object(const Line& line, int depth, Fill fill) {
  used_.insert(&line);
  --constructors_left_;
  Number(line.id, 4);
  std::map<std::string, std::uint32_t> words;
  for (const Field& field : line.fields) {
    const bool wanted = fill == Fill::kAll || (fill == Fill::kRandom && Random(2) == 0);
    if (!field.word.empty() && wanted) words[field.word] |= std::uint32_t{1} << field.bit;
  }
  // A bit may be shared with a field that this depth does not allow.
  for (const Field& field : line.fields) {
    if (field.word.empty() || field.type.vector || Allows(field.type, depth - 1)) continue;
    words[field.word] &= ~(std::uint32_t{1} << field.bit);
  }
  for (const Field& field : line.fields) {
    if (field.type.kind == Kind::kWord) {
      Number(words[field.name], 4);
    } else if (field.word.empty() || (words[field.word] >> field.bit & 1) != 0) {
      in_id_ = small_ids_ && IsId(field.name);
      Value(field.type, depth - 1);
    }
  }
}

void Maker::Value(const Type& type, int depth) {
  if (type.vector) {
    const auto count = static_cast<std::uint32_t>(Allows(type, depth) ? Random(4) : 0);
    Number(kVector, 4);
    Number(count, 4);
    Type element = type;
    element.vector = false;
    for (std::uint32_t i = 0; i < count; ++i) Value(element, depth);
    return;
  }
  switch (type.kind) {
    case Kind::kWord:
    case Kind::kBit:
      return;
    case Kind::kInt:
      return Number(in_id_ ? 1 + Random(1u << 30) : Random(8) == 0 ? 0 : random_(), 4);
    case Kind::kLong:
      return Number(in_id_ ? 1 + Random(1ull << 40) : Random(8) == 0 ? 0 : random_(), 8);
    case Kind::kDouble:
      return Number(std::bit_cast<std::uint64_t>(static_cast<double>(Random(1u << 30)) / 64), 8);
    case Kind::kString:
    case Kind::kBytes:
      return Text(type.kind == Kind::kBytes);
    case Kind::kInt128:
    case Kind::kInt256:
      for (int i = type.kind == Kind::kInt128 ? 2 : 4; i > 0; --i) Number(random_(), 8);
      return;
    case Kind::kBool:
      return Number(Random(2) == 0 ? kTrue : kFalse, 4);
    case Kind::kBoxed:
      return Boxed(type.name, depth);
    case Kind::kRest:
      return Number(kGetConfig, 4);
  }
}

// Texts are UTF-8, since some clients refuse others.
void Maker::Text(bool any_byte) {
  const std::size_t size = Random(40) == 0 ? 250 + Random(12) : Random(10);
  const std::size_t start = out_.size();
  if (size < 254) {
    Number(size, 1);
  } else {
    Number(size << 8 | 254, 4);
  }
  for (std::size_t i = 0; i < size; ++i) {
    const bool two = !any_byte && i + 1 < size && Random(4) == 0;
    if (two) {
      Number(0xd0, 1);
      Number(0x90 + Random(0x30), 1);
      ++i;
    } else {
      Number(any_byte ? random_() : ' ' + Random(95), 1);
    }
  }
  while ((out_.size() - start) % 4 != 0) out_.push_back(0);
}

}  // namespace trunkline::peer
