#pragma once
// What code is made from: for every combinator one C++ struct at its newest line, the layouts its
// ids have on the wire, and which layout holds from which layer on. Pointers go into the History,
// which must live on.
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tl/compiler/diagnostics.h"
#include "tl/compiler/history.h"

namespace trunkline::tlc {

// How a struct holds a field of its newest line.
enum class Storage {
  kWord,         // the flags word itself, as on the wire
  kFlag,         // flags.N?true: only a bit of the word
  kValue,        // mandatory: a plain member
  kConditional,  // a member that means something while its bit is set
};

struct Member {
  std::string field;  // TL name
  std::string name;   // C++ name: of the member, or of the function that gives its value
  std::string data;   // the member of a conditional field
  std::string has;    // the function that tells whether it is there
  std::string set;    // the function that sets it and its bit
  WireType type;
  Storage storage = Storage::kValue;
  std::optional<Condition> condition;
  bool shared = false;  // another member hangs on the same bit
};

// The fields of one id. `flags.N?true` fields do not enter an id, so the lines of several runs may
// share a layout; it holds the true fields of all of them.
struct Layout {
  std::uint32_t id = 0;
  std::vector<Field> fields;
};

// From `first` on (until the next one), `layout` is written, with these bits of its flags words at
// most.
struct LayoutRun {
  int first = 0;
  std::size_t layout = 0;
  std::map<std::string, std::uint32_t> masks;  // by flags word
};

// Layers, both ends included; the outermost ones are open.
struct Span {
  int first = 0;
  int last = 0;
};

struct Record {
  const Definition* definition = nullptr;
  std::string name_space;  // "auth", "fn::auth", "" inside the schema's own
  std::string name;        // "SentCode"
  std::string full;        // "::tl::api::auth::SentCode"
  std::vector<Member> members;
  std::vector<Layout> layouts;
  std::vector<LayoutRun> runs;
  std::vector<Span> spans;  // where it exists

  const Member* Find(const std::string& field) const;
  bool ExistsAt(int layer) const;
};

// A boxed type.
struct Union {
  std::string name_space;
  std::string name;  // "AnySentCode"
  std::string full;
  std::vector<const Record*> constructors;
  bool recursive = false;  // a value can contain another of the same type
  bool partial = false;    // some constructor is missing at some layer
  // What stands for a value that a layer can't express, from `first` on; nullptr when there is
  // nothing.
  std::vector<std::pair<int, const Record*>> neutrals;
  // Bytes on the wire, when they are the same for every constructor at every layer; 0 otherwise.
  std::size_t bytes = 0;
};

struct Model {
  std::string space;  // "api" or "mt"
  bool layered = false;
  int layer_min = 0;
  int layer_max = 0;
  std::vector<Record> constructors;
  std::vector<Record> methods;
  std::map<std::string, Union> unions;
};

// Whether a field on the wire can be kept in a member whose type is another by now.
enum class Fit { kNone, kSame, kWiden };
Fit FitOf(const Field& field, const Member* member);

// `definitions` are those to make code for; all types they mention must be among their results.
Model BuildModel(const std::string& space, const History& history,
                 const std::vector<const Definition*>& definitions);

// Fault: a combinator that goes away and comes back more than once, which tl::Constructor can't
// tell.
void CheckSpans(const Model& model, Diagnostics& diagnostics);

// Bytes that a value takes on the wire, whatever it is; 0 when they differ.
std::size_t FixedBytes(WireKind kind);

// Fills Union::bytes, after the neutrals.
void MeasureUnions(Model& model);

// The boxed type a field leads to, through vectors; nullptr for everything else.
const WireType* BoxedOf(const WireType& type);

}  // namespace trunkline::tlc
