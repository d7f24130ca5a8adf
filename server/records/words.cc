// The words of the surfaces, one table each.

#include <cstdint>
#include <string_view>

#include "server/records/types.h"

namespace trunkline::records {
namespace {

// How an ended call went, which is all that the surfaces tell of reason, party and phase.
enum class Ending : std::uint8_t { kCompleted, kBusy, kNoAnswer, kCanceled, kFailed, kTransferred };

Ending EndingOf(const Call& call) {
  switch (ShownReason(call)) {
    case EndReason::kMigrate:
      return Ending::kTransferred;
    case EndReason::kBusy:
      return Ending::kBusy;
    case EndReason::kDisconnect:
    case EndReason::kExpired:
      return call.confirmed_ms ? Ending::kCompleted : Ending::kFailed;
    case EndReason::kHangup:
    case EndReason::kSystem:
    case EndReason::kMissed:
      break;
  }
  if (call.confirmed_ms) return Ending::kCompleted;
  // Declined is busy, whatever the callee's device called it.
  if (call.ended_by == EndedBy::kCallee && !call.accepted_ms) return Ending::kBusy;
  if (call.accepted_ms) return Ending::kFailed;
  return call.ended_by == EndedBy::kCaller ? Ending::kCanceled : Ending::kNoAnswer;
}

}  // namespace

EndReason ShownReason(const Call& call) {
  const EndReason reason = call.end_reason.value_or(EndReason::kSystem);
  const bool unanswered = reason == EndReason::kMissed || reason == EndReason::kBusy;
  return call.confirmed_ms && unanswered ? EndReason::kHangup : reason;
}

std::int32_t DurationOf(const Call& call) {
  if (!call.confirmed_ms || !call.ended_ms || *call.ended_ms <= *call.confirmed_ms) return 0;
  return static_cast<std::int32_t>((*call.ended_ms - *call.confirmed_ms + 500) / 1000);
}

std::string_view DialpadStatus(const Call& call) {
  if (call.ingested) return call.ingested->status;
  switch (call.phase) {
    case Phase::kRequested:
      return "initiated";
    case Phase::kRinging:
      return "ringing";
    case Phase::kAccepted:
    case Phase::kConfirmed:
      return "in-progress";
    case Phase::kEnded:
      break;
  }
  switch (EndingOf(call)) {
    case Ending::kCompleted:
    case Ending::kTransferred:
      return "completed";
    case Ending::kBusy:
      return "busy";
    case Ending::kNoAnswer:
    case Ending::kCanceled:
      return "no-answer";
    case Ending::kFailed:
      break;
  }
  return "failed";
}

std::string_view NotesStatus(const Call& call) {
  if (call.ingested) {
    const std::string_view status = call.ingested->status;
    if (status == "completed") return "Completed";
    if (status == "busy") return "Busy";
    return status == "no-answer" ? "No answer" : "Failed";
  }
  switch (call.phase) {
    case Phase::kRequested:
      return "Initiated";
    case Phase::kRinging:
      return "Ringing";
    case Phase::kAccepted:
    case Phase::kConfirmed:
      return "In progress";
    case Phase::kEnded:
      break;
  }
  switch (EndingOf(call)) {
    case Ending::kCompleted:
      return "Completed";
    case Ending::kTransferred:
      return "Transferred";
    case Ending::kBusy:
      return "Busy";
    case Ending::kNoAnswer:
      return "No answer";
    case Ending::kCanceled:
      return "Canceled";
    case Ending::kFailed:
      break;
  }
  return "Failed";
}

std::string_view NameOf(EventType type) {
  switch (type) {
    case EventType::kCallInitiated:
      return "call_initiated";
    case EventType::kCallRinging:
      return "call_ringing";
    case EventType::kCallAnswered:
      return "call_answered";
    case EventType::kCallEnded:
      return "call_ended";
    case EventType::kCallRecordingReady:
      return "call_recording_ready";
    case EventType::kCallRated:
      return "call_rated";
    case EventType::kCallDiscarded:
      return "call_discarded";
    case EventType::kCallPurging:
      return "call_purging";
    case EventType::kCallPurged:
      return "call_purged";
    case EventType::kCallNoteAdded:
      return "call_note_added";
    case EventType::kCallNoteUpdated:
      return "call_note_updated";
    case EventType::kCallNoteRemoved:
      return "call_note_removed";
    case EventType::kContactCreated:
      return "contact_created";
    case EventType::kContactRemoved:
      return "contact_removed";
    case EventType::kConversationRemoved:
      return "conversation_removed";
    case EventType::kFetchMessages:
      return "fetch_messages";
  }
  return "";
}

}  // namespace trunkline::records
