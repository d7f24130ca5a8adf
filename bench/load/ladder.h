// The record of a conversation with the server, drawn as a ladder: caller | server | callee, one
// arrow a message. Takes texts that describe.h made, so no secret gets here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/time.h"

namespace trunkline::load {

enum class Side { kCaller, kCallee };

class Ladder {
 public:
  enum class Towards { kServer, kClient };

  explicit Ladder(WallTime start) : start_(start) {}

  void Add(WallTime at, Side side, Towards towards, std::string text);
  // A remark of one side, without an arrow.
  void Note(WallTime at, Side side, std::string text);
  std::size_t size() const { return rungs_.size(); }

  // Lines with line breaks; headings are what stands above the two outer columns.
  std::string Draw(std::string_view caller_heading, std::string_view callee_heading) const;

 private:
  enum class Form { kToServer, kToClient, kNote };
  struct Rung {
    WallTime at;
    Side side;
    Form form;
    std::string text;
  };
  void Append(WallTime at, Side side, Form form, std::string text);

  WallTime start_;
  std::vector<Rung> rungs_;
};

}  // namespace trunkline::load
