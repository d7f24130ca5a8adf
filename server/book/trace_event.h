// One line of a call's trace in the form the book keeps: small, without text, without secrets.
// trace.h has the form that people see, server/rpc makes it.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "common/bytes.h"
#include "common/ids.h"
#include "server/book/types.h"
#include "server/picker/types.h"

namespace trunkline::book {

enum class TraceKind : std::uint8_t { kRequest, kResult, kError, kUpdate, kEvent };
inline constexpr int kTraceKinds = 5;

enum class TraceParty : std::uint8_t { kServer, kCaller, kCallee, kStranger };
inline constexpr int kTraceParties = 4;

// Methods, constructors and the server's own doings, in that order.
enum class TraceWhat : std::uint8_t {
  kRequestCall,
  kReceivedCall,
  kAcceptCall,
  kConfirmCall,
  kDiscardCall,
  kSendSignallingData,
  kSetCallRating,
  kSaveCallDebug,
  kSaveCallLog,

  kBool,
  kUpdates,
  kPhoneCallWaiting,
  kPhoneCallRequested,
  kPhoneCallAccepted,
  kPhoneCall,
  kPhoneCallDiscarded,
  kUpdateSignallingData,
  kUpdateNewMessage,
  kRpcError,

  kDeadline,
  kDeviceLost,
  kEnded,
  kStoreRefused,
  kRestarted,
  kRelayOffered,
  kRelayLeftOut,
};
inline constexpr int kTraceWhats = 26;

// Why the server refused or did something.
enum class Why : std::uint8_t {
  kNone,
  kUnknownCall,
  kWrongAccessHash,
  kNotAParty,          // neither of the two users
  kWrongDevice,        // of a party, but not the one that this is for
  kCallEnded,          // what came is too late
  kAcceptedElsewhere,  // by another device of the callee
  kAcceptedHere,       // by this device, before
  kNotAccepted,        // too early
  kNotConfirmed,       // too early
  kAlreadyConfirmed,   // with other keys
  kUserUnknown,        // or its access hash is wrong
  kUserIsSelf,
  kUserIsBot,
  kBlockedByCallee,
  kPrivacyOfCallee,
  kBadGAHash,
  kBadGA,  // out of range, or its hash is not g_a_hash
  kBadGB,
  kBadProtocol,
  kNoCommonProtocol,
  kCalleeBusy,
  kGlare,  // the callee is calling the caller
  kTooManyCalls,
  kReplacedByNewCall,  // of the same device
  kReceiveTimeout,
  kRingTimeout,
  kConnectTimeout,
  kLongestCall,
  kSignedOut,       // or the auth key is gone
  kPeerTooSlow,     // its queue of signalling is full
  kTooFast,         // more signalling than a call may send
  kSignallingLost,  // a device didn't take what it was sent
  kTooLong,
  kNotJson,
  kStoreRefused,
  kRecordDiscarded,  // who keeps the books had no use for the call
  kRelayBest,        // from here on as picker::Why
};
inline constexpr int kPickerWhys = static_cast<int>(picker::Why::kOutscored) + 1;
inline constexpr int kWhys = static_cast<int>(Why::kRelayBest) + kPickerWhys;
constexpr Why WhyOf(picker::Why why) {
  return static_cast<Why>(static_cast<int>(Why::kRelayBest) + static_cast<int>(why));
}

struct TraceEvent {
  std::int64_t at_ms = 0;
  DeviceId device{};  // whose message or news, or which was lost; 0 for other events
  TraceKind kind = TraceKind::kEvent;
  TraceParty party = TraceParty::kServer;
  TraceWhat what = TraceWhat::kEnded;
  Why why = Why::kNone;
  Refusal refusal = Refusal::kNone;      // kError
  std::optional<call::Reason> reason{};  // phoneCallDiscardReason*, where there is one
  bool video = false;
  std::int32_t count = 1;      // alike ones in a row
  std::int64_t number = 0;     // random_id, connection_id, rating, bytes, relay: as `what` says
  std::int32_t duration = -1;  // seconds, of a relay the predicted milliseconds; -1: none

  friend bool operator==(const TraceEvent&, const TraceEvent&) = default;
};

// Of the lines of one call: the first ones stay, later ones make room for newer ones.
inline constexpr std::size_t kTraceEventsMax = 96;
inline constexpr std::size_t kTraceEventsKept = 32;

struct CallTrace {
  std::vector<TraceEvent> events;
  bool cut = false;

  // Alike news of one device that follow each other, or alternate with one other line, become one
  // line with a count.
  void Add(const TraceEvent& event);
};

// For the store: a version byte, then varints. Decode takes anything: nullopt if it isn't one.
Bytes EncodeTrace(const CallTrace& trace);
std::optional<CallTrace> DecodeTrace(ByteView bytes);

}  // namespace trunkline::book
