// Makes the seeds of the fuzz targets over TL from the schema files: tl_seeds CORPUS_FOLDER.
//   tl_reader  calls of every method of the surface under each of its ids, updates of several
//   layers tl_full    one value of each type and one call of each method of the newest layer, a few
//   a file
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "tests/fuzz/tl_records.h"
#include "tests/paths.h"
#include "tests/tl/peer_maker.h"

namespace {

using trunkline::peer::Fill;
using trunkline::peer::Line;
using trunkline::peer::Maker;
using trunkline::peer::Schema;
using Bytes = std::vector<std::uint8_t>;

constexpr int kConstructorsMax = 12;
constexpr std::size_t kRecordsPerFile = 12;
// First byte of an input of tl_reader.
constexpr std::uint8_t kCall = 0;
constexpr std::uint8_t kUpdates = 2;

void Save(const std::string& path, const Bytes& bytes) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(reinterpret_cast<const char*>(bytes.data()),
            static_cast<std::streamsize>(bytes.size()));
  if (!out.flush()) std::perror(path.c_str());
}

void SaveWith(std::uint8_t first, const std::string& path, Bytes bytes) {
  bytes.insert(bytes.begin(), first);
  Save(path, bytes);
}

void MakeCalls(const std::string& folder) {
  std::set<std::uint32_t> ids;
  for (const int layer : trunkline::peer::kLayers) {
    const Schema& schema = Schema::OfLayer(layer);
    Maker maker(schema, static_cast<std::uint64_t>(layer), kConstructorsMax);
    std::ifstream surface(std::string(TRUNKLINE_SOURCE_DIR) + "/tl/schema/surface.txt");
    for (std::string name; std::getline(surface, name);) {
      const Line* const line = schema.Find(name);
      if (line == nullptr || !line->method || !ids.insert(line->id).second) continue;
      SaveWith(kCall, folder + "/call_" + name + "_" + std::to_string(layer),
               maker.Make(*line, Fill::kAll));
    }
  }
}

void MakeUpdates(const std::string& folder) {
  for (const int layer : {133, 148, 160, 181, 198, 204, 216, 229}) {
    const Schema& schema = Schema::OfLayer(layer);
    Maker maker(schema, static_cast<std::uint64_t>(layer));
    for (const Line* line : schema.OfType("Updates")) {
      SaveWith(kUpdates, folder + "/" + line->name + "_" + std::to_string(layer),
               maker.Make(*line, Fill::kRandom));
    }
  }
}

void AddRecord(const Line& line, const Bytes& bytes, Bytes& out) {
  const std::uint32_t key = trunkline::fuzz::KeyOf(line.method ? line.name : line.result);
  for (int i = 0; i < 4; ++i) out.push_back(static_cast<std::uint8_t>(key >> 8 * i));
  out.push_back(static_cast<std::uint8_t>(key % 97));
  out.push_back(static_cast<std::uint8_t>(bytes.size()));
  out.push_back(static_cast<std::uint8_t>(bytes.size() >> 8));
  out.insert(out.end(), bytes.begin(), bytes.end());
}

void MakeFull(const std::string& folder) {
  const Schema& schema = Schema::OfLayer(trunkline::peer::kNewestLayer);
  Maker maker(schema, 1, kConstructorsMax);
  std::set<std::string> made;
  Bytes file;
  std::size_t records = 0;
  const auto save = [&] {
    if (!file.empty()) Save(folder + "/types_" + std::to_string(records / kRecordsPerFile), file);
    file.clear();
  };
  for (const auto& [name, line] : schema.lines()) {
    if (!made.insert(line.method ? line.name : line.result).second) continue;
    const auto& lines = schema.OfType(line.result);
    const Line* const widest =
        line.method
            ? &line
            : *std::max_element(lines.begin(), lines.end(), [](const Line* a, const Line* b) {
                return a->fields.size() < b->fields.size();
              });
    AddRecord(*widest, maker.Make(*widest, Fill::kAll), file);
    if (++records % kRecordsPerFile == 0) save();
  }
  save();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s CORPUS_FOLDER\n", argv[0]);
    return 2;
  }
  const std::string folder = argv[1];
  MakeCalls(folder + "/tl_reader");
  MakeUpdates(folder + "/tl_reader");
  MakeFull(folder + "/tl_full");
  return 0;
}
