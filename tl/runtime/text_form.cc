#include "tl/runtime/text_form.h"

#include <array>
#include <utility>

namespace tl::text {
namespace {

constexpr std::array<std::pair<std::string_view, FieldKind>, 9> kScalars = {{
    {"int", FieldKind::kInt},
    {"long", FieldKind::kLong},
    {"double", FieldKind::kDouble},
    {"string", FieldKind::kString},
    {"bytes", FieldKind::kBytes},
    {"int128", FieldKind::kInt128},
    {"int256", FieldKind::kInt256},
    {"Bool", FieldKind::kBool},
    {"Object", FieldKind::kObject},
}};

constexpr std::string_view kVectorOpen = "Vector<";

}  // namespace

std::optional<Form> FindForm(std::string_view type, const Schema& schema) {
  Form form{&schema, {}};
  if (type.empty()) type = "Object";
  for (const auto& [name, kind] : kScalars) {
    if (type == name) {
      form.field.kind = kind;
      return form;
    }
  }
  if (type.starts_with(kVectorOpen) && type.ends_with('>')) {
    type = type.substr(kVectorOpen.size(), type.size() - kVectorOpen.size() - 1);
    const auto element =
        type.starts_with(kVectorOpen) || type.empty() ? std::nullopt : FindForm(type, schema);
    if (!element) return std::nullopt;
    form = *element;
    form.field.element = form.field.kind;
    form.field.kind = FieldKind::kVector;
    return form;
  }
  form.field.kind = FieldKind::kBoxed;
  for (const Schema* in = &schema; in != nullptr; in = in->also) {
    form.schema = in;
    form.field.type = in->FindType(type);
    if (form.field.type != 0) return form;
  }
  return std::nullopt;
}

std::optional<Form> ResultOf(std::int64_t msg_id, std::span<const AnsweredRequest> requests,
                             const Schema& schema) {
  for (const AnsweredRequest& request : requests) {
    if (request.msg_id != msg_id && request.msg_id != AnsweredRequest::kAnyMessage) continue;
    const Entry method = FindLine(request.method, 0, schema);
    if (!method || !method.line->method) return std::nullopt;
    return Form{method.schema, method.schema->Result(*method.line)};
  }
  return std::nullopt;
}

std::uint32_t KnownBits(const Schema& schema, const SchemaLine& line, std::size_t word) {
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < line.field_count; ++i) {
    const SchemaField& field = schema.Field(line, i);
    if (field.conditional() && field.word == word) bits |= std::uint32_t{1} << field.bit;
  }
  return bits;
}

}  // namespace tl::text
