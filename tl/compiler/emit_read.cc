#include <algorithm>

#include "tl/compiler/emit.h"

namespace trunkline::tlc {
namespace {

// The way without a call but the last one needs no stack frame, so what is rare is set apart.
constexpr const char* kTake =
    R"(template <class C, Cursor (*Body)(Cursor, Reader&, C&), class Any, class... WireId>
[[gnu::noinline, gnu::cold]] Cursor TakeSlowly(Cursor c, Reader& r, Any& v, WireId... wire_id) {
  C* const made = r.New<C>();
  if (made == nullptr) return r.end();
  v = Any(static_cast<const C*>(made), wire_id...);
  return Body(c, r, *made);
}

// Constructors without members share one value and take nothing from the arena.
template <class C, Cursor (*Body)(Cursor, Reader&, C&), class Any, class... WireId>
[[gnu::always_inline]] inline Cursor Take(Cursor c, Reader& r, Any& v, WireId... wire_id) {
  if constexpr (std::is_empty_v<C>) {
    C dropped;
    v = Any(&kNeutral<C>, wire_id...);
    return Body(c, r, dropped);
  } else {
    C* made;
    if (!r.NewAtOnce(made)) [[unlikely]] return TakeSlowly<C, Body>(c, r, v, wire_id...);
    v = Any(static_cast<const C*>(made), wire_id...);
    return Body(c, r, *made);
  }
}

)";

// Bytes of a number, 0 for everything else. A Bool has two ids to be checked, so it is none.
std::size_t BytesOf(WireKind kind) {
  return kind == WireKind::kBool ? 0 : FixedBytes(kind);
}

// The function of Reader that reads a value which is neither a number nor boxed.
std::string ReaderCall(const WireType& type) {
  switch (type.kind) {
    case WireKind::kString:
      return "r.Bytes";
    case WireKind::kBool:
      return "r.Bool";
    case WireKind::kObject:
      return "r.TakeRest";
    default:
      return "r.Number";
  }
}

std::string WordOnWire(const std::string& word) {
  return "wire_" + word;
}

class LayoutReader {
 public:
  // `checked`: the caller has seen that all bytes are there.
  LayoutReader(const Record& record, const Layout& layout, bool checked, const Model& model,
               std::ostream& out)
      : record_(record), layout_(layout), checked_(checked), model_(model), out_(out) {}

  void Emit() {
    const bool calls =
        std::any_of(layout_.fields.begin(), layout_.fields.end(), [](const Field& field) {
          return field.type.kind != WireKind::kTrue && BytesOf(field.type.kind) == 0;
        });
    out_ << (calls ? "[[gnu::noinline]] " : "") << "Cursor Body_" << HexId(layout_.id)
         << "(Cursor c, [[maybe_unused]] Reader& r, [[maybe_unused]] " << record_.full
         << "& v) {\n";
    EmitUnread();
    for (std::size_t at = 0; at < layout_.fields.size();) at = EmitFrom(at);
    EmitMovedFlags();
    out_ << "  return c;\n}\n";
  }

 private:
  const Member* Kept(const Field& field) const { return KeptBy(record_, field); }

  // Members that this layout leaves alone although they are always there: flags words it does not
  // have, and mandatory or shared fields that it does not carry. Where single fields set bits of
  // their own, all words begin empty, since their order on the wire may be another.
  void EmitUnread() {
    words_gather_ = !EveryBitIsDirect();
    for (const Member& member : record_.members) {
      if (member.storage == Storage::kFlag) continue;
      if (member.storage == Storage::kWord && words_gather_) {
        out_ << "  v." << member.name << " = 0;\n";
        continue;
      }
      if (member.storage == Storage::kConditional && !member.shared) continue;
      const bool read =
          std::any_of(layout_.fields.begin(), layout_.fields.end(), [&](const Field& field) {
            return Kept(field) == &member && (!field.condition || Direct(field, member));
          });
      // A bit that another field sets may be this one's too.
      if (read && !(member.shared && words_gather_)) continue;
      out_ << "  v." << (member.condition ? member.data : member.name) << " = {};\n";
    }
  }

  bool EveryBitIsDirect() const {
    return std::all_of(layout_.fields.begin(), layout_.fields.end(), [&](const Field& field) {
      const Member* const member = Kept(field);
      return member == nullptr || !member->condition || Direct(field, *member);
    });
  }

  // Emits what begins at a field and gives the first field behind it.
  std::size_t EmitFrom(std::size_t at) {
    if (const std::size_t end = EndOfNumbers(at); end > at) {
      EmitNumbers(at, end);
      return end;
    }
    if (const std::size_t end = EndOfGroup(at); end > at) {
      EmitGroup(at, end);
      return end;
    }
    EmitField(at, "  ");
    return at + 1;
  }

  // Mandatory numbers in a row have one check of their bytes.
  std::size_t EndOfNumbers(std::size_t at) const {
    const auto stops = [&](const Field& field) {
      if (field.type.kind == WireKind::kTrue) return false;
      return field.condition.has_value() || BytesOf(field.type.kind) == 0;
    };
    std::size_t end = at;
    for (std::size_t i = at; i < layout_.fields.size() && !stops(layout_.fields[i]); ++i) {
      if (layout_.fields[i].type.kind != WireKind::kTrue) end = i + 1;
    }
    return end;
  }

  void EmitNumbers(std::size_t at, std::size_t end) {
    std::size_t bytes = 0;
    for (std::size_t i = at; i < end; ++i) bytes += BytesOf(layout_.fields[i].type.kind);
    if (!checked_)
      out_ << "  if (!r.Has(c, " << bytes
           << ")) [[unlikely]] return r.Failed(WireError::kTruncated);\n";
    std::size_t offset = 0;
    for (std::size_t i = at; i < end; ++i) {
      const Field& field = layout_.fields[i];
      if (field.type.kind == WireKind::kTrue) continue;
      const std::string load =
          "Load<" + CppType(field.type, model_) + ">(c + " + std::to_string(offset) + ")";
      const Member* const member = Kept(field);
      if (field.type.kind == WireKind::kFlags) {
        EmitWord(field, load);
      } else if (member != nullptr) {
        out_ << "  " << Target(*member) << " = " << load << ";\n";
        EmitPresence(field, *member, "  ");
      }
      offset += BytesOf(field.type.kind);
    }
    out_ << "  c += " << bytes << ";\n";
  }

  // Keeps the bits that mean the same in the struct; the fields of all others set theirs.
  void EmitWord(const Field& word, const std::string& load) {
    std::uint32_t same = 0;
    for (const Field& field : layout_.fields) {
      const Member* const member = Kept(field);
      if (member == nullptr || !field.condition || field.condition->word != word.name) continue;
      if (Direct(field, *member)) same |= std::uint32_t{1} << field.condition->bit;
    }
    out_ << "  [[maybe_unused]] const std::uint32_t " << WordOnWire(word.name) << " = " << load
         << ";\n";
    const Member* const member = record_.Find(word.name);
    if (member == nullptr || member->storage != Storage::kWord) return;
    out_ << "  v." << member->name << (words_gather_ ? " |= " : " = ") << WordOnWire(word.name)
         << " & 0x" << HexId(same) << "u;\n";
  }

  // `true` fields whose bit has another place, or which are more than a bit by now. They come last,
  // when all words are there.
  void EmitMovedFlags() {
    for (const Field& field : layout_.fields) {
      const Member* const member = Kept(field);
      if (field.type.kind != WireKind::kTrue || member == nullptr || Direct(field, *member))
        continue;
      const std::string is_set = Bits(WordOnWire(field.condition->word), BitOf(field));
      if (member->storage == Storage::kValue) {
        out_ << "  v." << member->name << " = " << is_set << ";\n";
      } else {
        out_ << "  if (" << is_set << ") v." << member->set << "(true);\n";
      }
    }
  }

  static std::string Target(const Member& member) {
    return "v." + (member.condition ? member.data : member.name);
  }

  // The member's bit where the word that was read does not bring it.
  void EmitPresence(const Field& field, const Member& member, const std::string& indent) {
    if (!member.condition || Direct(field, member)) return;
    out_ << indent << "v." << member.condition->word << " |= 0x"
         << HexId(std::uint32_t{1} << member.condition->bit) << "u;\n";
  }

  std::size_t EndOfGroup(std::size_t at) const {
    const Field& first = layout_.fields[at];
    if (!first.condition) return at;
    std::size_t end = at;
    std::size_t count = 0;
    while (end < layout_.fields.size() && count < kGroupMax) {
      const Field& field = layout_.fields[end];
      if (!field.condition || field.condition->word != first.condition->word) break;
      if (field.type.kind != WireKind::kTrue) ++count;
      ++end;
    }
    return count < kGroupMin ? at : end;
  }

  void EmitGroup(std::size_t at, std::size_t end) {
    std::uint32_t bits = 0;
    for (std::size_t i = at; i < end; ++i) {
      if (layout_.fields[i].type.kind != WireKind::kTrue) bits |= BitOf(layout_.fields[i]);
    }
    out_ << "  if (" << Bits(WordOnWire(layout_.fields[at].condition->word), bits) << ") {\n";
    for (std::size_t i = at; i < end; ++i) EmitField(i, "    ");
    out_ << "  }\n";
  }

  void EmitField(std::size_t at, const std::string& indent) {
    const Field& field = layout_.fields[at];
    if (field.type.kind == WireKind::kTrue) return;
    if (!field.condition) return EmitRead(at, indent);
    out_ << indent << "if (" << Bits(WordOnWire(field.condition->word), BitOf(field)) << ") {\n";
    EmitRead(at, indent + "  ");
    out_ << indent << "}\n";
  }

  void EmitRead(std::size_t at, const std::string& indent) {
    const Field& field = layout_.fields[at];
    const Member* const member = Kept(field);
    if (field.type.kind == WireKind::kBareVector) return EmitBareVector(field, *member);
    out_ << indent;
    if (field.type.kind == WireKind::kBool && member != nullptr &&
        member->storage == Storage::kFlag) {
      out_ << "bool on = false;\n"
           << indent << "c = r.Bool(c, on);\n"
           << indent << "v." << member->set << "(on);\n";
      return;
    }
    const Fit fit = FitOf(field, member);
    if (member == nullptr || fit == Fit::kWiden) {
      out_ << CppType(field.type, model_) << " read_" << field.name << ";\n" << indent;
    }
    const std::string target =
        member == nullptr || fit == Fit::kWiden ? "read_" + field.name : Target(*member);
    if (field.type.kind == WireKind::kBoxed) {
      out_ << "c = " << target << ".ReadFrom(c, r);\n";
    } else if (field.type.kind == WireKind::kVector) {
      out_ << "c = internal::VectorFrom(c, r, " << target << ");\n";
    } else if (field.type.kind == WireKind::kObject && at > 0 &&
               layout_.fields[at - 1].name == "bytes") {
      out_ << "c = r.RawOfLength(c, v.bytes, " << target << ");\n";
    } else {
      out_ << "c = " << ReaderCall(field.type) << "(c, " << target << ");\n";
    }
    if (member == nullptr) return;
    if (fit == Fit::kWiden) out_ << indent << Target(*member) << " = " << target << ";\n";
    EmitPresence(field, *member, indent);
  }

  // `vector<message>`: count, then elements without ids.
  void EmitBareVector(const Field& field, const Member& member) {
    const WireType& element = *field.type.element;
    const std::string cpp = CppType(element, model_);
    out_ << "  {\n    std::size_t count = 0;\n    c = r.Count(c, " << BytesMin(element, model_)
         << ", count);\n    const std::span<" << cpp << "> items = r.NewArray<" << cpp
         << ">(count);\n    for (" << cpp << "& item : items) c = ";
    if (element.kind == WireKind::kBare) {
      out_ << "Body_" << HexId(FindConstructor(model_, element.name)->layouts.front().id)
           << "(c, r, item);\n";
    } else {
      out_ << "item.ReadFrom(c, r);\n";
    }
    out_ << "    " << Target(member) << " = items;\n  }\n";
  }

  const Record& record_;
  const Layout& layout_;
  bool checked_;
  const Model& model_;
  std::ostream& out_;
  bool words_gather_ = false;
};

void EmitBodies(const Record& record, bool checked, const Model& model, std::ostream& out) {
  for (const Layout& layout : record.layouts) {
    LayoutReader(record, layout, checked, model, out).Emit();
  }
}

// Whether the switch of a union asks for all bytes of its constructors at once. The one of a method
// or of any object asks for the id only.
bool AsksAtOnce(const Union& of, const Model& model) {
  return model.layered && of.bytes != 0;
}

void EmitReadId(std::size_t bytes, std::ostream& out) {
  out << "  if (!r.Has(c, " << bytes
      << ")) [[unlikely]] return r.Failed(WireError::kTruncated);\n"
         "  const std::uint32_t id = Load<std::uint32_t>(c);\n  c += 4;\n";
}

struct Case {
  std::uint32_t id;
  std::string statement;
};

// A switch over ids. Ids are as good as random, so one over many is parted by their first bits,
// which makes a table of jumps in place of a long search.
void EmitSwitch(std::vector<Case> cases, std::ostream& out) {
  constexpr std::size_t kSearchedMax = 12;
  constexpr std::uint32_t kFirstBits = 28;
  const std::string unknown = "    default:\n      return r.UnknownId(id);\n  }\n";
  if (cases.size() <= kSearchedMax) {
    out << "  switch (id) {\n";
    for (const Case& one : cases) {
      out << "    case 0x" << HexId(one.id) << "u:\n      " << one.statement << "\n";
    }
    out << unknown;
    return;
  }
  std::sort(cases.begin(), cases.end(), [](const Case& a, const Case& b) { return a.id < b.id; });
  out << "  switch (id >> " << kFirstBits << ") {\n";
  for (std::size_t at = 0; at < cases.size();) {
    const std::uint32_t first = cases[at].id >> kFirstBits;
    out << "    case " << first << ":\n      switch (id) {\n";
    for (; at < cases.size() && cases[at].id >> kFirstBits == first; ++at) {
      out << "        case 0x" << HexId(cases[at].id) << "u:\n          " << cases[at].statement
          << "\n";
    }
    out << "        default:\n          return r.UnknownId(id);\n      }\n";
  }
  out << unknown;
}

void EmitUnionReaders(const Union& of, const Model& model, std::ostream& out) {
  out << "}  // namespace\n\nCursor " << of.full.substr(2) << "::ReadFrom(Cursor c, Reader& r) {\n";
  if (of.recursive) out << "  const Reader::Nest nest(r);\n  if (!r.ok()) return r.end();\n";
  EmitReadId(AsksAtOnce(of, model) ? of.bytes : 4, out);
  std::vector<Case> cases;
  for (const Record* record : of.constructors) {
    for (const Layout& layout : record->layouts) {
      cases.push_back({layout.id, "return Take<" + record->full + ", Body_" + HexId(layout.id) +
                                      ">(c, r, *this);"});
    }
  }
  EmitSwitch(std::move(cases), out);
  out << "}\n\nnamespace {\n";
}

// The two readers whose result is not one type: methods, and any object of MTProto's own schema.
void EmitAnyReader(const std::string& name, const char* any,
                   const std::vector<const std::vector<Record>*>& lists, const Model& model,
                   std::ostream& out) {
  const std::string type = model.space + "::" + any;
  out << "Cursor " << name << "From(Cursor c, Reader& r, " << type << "& v) {\n";
  EmitReadId(4, out);
  std::vector<Case> cases;
  for (const std::vector<Record>* records : lists) {
    for (const Record& record : *records) {
      for (const Layout& layout : record.layouts) {
        cases.push_back({layout.id, "return Take<" + record.full + ", Body_" + HexId(layout.id) +
                                        ">(c, r, v, id);"});
      }
    }
  }
  EmitSwitch(std::move(cases), out);
  out << "}\n}  // namespace\n\nbool " << model.space << "::" << name << "(Reader& r, " << type
      << "& v) {\n  r.Advance([&](Cursor c) { return " << name << "From(c, r, v); });\n"
      << "  if (!r.ok()) v = {};\n  return r.ok();\n}\n\nnamespace {\n";
}

}  // namespace

void EmitReaders(const Model& model, std::size_t part, std::size_t parts, std::ostream& out) {
  EmitBanner(out, "the schema of tl::" + model.space);
  out << "#include \"tl/" << model.space << "_types.h\"\n\nnamespace tl {\nnamespace {\n\n"
      << kTake;
  if (!model.layered) {
    for (const Record& record : model.constructors) EmitBodies(record, false, model, out);
    for (const Record& record : model.methods) EmitBodies(record, false, model, out);
    for (const auto& [type, of] : model.unions) {
      if (type != "Object") EmitUnionReaders(of, model, out);
    }
    EmitAnyReader("ReadObject", "AnyObject", {&model.constructors, &model.methods}, model, out);
  } else {
    const Share share = ShareOf(model, part, parts, true);
    for (const Record* method : share.methods) EmitBodies(*method, false, model, out);
    for (const Union* of : share.unions) {
      for (const Record* record : of->constructors)
        EmitBodies(*record, AsksAtOnce(*of, model), model, out);
      EmitUnionReaders(*of, model, out);
    }
    if (part == 0) EmitAnyReader("ReadMethod", "AnyMethod", {&model.methods}, model, out);
  }
  out << "}  // namespace\n}  // namespace tl\n";
}

}  // namespace trunkline::tlc
