#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>

#include "tl/runtime/text.h"
#include "tl/runtime/text_arrange.h"
#include "tl/runtime/text_form.h"
#include "tl/runtime/text_scan.h"
#include "tl/runtime/writer.h"

namespace tl {
namespace text {
namespace {

constexpr std::size_t kIdDigits = 8;
constexpr std::string_view kTooLong = "more bytes than bytes_max";

template <class Number>
constexpr std::int64_t kMin = std::numeric_limits<Number>::min();
template <class Number>
constexpr std::int64_t kMax = std::numeric_limits<Number>::max();

// Writes values in the order of the text; the fields of an object are arranged when it ends.
class Parser {
 public:
  Parser(std::string_view text, const Schema& schema, const ParseOptions& options)
      : in_(text), schema_(schema), options_(options) {}

  Parsed Run(bool whole) {
    const std::optional<Form> form = FindForm(options_.type, schema_);
    if (!form) {
      in_.Fail(0, "no such type");
    } else {
      Value(*form->schema, form->field);
    }
    const std::size_t end = in_.offset();
    if (whole && in_.ok() && !in_.AtEnd()) in_.Fail(end, "nothing more is expected");
    if (bytes_.size() > options_.bytes_max) in_.Fail(0, std::string(kTooLong));
    if (!in_.ok()) bytes_.clear();
    return {std::move(bytes_), end, in_.why(), in_.error_offset()};
  }

 private:
  bool ok() const { return in_.ok(); }

  template <class Fill>
  void Put(std::size_t size, Fill fill) {
    const std::size_t start = bytes_.size();
    bytes_.resize(start + size);
    Writer writer(bytes_.data() + start);
    fill(writer);
  }
  void PutWord(std::uint32_t word) {
    Put(sizeof(word), [&](Writer& writer) { writer.U32(word); });
  }
  void SetWord(std::size_t at, std::uint32_t word) { Writer(bytes_.data() + at).U32(word); }
  std::size_t room() const { return std::max(options_.bytes_max, bytes_.size()) - bytes_.size(); }

  void Value(const Schema& home, const SchemaField& field) {
    if (bytes_.size() > options_.bytes_max) {
      in_.Fail(in_.offset(), std::string(kTooLong));
      return;
    }
    switch (field.kind) {
      case FieldKind::kBoxed:
        return Line(&home, field.type, 0);
      case FieldKind::kBare:
        return Line(&home, 0, field.type);
      case FieldKind::kVector:
      case FieldKind::kBareVector:
        return Vector(home, field);
      case FieldKind::kObject:
      case FieldKind::kSizedObject:
        return Object();
      default:
        return IsMark() ? void() : Scalar(field.kind);
    }
  }

  void Scalar(FieldKind kind) {
    switch (kind) {
      case FieldKind::kInt:
        return PutWord(
            static_cast<std::uint32_t>(in_.Integer(kMin<std::int32_t>, kMax<std::int32_t>)));
      case FieldKind::kLong: {
        const std::int64_t value = in_.Integer(kMin<std::int64_t>, kMax<std::int64_t>);
        return Put(sizeof(value), [&](Writer& writer) { writer.I64(value); });
      }
      case FieldKind::kDouble: {
        const double value = in_.Double();
        return Put(sizeof(value), [&](Writer& writer) { writer.F64(value); });
      }
      case FieldKind::kBool: {
        const bool value = in_.Bool();
        return Put(sizeof(kBoolTrueId), [&](Writer& writer) { writer.Bool(value); });
      }
      case FieldKind::kInt128:
        return Digits(sizeof(Int128));
      case FieldKind::kInt256:
        return Digits(sizeof(Int256));
      default:
        return Text(kind);
    }
  }

  void Digits(std::size_t size) {
    const std::size_t start = bytes_.size();
    const std::size_t offset = in_.offset();
    in_.Hex(bytes_, size);
    if (ok() && bytes_.size() - start != size) {
      in_.Fail(offset, std::to_string(2 * size) + " hex digits are expected");
    }
  }

  // The length is known behind the bytes, which make room for it then.
  void Text(FieldKind kind) {
    const std::size_t start = bytes_.size();
    const std::size_t most = std::min(kStringBytesMax, room());
    if (kind == FieldKind::kString) {
      in_.String(bytes_, most);
    } else {
      in_.Hex(bytes_, most);
    }
    if (!ok()) return;
    const std::size_t size = bytes_.size() - start;
    const bool is_short = size < 254;
    const auto at = bytes_.begin() + static_cast<std::ptrdiff_t>(start);
    bytes_.insert(at, is_short ? 1 : sizeof(std::uint32_t), static_cast<std::uint8_t>(size));
    if (!is_short) SetWord(start, static_cast<std::uint32_t>(size << 8 | 254));
    bytes_.resize(start + BytesSize(size));
  }

  // {"_secret": 8} and its kind, told as what they are.
  bool IsMark() {
    if (in_.Peek() != '{') return false;
    const std::size_t start = in_.offset();
    in_.Accept('{');
    const std::string_view key = in_.Name();
    if (ok() && !RefuseMark(key, start)) in_.Fail(start, "a value is expected, not an object");
    return true;
  }

  bool RefuseMark(std::string_view key, std::size_t start) {
    if (key == "_secret") return !in_.Fail(start, "a secret that is not shown");
    if (key == "_cut") return !in_.Fail(start, "a value that is not shown whole");
    if (key == "_unknown") return !in_.Fail(start, "bytes that are not shown");
    if (key == "_error") return !in_.Fail(start, "the mark of damaged bytes");
    return false;
  }

  void Object() {
    switch (in_.Peek()) {
      case '{':
        return Line(nullptr, 0, 0);
      case '[': {
        SchemaField any;
        any.kind = FieldKind::kVector;
        any.element = FieldKind::kBoxed;
        return Vector(schema_, any);
      }
      case '"':
        return in_.Hex(bytes_, room());
      default:
        return Scalar(FieldKind::kBool);
    }
  }

  void Vector(const Schema& home, const SchemaField& field) {
    if (IsMark() || !in_.Expect('[')) return;
    if (field.kind == FieldKind::kVector) PutWord(kVectorId);
    const std::size_t count_at = bytes_.size();
    PutWord(0);
    SchemaField element;
    element.kind = field.element;
    element.type = field.type;
    std::uint32_t count = 0;
    if (!in_.Accept(']')) {
      do {
        if (count == options_.limits.vector_elements_max) {
          in_.Fail(in_.offset(), "more elements than vector_elements_max");
        }
        if (!ok()) return;
        Value(home, element);
        ++count;
      } while (in_.Accept(','));
      in_.Expect(']');
    }
    if (ok()) SetWord(count_at, count);
  }

  // An object of a boxed type, of a bare constructor, or of any when both are 0.
  void Line(const Schema* home, NameOffset type, NameOffset bare) {
    const std::size_t start = in_.offset();
    if (depth_ >= std::min(options_.limits.depth_max, kTextDepthMax)) {
      in_.Fail(start, "deeper than depth_max");
      return;
    }
    if (!in_.Expect('{')) return;
    const std::size_t key_at = in_.offset();
    const std::string_view key = in_.Name();
    if (!ok() || RefuseMark(key, start)) return;
    if (key != "_") {
      in_.Fail(key_at, "an object begins with \"_\"");
      return;
    }
    if (!in_.Expect(':')) return;
    const std::size_t name_at = in_.offset();
    const std::string_view name = in_.Name();
    if (!ok()) return;
    const Entry entry = EntryOf(name, type == 0 && bare == 0 ? nullptr : home);
    if (!entry ||
        (type != 0 && (entry.line->method || entry.schema->Result(*entry.line).type != type)) ||
        (bare != 0 && entry.line->name != bare)) {
      in_.Fail(name_at, NotExpected(name, home, type != 0 ? type : bare));
      return;
    }
    if (bare == 0) PutWord(entry.line->id);
    ++depth_;
    Fields(entry, start);
    --depth_;
  }

  std::string NotExpected(std::string_view name, const Schema* home, NameOffset wanted) const {
    std::string why = std::string(name.substr(0, kNameShownMax));
    if (wanted == 0) {
      why += " is neither a constructor nor a method";
    } else {
      why += " is no " + std::string(home->Name(wanted));
    }
    return options_.layer == 0 ? why : why + " at layer " + std::to_string(options_.layer);
  }

  // `name` or `name#id`.
  Entry EntryOf(std::string_view name, const Schema* home) const {
    const std::size_t hash = name.find('#');
    const std::string_view digits =
        hash == std::string_view::npos ? std::string_view() : name.substr(hash + 1);
    name = name.substr(0, hash);
    Entry entry;
    if (hash == std::string_view::npos) {
      entry = home == nullptr ? FindLine(name, options_.layer, schema_)
                              : Entry{home, home->Find(name, options_.layer)};
      return entry;
    }
    std::uint32_t id = 0;
    const char* const end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, id, 16);
    if (error != std::errc() || stop != end || digits.size() != kIdDigits) return {};
    entry = home == nullptr ? FindLine(id, options_.layer, schema_)
                            : Entry{home, home->Find(id, options_.layer)};
    return entry && entry.name() == name ? entry : Entry{};
  }

  void Fields(const Entry& entry, std::size_t start) {
    const std::size_t frame = pieces_.size();
    const std::size_t begin = bytes_.size();
    pieces_.resize(frame + entry.line->field_count);
    while (ok() && in_.Accept(',')) Member(entry, frame);
    in_.Expect('}');
    if (ok()) {
      const std::string why = Arrange(entry, std::span(pieces_).subspan(frame), begin, bytes_);
      if (!why.empty()) in_.Fail(start, why);
    }
    pieces_.resize(frame);
  }

  void Member(const Entry& entry, std::size_t frame) {
    const std::size_t key_at = in_.offset();
    const std::string_view key = in_.Name();
    if (!ok() || RefuseMark(key, key_at)) return;
    std::size_t index = 0;
    const std::size_t count = entry.line->field_count;
    while (index < count && FieldName(entry, index) != key) ++index;
    if (index == count) {
      in_.Fail(key_at, std::string(entry.name()) + " has no field " +
                           std::string(key.substr(0, kNameShownMax)));
      return;
    }
    if (pieces_[frame + index].seen) {
      in_.Fail(key_at, std::string(key) + " stands twice");
      return;
    }
    if (!in_.Expect(':')) return;
    Piece piece{bytes_.size(), 0, true, true};
    const SchemaField& field = entry.schema->Field(*entry.line, index);
    if (field.kind == FieldKind::kTrue) {
      piece.present = in_.Bool();
    } else if (field.kind == FieldKind::kFlags) {
      PutWord(static_cast<std::uint32_t>(in_.Integer(0, kMax<std::uint32_t>)));
    } else if (entry.line->id == kRpcResultId && field.kind == FieldKind::kObject) {
      Result(pieces_[frame]);
    } else {
      Value(*entry.schema, field);
    }
    piece.end = bytes_.size();
    pieces_[frame + index] = piece;
  }

  // rpc_result: of the type that the request in front of it has, unless it is an object of
  // MTProto's own.
  void Result(const Piece& msg_id) {
    std::optional<Form> form;
    if (msg_id.present && in_.Peek() != '{') form = ResultForm(msg_id);
    if (form) {
      Value(*form->schema, form->field);
    } else {
      Object();
    }
  }

  std::optional<Form> ResultForm(const Piece& msg_id) {
    Reader reader(RawObject(bytes_).subspan(msg_id.start), nullptr);
    return ResultOf(reader.I64(), options_.requests, schema_);
  }

  std::string_view FieldName(const Entry& entry, std::size_t index) const {
    return entry.schema->Name(entry.schema->Field(*entry.line, index).name);
  }

  static constexpr std::size_t kNameShownMax = 64;

  Scanner in_;
  const Schema& schema_;
  const ParseOptions& options_;
  std::vector<std::uint8_t> bytes_;
  std::vector<Piece> pieces_;  // of all objects that are open
  std::uint32_t depth_ = 0;
};

}  // namespace
}  // namespace text

Parsed ParseNext(std::string_view text, const Schema& schema, const ParseOptions& options) {
  return text::Parser(text, schema, options).Run(false);
}

Parsed Parse(std::string_view text, const Schema& schema, const ParseOptions& options) {
  return text::Parser(text, schema, options).Run(true);
}

}  // namespace tl
