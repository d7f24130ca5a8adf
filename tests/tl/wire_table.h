#pragma once
// The schema's history as a table that makes and checks bytes without any generated code: random
// values of a type as a client of some layer would send them, and a walk that accepts exactly what
// such a client can read. What the generated codec writes or takes is held against it.
#include <cstdint>
#include <map>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "tl/compiler/history.h"

namespace trunkline::tlc {

class WireTable {
 public:
  // The history of the project's own schema.
  static const WireTable& Project();

  explicit WireTable(History history);

  const History& history() const { return history_; }

  // The line of a definition at a layer; nullptr where it does not exist. Layers without data take
  // the run in front of them.
  static const Combinator* LineAt(const Definition& definition, int layer);

  // Random bytes of a boxed type, or of a method's call, at a layer. Constructors that were used
  // least come first while `depth` lasts, so that repeated calls reach all of them.
  void MakeType(const std::string& type, int layer, int depth, std::vector<std::uint8_t>& out);
  void MakeCall(const Combinator& method, int layer, int depth, std::vector<std::uint8_t>& out);

  // Whether the bytes are one value of the type at the layer and nothing more. `why` tells the
  // first fault.
  bool Accepts(const std::string& type, int layer, std::span<const std::uint8_t> bytes,
               std::string* why) const;

  // How many constructors MakeType has used so far.
  std::size_t used() const;

  std::mt19937_64& random() { return random_; }

 private:
  class Walk;

  void MakeFields(const Combinator& line, int layer, int depth, std::vector<std::uint8_t>& out);
  void MakeValue(const WireType& type, int layer, int depth, std::vector<std::uint8_t>& out);
  void MakeString(std::vector<std::uint8_t>& out);
  int DepthOf(const std::string& type, int layer) const;

  History history_;
  std::map<std::string, std::vector<const Definition*>> types_;
  std::map<const Definition*, std::uint64_t> used_;
  std::map<int, std::map<std::string, int>> depths_;  // how deep the shallowest value of a type is
  std::mt19937_64 random_{1};
};

}  // namespace trunkline::tlc
