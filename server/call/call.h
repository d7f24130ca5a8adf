// A 1:1 call as a small value: who, on which devices, in which state, since when. Key material and
// protocol lists sit beside it in the book, so that copying a Call never shows.
#pragma once

#include <cstdint>

#include "common/ids.h"
#include "common/time.h"

namespace trunkline::call {

enum class State : std::uint8_t { kRequested, kReceived, kAccepted, kActive, kEnded };

// phoneCallDiscardReason*
enum class Reason : std::uint8_t { kMissed, kDisconnect, kHangup, kBusy, kMigrateConferenceCall };

enum class EndedBy : std::uint8_t { kCaller, kCallee, kServer };

struct Call {
  CallId id;
  UserId caller, callee;
  DeviceId caller_device;  // A1: requested
  DeviceId callee_device;  // B1: accepted; 0 before
  State state = State::kRequested;
  Reason reason = Reason::kHangup;      // kEnded
  EndedBy ended_by = EndedBy::kServer;  // kEnded
  bool video = false;
  bool established = false;   // was kActive
  bool conference = false;    // both sides can migrate to a conference; from kActive on
  std::int32_t duration = 0;  // seconds, as told to both; kEnded and established
  std::int32_t version = 0;   // facts so far
  WallTime requested{}, received{}, accepted{}, started{}, ended{};
  WallTime deadline{};   // of the present state, on the deadline clock; epoch = none
  WallTime ring_from{};  // `requested`, on the deadline clock
};

}  // namespace trunkline::call
