#include <algorithm>
#include <cstdio>

#include "tl/compiler/emit.h"

namespace trunkline::tlc {
namespace {

std::size_t Weight(const Record& record) {
  std::size_t weight = 3;
  for (const Layout& layout : record.layouts) weight += 3 + layout.fields.size();
  return weight;
}

std::size_t Weight(const Union& of) {
  std::size_t weight = 0;
  for (const Record* record : of.constructors) weight += Weight(*record);
  return weight;
}

class Dealer {
 public:
  explicit Dealer(std::size_t parts) : shares_(parts), weights_(parts) {}

  void Deal(const Union& of) { At(Lightest(), Weight(of)).unions.push_back(&of); }
  void Deal(const Record& method, bool first) {
    At(first ? 0 : Lightest(), Weight(method)).methods.push_back(&method);
  }
  Share& share(std::size_t part) { return shares_[part]; }

 private:
  std::size_t Lightest() const {
    return static_cast<std::size_t>(std::min_element(weights_.begin(), weights_.end()) -
                                    weights_.begin());
  }
  Share& At(std::size_t part, std::size_t weight) {
    weights_[part] += weight;
    return shares_[part];
  }

  std::vector<Share> shares_;
  std::vector<std::size_t> weights_;
};

}  // namespace

void EmitBanner(std::ostream& out, const std::string& source) {
  out << "// Made by tlc from " << source << "; not edited by hand.\n";
}

std::string HexId(std::uint32_t id) {
  char text[9];
  std::snprintf(text, sizeof(text), "%08x", id);
  return text;
}

std::string CppType(const WireType& type, const Model& model) {
  switch (type.kind) {
    case WireKind::kFlags:
      return "std::uint32_t";
    case WireKind::kTrue:
    case WireKind::kBool:
      return "bool";
    case WireKind::kInt:
      return "std::int32_t";
    case WireKind::kLong:
      return "std::int64_t";
    case WireKind::kDouble:
      return "double";
    case WireKind::kString:
      return "std::string_view";
    case WireKind::kInt128:
      return "::tl::Int128";
    case WireKind::kInt256:
      return "::tl::Int256";
    case WireKind::kBoxed:
      return model.unions.at(type.name).full;
    case WireKind::kBare:
      return FindConstructor(model, type.name)->full;
    case WireKind::kVector:
    case WireKind::kBareVector:
      return "std::span<const " + CppType(*type.element, model) + ">";
    case WireKind::kObject:
      return "::tl::RawObject";
  }
  return {};
}

std::string LayerParameter(const Model& model) {
  return model.layered ? ", int layer" : "";
}
std::string LayerArgument(const Model& model) {
  return model.layered ? ", layer" : "";
}

const Record* FindConstructor(const Model& model, const std::string& name) {
  for (const Record& record : model.constructors) {
    if (record.definition->name == name) return &record;
  }
  return nullptr;
}

std::size_t BytesMin(const WireType& type, const Model& model) {
  switch (type.kind) {
    case WireKind::kLong:
    case WireKind::kDouble:
    case WireKind::kVector:
      return 8;
    case WireKind::kInt128:
      return 16;
    case WireKind::kInt256:
      return 32;
    case WireKind::kTrue:
    case WireKind::kObject:
      return 0;
    case WireKind::kBare: {
      std::size_t bytes = 0;
      for (const Member& member : FindConstructor(model, type.name)->members) {
        if (!member.condition) bytes += BytesMin(member.type, model);
      }
      return std::max<std::size_t>(bytes, 4);
    }
    default:
      return 4;
  }
}

std::string Bits(const std::string& word, std::uint32_t bits) {
  return "(" + word + " & 0x" + HexId(bits) + "u) != 0";
}

std::uint32_t BitOf(const Field& field) {
  return std::uint32_t{1} << field.condition->bit;
}

const Member* KeptBy(const Record& record, const Field& field) {
  const Member* const member = record.Find(field.name);
  return FitOf(field, member) == Fit::kNone ? nullptr : member;
}

bool Direct(const Field& field, const Member& member) {
  return field.condition && member.condition && field.condition->word == member.condition->word &&
         field.condition->bit == member.condition->bit &&
         (field.type.kind == WireKind::kTrue) == (member.storage == Storage::kFlag);
}

Share ShareOf(const Model& model, std::size_t part, std::size_t parts, bool methods_in_first) {
  Dealer dealer(parts);
  for (const Record& method : model.methods) dealer.Deal(method, methods_in_first);
  std::vector<const Union*> unions;
  for (const auto& [type, of] : model.unions) unions.push_back(&of);
  std::stable_sort(unions.begin(), unions.end(),
                   [](const Union* a, const Union* b) { return Weight(*a) > Weight(*b); });
  for (const Union* of : unions) dealer.Deal(*of);
  return dealer.share(part);
}

}  // namespace trunkline::tlc
