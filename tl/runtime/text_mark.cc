#include "tl/runtime/text_mark.h"

#include <span>

#include "tl/runtime/text_form.h"

namespace tl::text {
namespace {

// "133-160, 196-229"
void TellLayers(std::span<const SchemaLine> lines, TextOut& out) {
  out.Key("layers");
  out.Word("\"");
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) out.Word(", ");
    out.Number(lines[i].first_layer);
    while (i + 1 < lines.size() && lines[i + 1].first_layer == lines[i].last_layer + 1) ++i;
    out.Word("-");
    out.Number(lines[i].last_layer);
  }
  out.Word("\"");
}

}  // namespace

void TellFault(const Fault& fault, const Schema& schema, TextOut& out) {
  out.Key("_error");
  out.String(fault.why);
  out.Key("offset");
  out.Number(static_cast<std::int64_t>(fault.offset));
  if (!fault.of_id) return;
  out.Key("id");
  out.Word("\"");
  out.HexNumber(fault.id, kIdDigits);
  out.Word("\"");
  const Entry entry = FindLine(fault.id, 0, schema);
  if (!entry) return;
  out.Key("name");
  out.String(entry.name());
  if (entry.line->last_layer != 0) TellLayers(entry.schema->LinesOf(fault.id), out);
}

}  // namespace tl::text
