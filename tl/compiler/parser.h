#pragma once
// TL text to combinators. After a fault the parser goes on behind the next `;`; of the combinator
// that has the fault it keeps the name and the type alone, so that one fault doesn't lead to
// others.
#include <string_view>
#include <vector>

#include "tl/compiler/ast.h"
#include "tl/compiler/diagnostics.h"

namespace trunkline::tlc {

// A whole schema: constructors, `---functions---`, methods. `file` is the name used in diagnostics.
std::vector<CombinatorExpression> ParseSchema(std::string_view text, const std::string& file,
                                              Diagnostics& diagnostics);

// Whether a combinator or a type can have the name: `sentCode`, `auth.SentCode`.
bool IsName(std::string_view text);

// One line of the history, whose columns stand apart: fields at `fields_position`, then the result.
// Name, id and kind are the caller's to fill in.
CombinatorExpression ParseColumns(std::string_view fields, const Position& fields_position,
                                  std::string_view result, const Position& result_position,
                                  Diagnostics& diagnostics);

}  // namespace trunkline::tlc
