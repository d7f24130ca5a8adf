#include "peer_reader.h"

#include <map>

namespace trunkline::peer {
namespace {

constexpr int kDepthMax = 200;

class Cursor {
 public:
  Cursor(const Schema& schema, std::span<const std::uint8_t> bytes, std::string& why)
      : schema_(schema), rest_(bytes), why_(why) {}

  bool Whole(std::string_view what, Tree& tree) {
    const Line* const line = schema_.Find(what);
    if (line != nullptr && line->method) {
      tree.line = line;
      return Id(line->id) && Fields(*line, tree) && End();
    }
    const Type type = TypeOf(what);
    return (type.vector ? Vector(type, tree) : Constructor(std::string(what), tree)) && End();
  }

 private:
  bool Fault(const std::string& why) {
    why_ = why_.empty() ? why : why + ": " + why_;
    return false;
  }

  bool End() { return rest_.empty() || Fault(std::to_string(rest_.size()) + " bytes are left"); }

  bool Number(std::size_t size, std::uint64_t& number) {
    if (rest_.size() < size) return Fault("the bytes end in a number");
    number = 0;
    for (std::size_t i = 0; i < size; ++i) number |= std::uint64_t{rest_[i]} << 8 * i;
    rest_ = rest_.subspan(size);
    return true;
  }

  bool Id(std::uint32_t wanted) {
    std::uint64_t id = 0;
    return Number(4, id) && (id == wanted || Fault("another id"));
  }

  bool Take(std::size_t size, std::string& text) {
    if (rest_.size() < size) return Fault("the bytes end in a text");
    text.assign(rest_.begin(), rest_.begin() + static_cast<std::ptrdiff_t>(size));
    rest_ = rest_.subspan(size);
    return true;
  }

  bool Text(std::string& text) {
    std::uint64_t size = 0;
    if (!Number(1, size)) return false;
    std::size_t head = 1;
    if (size == 255) return Fault("a text begins with 255");
    if (size == 254) {
      if (!Number(3, size)) return false;
      head = 4;
      if (size < 254) return Fault("a short text has a long length");
    }
    std::string padding;
    if (!Take(size, text) || !Take((4 - (head + size) % 4) % 4, padding)) return false;
    return padding.find_first_not_of('\0') == padding.npos || Fault("padding is not zero");
  }

  bool Bool(std::uint64_t& number) {
    if (!Number(4, number)) return false;
    if (number != kTrue && number != kFalse) return Fault("neither true nor false");
    number = number == kTrue ? 1 : 0;
    return true;
  }

  bool Constructor(const std::string& type, Tree& tree) {
    std::uint64_t id = 0;
    if (!Number(4, id)) return false;
    const Line* const line = schema_.ById(static_cast<std::uint32_t>(id));
    if (line == nullptr || line->method || line->result != type) {
      return Fault("id " + std::to_string(id) + " is no " + type);
    }
    tree.line = line;
    return Fields(*line, tree);
  }

  bool Word(const Line& line, const Field& word, std::uint64_t& number) {
    std::uint64_t known = 0;
    for (const Field& field : line.fields) {
      if (field.word == word.name) known |= std::uint64_t{1} << field.bit;
    }
    if (!Number(4, number)) return false;
    return (number & ~known) == 0 || Fault("an unknown bit in " + line.name + "." + word.name);
  }

  bool Fields(const Line& line, Tree& tree) {
    if (++depth_ > kDepthMax) return Fault("too deep");
    std::map<std::string, std::uint64_t> words;
    for (const Field& field : line.fields) {
      Tree item;
      if (field.type.kind == Kind::kWord) {
        if (!Word(line, field, item.number)) return false;
        words[field.name] = item.number;
      } else {
        item.present = field.word.empty() || (words[field.word] >> field.bit & 1) != 0;
        if (item.present && !Value(field.type, item)) return Fault(line.name + "." + field.name);
      }
      tree.items.push_back(std::move(item));
    }
    --depth_;
    return true;
  }

  bool Vector(const Type& type, Tree& tree) {
    std::uint64_t count = 0;
    if (!Id(kVector) || !Number(4, count)) return false;
    if (count > rest_.size() / 4) return Fault("a count that can't be true");
    Type element = type;
    element.vector = false;
    tree.items.resize(count);
    for (Tree& item : tree.items) {
      if (!Value(element, item)) return false;
    }
    return true;
  }

  bool Value(const Type& type, Tree& tree) {
    if (type.vector) return Vector(type, tree);
    switch (type.kind) {
      case Kind::kWord:
        return Fault("a flags word stands alone");
      case Kind::kBit:
        tree.number = 1;
        return true;
      case Kind::kInt:
        return Number(4, tree.number);
      case Kind::kLong:
      case Kind::kDouble:
        return Number(8, tree.number);
      case Kind::kString:
      case Kind::kBytes:
        return Text(tree.text);
      case Kind::kInt128:
        return Take(16, tree.text);
      case Kind::kInt256:
        return Take(32, tree.text);
      case Kind::kBool:
        return Bool(tree.number);
      case Kind::kBoxed:
        return Constructor(type.name, tree);
      case Kind::kRest:
        return Take(rest_.size(), tree.text);
    }
    return false;
  }

  const Schema& schema_;
  std::span<const std::uint8_t> rest_;
  std::string& why_;
  int depth_ = 0;
};

}  // namespace

std::optional<Tree> Parse(const Schema& schema, std::string_view what,
                          std::span<const std::uint8_t> bytes, std::string& why) {
  why.clear();
  Tree tree;
  if (!Cursor(schema, bytes, why).Whole(what, tree)) return std::nullopt;
  return tree;
}

}  // namespace trunkline::peer
