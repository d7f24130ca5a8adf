#pragma once
// Random bytes of any constructor, call or vector of a layer, made along that layer's own file.
#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "peer_schema.h"

namespace trunkline::peer {

// Which optional fields the outermost constructor has.
enum class Fill { kNone, kAll, kRandom };

class Maker {
 public:
  // `constructors_max` is about how many constructors one value has at most.
  explicit Maker(const Schema& schema, std::uint64_t seed, int constructors_max = 40);

  // From now on ids are neither zero nor above 40 bits, as real ones are.
  void UseSmallIds() { small_ids_ = true; }

  // A call, or a value with this constructor.
  std::vector<std::uint8_t> Make(const Line& line, Fill fill);
  // `Vector<T>` with `count` elements.
  std::vector<std::uint8_t> MakeVector(const Type& type, std::uint32_t count);

  // All constructors and calls that were made, at any depth.
  const std::set<const Line*>& used() const { return used_; }

 private:
  int NeedOf(const Line& line) const;
  int NeedOf(const std::string& type) const;
  bool Allows(const Type& type, int depth) const;
  void Boxed(const std::string& type, int depth);
  void Object(const Line& line, int depth, Fill fill);
  void Value(const Type& type, int depth);
  void Text(bool any_byte);
  void Number(std::uint64_t number, std::size_t size);
  std::uint64_t Random(std::uint64_t below) { return random_() % below; }

  const Schema& schema_;
  std::mt19937_64 random_;
  int constructors_max_;
  int constructors_left_ = 0;
  bool small_ids_ = false;
  bool in_id_ = false;
  std::map<std::string, int> needs_;  // levels that the shallowest value of a type has
  std::set<const Line*> used_;
  std::vector<std::uint8_t> out_;
};

}  // namespace trunkline::peer
