#include <algorithm>
#include <array>
#include <optional>

#include "tl/runtime/text.h"
#include "tl/runtime/text_form.h"
#include "tl/runtime/text_mark.h"
#include "tl/runtime/text_out.h"

namespace tl {
namespace text {
namespace {

constexpr std::string_view kTextLimit = "text limit";
constexpr std::string_view kNoSuchType = "no such type";
constexpr std::uint8_t kLongForm = 254;     // first byte of a long string, and the length of one
constexpr std::size_t kTextPerByteMax = 6;  // \u0000

std::size_t BytesMin(FieldKind kind) {
  return kind == FieldKind::kLong || kind == FieldKind::kDouble ? 8 : 4;
}

bool IsText(FieldKind kind) {
  return kind == FieldKind::kString || kind == FieldKind::kBytes;
}

// Prints one value. At the first fault a mark takes the place of what can't be read, and from there
// on only brackets are closed.
class Printer {
 public:
  Printer(RawObject bytes, const Schema& schema, const TextOptions& options)
      : bytes_(bytes), schema_(schema), options_(options), out_(options.indent) {}

  Printed Run(bool whole) {
    Reader in(bytes_, nullptr, options_.limits);
    const std::optional<Form> form = FindForm(options_.type, schema_);
    if (!form) {
      Fail(WireError::kUnknownConstructor, kNoSuchType);
    } else if (form->field.kind == FieldKind::kObject && !IsKnown(in.PeekU32())) {
      Boxed(in, schema_, 0);
    } else {
      Value(in, *form->schema, form->field);
    }
    if (ok()) {
      printed_.bytes_read = OffsetOf(in);
      if (whole && !in.AtEnd()) Trailing(in);
    } else {
      printed_.bytes_read = printed_.error_offset;
    }
    printed_.exact = ok() && !inexact_;
    printed_.text = out_.Take();
    return std::move(printed_);
  }

 private:
  bool ok() const { return printed_.error == WireError::kNone; }

  std::size_t OffsetOf(const Reader& in) const {
    return static_cast<std::size_t>(in.Rest().data() - bytes_.data());
  }

  bool IsKnown(std::uint32_t id) const {
    return id == kVectorId || id == kBoolTrueId || id == kBoolFalseId || FindLine(id, 0, schema_);
  }

  void Fail(WireError error, std::string_view why, std::uint32_t unknown_id = 0) {
    printed_.error = error;
    printed_.error_offset = at_;
    printed_.why = why;
    unknown_id_ = unknown_id;
    Mark();
  }

  bool Check(const Reader& in) {
    if (!in.ok()) Fail(in.error(), WireErrorName(in.error()), in.unknown_id());
    return in.ok();
  }

  void Mark() {
    out_.Open('{');
    MarkFields();
    out_.Close('}');
  }

  void MarkFields() {
    const bool told = printed_.error == WireError::kUnknownConstructor &&
                      printed_.why != kNoSuchType && !within_secret_;
    const std::size_t offset = options_.first_offset + printed_.error_offset;
    TellFault({printed_.why, offset, told, unknown_id_}, schema_, out_);
  }

  void Trailing(const Reader& in) {
    at_ = OffsetOf(in);
    out_.Word(" ");
    Fail(WireError::kTrailing, WireErrorName(WireError::kTrailing));
  }

  void Value(Reader& in, const Schema& home, const SchemaField& field) {
    at_ = OffsetOf(in);
    if (out_.size() >= options_.text_bytes_max) return Fail(WireError::kTooLarge, kTextLimit);
    switch (field.kind) {
      case FieldKind::kBoxed:
        return Boxed(in, home, field.type);
      case FieldKind::kBare:
        return Bare(in, home, field.type);
      case FieldKind::kVector:
      case FieldKind::kBareVector:
        return Vector(in, home, field);
      case FieldKind::kObject:
        return Object(in);
      case FieldKind::kSizedObject:
        return SizedObject(in);
      default:
        return Scalar(in, field.kind);
    }
  }

  void Scalar(Reader& in, FieldKind kind) {
    switch (kind) {
      case FieldKind::kInt:
        last_int_ = in.I32();
        return Check(in) ? out_.Number(last_int_) : void();
      case FieldKind::kLong:
        last_long_ = in.I64();
        return Check(in) ? out_.Number(last_long_) : void();
      case FieldKind::kDouble: {
        const double value = in.F64();
        return Check(in) ? out_.Double(value) : void();
      }
      case FieldKind::kInt128: {
        const Int128 value = in.I128();
        return Check(in) ? out_.Hex(value) : void();
      }
      case FieldKind::kInt256: {
        const Int256 value = in.I256();
        return Check(in) ? out_.Hex(value) : void();
      }
      case FieldKind::kBool: {
        const bool value = in.Bool();
        return Check(in) ? out_.Word(value ? "true" : "false") : void();
      }
      default:
        return Text(in, kind);
    }
  }

  void Text(Reader& in, FieldKind kind) {
    const std::uint8_t* const start = in.Rest().data();
    const std::string_view text = in.Bytes();
    if (!Check(in)) return;
    last_size_ = text.size();
    const auto* const end = reinterpret_cast<const std::uint8_t*>(text.data()) + text.size();
    const RawObject padding(end, in.Rest().data());
    const auto is_set = [](std::uint8_t byte) { return byte != 0; };
    const bool is_long = *start >= kLongForm;
    // Another form of the length, or something in the padding: Parse would not make that again.
    if (is_long != (text.size() >= kLongForm) ||
        std::any_of(padding.begin(), padding.end(), is_set)) {
      inexact_ = true;
    }
    Shown(text, kind);
  }

  void Shown(std::string_view text, FieldKind kind) {
    const std::size_t room =
        (std::max(options_.text_bytes_max, out_.size()) - out_.size()) / kTextPerByteMax;
    const std::size_t most = std::min(options_.bytes_shown_max, room);
    const std::string_view head =
        kind == FieldKind::kString ? Head(text, most) : text.substr(0, most);
    const bool cut = head.size() < text.size();
    if (cut) {
      inexact_ = true;
      out_.Open('{');
      out_.Key("_cut");
      out_.Number(static_cast<std::int64_t>(text.size()));
      out_.Key("head");
    }
    if (kind == FieldKind::kString) {
      out_.String(head);
    } else {
      out_.Hex({reinterpret_cast<const std::uint8_t*>(head.data()), head.size()});
    }
    if (cut) out_.Close('}');
  }

  // Type 0 is any, calls included.
  void Boxed(Reader& in, const Schema& home, NameOffset type) {
    const std::uint32_t id = in.U32();
    if (!Check(in)) return;
    Entry entry = type == 0 ? FindLine(id, options_.layer, schema_)
                            : Entry{&home, home.Find(id, options_.layer)};
    if (entry && type != 0 && (entry.line->method || home.Result(*entry.line).type != type)) {
      entry.line = nullptr;
    }
    if (!entry) {
      return Fail(WireError::kUnknownConstructor, WireErrorName(WireError::kUnknownConstructor),
                  id);
    }
    Line(in, entry);
  }

  void Bare(Reader& in, const Schema& home, NameOffset name) {
    const Entry entry{&home, home.Find(home.Name(name), options_.layer)};
    if (entry) return Line(in, entry);
    Fail(WireError::kUnknownConstructor, WireErrorName(WireError::kUnknownConstructor));
  }

  void Line(Reader& in, const Entry& entry) {
    if (depth_ >= std::min(options_.limits.depth_max, kTextDepthMax)) {
      return Fail(WireError::kTooDeep, WireErrorName(WireError::kTooDeep));
    }
    ++depth_;
    out_.Open('{');
    out_.Key("_");
    out_.Word("\"");
    out_.Word(entry.name());
    if (FindLine(entry.name(), options_.layer, schema_).line->id != entry.line->id) {
      out_.Word("#");
      out_.HexNumber(entry.line->id, kIdDigits);
    }
    out_.Word("\"");
    Fields(in, entry);
    out_.Close('}');
    --depth_;
  }

  void Fields(Reader& in, const Entry& entry) {
    std::array<std::uint32_t, Schema::kFlagWordsMax> words{};
    std::size_t word = 0;
    for (std::size_t i = 0; i < entry.line->field_count && ok(); ++i) {
      const SchemaField& field = entry.schema->Field(*entry.line, i);
      if (field.kind == FieldKind::kFlags) {
        words[word] = FlagsWord(in, entry, field, word);
        ++word;
        continue;
      }
      if (field.conditional() && (words[field.word] >> field.bit & 1) == 0) continue;
      out_.Key(entry.schema->Name(field.name));
      if (field.kind == FieldKind::kTrue) {
        out_.Word("true");
      } else if (field.secret && !options_.secrets && !within_secret_) {
        Secret(in, *entry.schema, field);
      } else if (entry.line->id == kRpcResultId && field.kind == FieldKind::kObject) {
        Result(in, *entry.schema);
      } else {
        Value(in, *entry.schema, field);
      }
    }
  }

  std::uint32_t FlagsWord(Reader& in, const Entry& entry, const SchemaField& field,
                          std::size_t word) {
    at_ = OffsetOf(in);
    const std::uint32_t value = in.U32();
    const std::uint32_t rest = value & ~KnownBits(*entry.schema, *entry.line, word);
    if (in.ok() && rest == 0) return value;
    out_.Key(entry.schema->Name(field.name));
    if (Check(in)) out_.Number(rest);
    return value;
  }

  // Printed like anything else, to know where it ends and whether it is whole, then taken back.
  void Secret(Reader& in, const Schema& home, const SchemaField& field) {
    const TextOut::Place place = out_.Here();
    const std::size_t left = in.left();
    within_secret_ = true;
    Value(in, home, field);
    out_.Back(place);
    if (ok()) {
      Size("_secret", IsText(field.kind) ? last_size_ : left - in.left());
    } else {
      Mark();
    }
    within_secret_ = false;
  }

  void Size(std::string_view key, std::size_t bytes) {
    inexact_ = true;
    out_.Open('{');
    out_.Key(key);
    out_.Number(static_cast<std::int64_t>(bytes));
    out_.Close('}');
  }

  // Refusals and packed answers have ids of MTProto's own; all else is what the method returns.
  void Result(Reader& in, const Schema& home) {
    const auto form = home.Find(in.PeekU32()) != nullptr
                          ? std::nullopt
                          : ResultOf(last_long_, options_.requests, schema_);
    if (form) {
      Value(in, *form->schema, form->field);
    } else {
      Object(in);
    }
  }

  void Vector(Reader& in, const Schema& home, const SchemaField& field) {
    const std::size_t bytes_min = BytesMin(field.element);
    const std::size_t count =
        field.kind == FieldKind::kVector ? in.BoxedCount(bytes_min) : in.Count(bytes_min);
    if (!Check(in)) return;
    SchemaField element;
    element.kind = field.element;
    element.type = field.type;
    out_.Open('[');
    for (std::size_t i = 0; i < count && ok(); ++i) {
      out_.Item();
      Value(in, home, element);
    }
    out_.Close(']');
  }

  void Object(Reader& in) {
    at_ = OffsetOf(in);
    const std::uint32_t id = in.PeekU32();
    if (id == kBoolTrueId || id == kBoolFalseId) return Scalar(in, FieldKind::kBool);
    if (id == kVectorId) return VectorOfAny(in);
    return in.left() >= sizeof(id) && FindLine(id, 0, schema_) ? Boxed(in, schema_, 0) : Rest(in);
  }

  // The elements' type isn't told: they are boxed when the first one begins with an id.
  void VectorOfAny(Reader& in) {
    Reader ahead = in;
    const std::size_t count = ahead.BoxedCount(BytesMin(FieldKind::kBoxed));
    const Entry first = FindLine(ahead.PeekU32(), 0, schema_);
    if (!ahead.ok() || (count > 0 && (!first || first.line->method))) return Rest(in);
    in = ahead;
    out_.Open('[');
    for (std::size_t i = 0; i < count && ok(); ++i) {
      out_.Item();
      at_ = OffsetOf(in);
      if (out_.size() >= options_.text_bytes_max) {
        Fail(WireError::kTooLarge, kTextLimit);
      } else {
        Boxed(in, schema_, 0);
      }
    }
    out_.Close(']');
  }

  void SizedObject(Reader& in) {
    const RawObject body = in.RawOfLength(last_int_);
    if (!Check(in)) return;
    Reader inner(body, nullptr, options_.limits);
    Object(inner);
    if (!ok() || inner.AtEnd()) return;
    printed_.error = WireError::kTrailing;
    printed_.error_offset = OffsetOf(inner);
    printed_.why = WireErrorName(printed_.error);
    MarkFields();
  }

  void Rest(Reader& in) {
    const RawObject rest = in.TakeRest();
    if (options_.secrets) {
      Shown({reinterpret_cast<const char*>(rest.data()), rest.size()}, FieldKind::kBytes);
    } else {
      Size("_unknown", rest.size());
    }
  }

  RawObject bytes_;
  const Schema& schema_;
  const TextOptions& options_;
  TextOut out_;
  Printed printed_;
  std::size_t at_ = 0;  // offset of what is being read
  std::uint32_t unknown_id_ = 0;
  std::uint32_t depth_ = 0;
  std::int32_t last_int_ = 0;
  std::int64_t last_long_ = 0;
  std::size_t last_size_ = 0;
  bool within_secret_ = false;
  bool inexact_ = false;
};

}  // namespace
}  // namespace text

Printed PrintNext(RawObject bytes, const Schema& schema, const TextOptions& options) {
  return text::Printer(bytes, schema, options).Run(false);
}

std::string Print(RawObject bytes, const Schema& schema, const TextOptions& options) {
  return text::Printer(bytes, schema, options).Run(true).text;
}

}  // namespace tl
