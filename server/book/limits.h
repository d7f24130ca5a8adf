// Every maximum of the book, in one place.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "common/time.h"

namespace trunkline::book {

// Sign-in.
inline constexpr std::size_t kPhoneDigitsMin = 5;
inline constexpr std::size_t kPhoneDigitsMax = 15;  // E.164
inline constexpr Duration kCodeLife = std::chrono::minutes(5);
inline constexpr Duration kCodeWindow = std::chrono::hours(1);
inline constexpr std::size_t kCodesPerWindowMax = 5;
inline constexpr int kCodeTriesMax = 5;
inline constexpr std::size_t kNameCodePointsMax = 64;
static_assert(kCodeLife < kCodeWindow);  // a record outlives its code

// People.
inline constexpr std::size_t kContactsMax = 10'000;
inline constexpr std::size_t kBlockedMax = 5'000;
inline constexpr std::size_t kPrivacyRulesMax = 20;
inline constexpr std::size_t kPrivacyUsersMax = 1'000;
inline constexpr std::size_t kDevicesMax = 100;           // authorizations of one user
inline constexpr std::size_t kSessionsPerDeviceMax = 32;  // the oldest gives way

// Message boxes.
inline constexpr std::int32_t kBoxMessagesMax = 1'000;
inline constexpr std::int32_t kDifferenceMax = 100;
inline constexpr std::int32_t kHistoryMax = 100;

// Calls.
inline constexpr std::size_t kEndedCallsMax = 100'000;
inline constexpr Duration kEndedCallLife = std::chrono::hours(7 * 24);
inline constexpr std::size_t kLiveCallsPerUserMax = 64;  // ringing ones; more are answered busy
inline constexpr std::size_t kGAHashBytes = 32;
inline constexpr std::size_t kGBytesMax = 256;
inline constexpr std::size_t kVersionsMax = 64;      // library versions in one protocol
inline constexpr std::size_t kVersionBytesMax = 64;  // of one of them
inline constexpr std::size_t kConnectionsMax = 8;
inline constexpr std::size_t kPeerTagBytes = 16;
inline constexpr std::size_t kOwedCallsMax = 16;  // news kept for a device that is away
inline constexpr Duration kNewsLife = std::chrono::minutes(10);  // of a call that has ended

// Signalling.
inline constexpr std::size_t kSignalBytesMax = 64 * 1024;
inline constexpr std::size_t kSignalQueueBytesMax = 256 * 1024;  // a call and side
inline constexpr std::size_t kSignalQueuePacketsMax = 100;
static_assert(kSignalQueueBytesMax >= kSignalBytesMax);
// What one side may send at once, and how fast that fills again: far above what engines need to
// find a path, and below what a session holds for a client that acknowledges as late as clients do.
inline constexpr std::int64_t kSignalBurstBytes = 96 * 1024;
inline constexpr std::int64_t kSignalBytesPerSecond = 4 * 1024;
inline constexpr std::int32_t kSignalWait = 1;  // seconds, of FLOOD_WAIT

// Relays.
inline constexpr std::int32_t kTcpEntriesLayerMin = 142;  // phoneConnection.tcp
inline constexpr std::size_t kRelayLinesMax = 8;          // in the trace of one call

// Migration to a conference.
inline constexpr std::int32_t kConferenceLayerMin = 202;
inline constexpr std::size_t kSlugBytesMax = 64;

// After the call.
inline constexpr std::size_t kCommentBytesMax = 2048;
inline constexpr std::size_t kDebugBytesMax = 64 * 1024;
inline constexpr int kDebugsPerCallMax = 4;

// Deadlines fired in one group, and how long they rest after a group that could not be committed.
inline constexpr int kDeadlinesPerGroupMax = 256;
inline constexpr Duration kDeadlineRest = std::chrono::seconds(1);

}  // namespace trunkline::book
