// What happened to a call, told to people: who sent what, what the server answered and whom it
// told, in TL names, with secrets cut. A value for tools; the book keeps a smaller form.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "common/ids.h"

namespace trunkline::book {

struct TraceLine {
  std::int64_t at_ms = 0;  // Unix time, milliseconds
  // request: a method came; result, error: the answer to it; update: what a device was told;
  // event: the server's own doing (a deadline, a lost device, a refusing store).
  std::string kind;
  std::string party;   // caller, callee, stranger; empty for an event
  std::string device;  // which authorization of the party: A1, A2, B1, ...; empty for an event
  // Method, constructor, error TYPE or event: phone.acceptCall, phoneCallWaiting,
  // CALL_ALREADY_ACCEPTED, deadline.
  std::string name;
  std::string reason;  // machine-readable, why the server did so; empty: nothing to explain
  int count = 1;       // alike ones in a row (signalling)
  std::vector<std::pair<std::string, std::string>> fields;  // of the TL value, as text
};

struct Trace {
  CallId call;
  UserId caller, callee;
  std::string state;  // requested, received, accepted, active, ended
  bool cut = false;   // older lines had to go
  std::vector<TraceLine> lines;
};

}  // namespace trunkline::book
