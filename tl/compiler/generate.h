#pragma once
// From a folder of schema files to the text of all generated files.
#include <istream>
#include <string>
#include <utility>
#include <vector>

#include "tl/compiler/diagnostics.h"
#include "tl/compiler/secrets.h"

namespace trunkline::tlc {

// How much of the schema code is made for.
enum class Profile {
  kServer,  // surface.txt and what it leads to
  kFull,    // everything that any layer had
};

// Files of readers, and of writers; cmake/Generated.cmake counts on it.
inline constexpr std::size_t kServerParts = 4;
inline constexpr std::size_t kFullParts = 12;

struct Output {
  std::string name;
  std::string text;
};

// Reads mtproto.tl, api.tl, history.tsv, surface.txt, fallbacks.tsv, fallbacks_full.tsv, errors.tsv
// and secrets.txt of the folder. Empty when something is wrong, which `diagnostics` tells then.
std::vector<Output> GenerateAll(const std::string& folder, Profile profile,
                                Diagnostics& diagnostics);

// The texts of a schema with layers, and the names that faults in them are told under.
struct LayeredSource {
  std::string history;
  std::string surface;
  std::string fallbacks;
  std::string folder;  // in front of history.tsv, surface.txt, fallbacks.tsv
  Profile profile = Profile::kServer;
  std::string fallbacks_full{};  // more of them, for types that only profile full needs one for
};

// Types, rewriters, tables, then `parts` files of readers and writers each. The tables mark
// `secrets`, when they are given.
std::vector<Output> GenerateLayered(const std::string& space, const LayeredSource& source,
                                    std::size_t parts, Diagnostics& diagnostics,
                                    Secrets* secrets = nullptr);

// One schema text, as for mtproto.tl: no layers, everything in it. Types, codec, tables.
std::vector<Output> GenerateSingle(const std::string& space, const std::string& text,
                                   const std::string& file, Diagnostics& diagnostics,
                                   Secrets* secrets = nullptr);

}  // namespace trunkline::tlc
