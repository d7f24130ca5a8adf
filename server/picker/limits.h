// Every bound and every number of judgement of the picker, with its reason. Milliseconds unless the
// name says otherwise.
#pragma once

#include <cstddef>

#include "common/time.h"

namespace trunkline::picker {

inline constexpr std::size_t kEntriesMax = 256;
// A site is one failure domain in one region: relays there share their paths to clients.
inline constexpr std::size_t kSitesMax = 128;
inline constexpr std::size_t kLabelsMax = 64;  // a bit each
inline constexpr std::size_t kNameBytesMax = 64;
// connection_id's masks touch bits 32 to 62 only: below that every variant is unambiguous.
inline constexpr std::int64_t kEntryIdMax = 0xffffffff;
// Three reflectors, a fallback, and a STUN entry when both may connect directly; clients take 8 at
// most.
inline constexpr std::size_t kRelayingMax = 4;
inline constexpr std::size_t kOfferMax = kRelayingMax + 1;

// A relay beats once a second; after four missed beats it is out, so within 5 s of its death.
inline constexpr Duration kDeadAfter = std::chrono::milliseconds(4'000);
// A call that was just given away shows in the relay's load when both phones have come: some
// seconds.
inline constexpr int kCreditSeconds = 4;
inline constexpr float kLoadCap = 0.9F;   // no new offers above this share of the capacity
inline constexpr float kLoadFree = 0.6F;  // up to here load costs nothing
inline constexpr float kLoadPenaltyMs =
    120;  // at full load, growing with the square from kLoadFree
// Who reports no limit of calls is taken to bear this many.
inline constexpr float kCallsWithoutCapacity = 1000;
inline constexpr float kPacketsPerCall = 100;  // 20 ms frames, both directions
inline constexpr float kBitsPerCall = 120'000;
// How often clients end up on the entry of each slot, before anybody has told. Sums to 1.
inline constexpr float kUseOfSlot[kRelayingMax] = {0.70F, 0.20F, 0.05F, 0.05F};
// Of calls that may connect directly, those that need a relay nevertheless.
inline constexpr float kRelayedOfP2p = 0.5F;
// ICE checks and pings cross every relay of the offer; media has at least this many: 60 ms frames
// are 16.7.
inline constexpr float kMediaPacketsPerSecond = 10;

// A percent of loss hurts a voice as much as this much delay.
inline constexpr float kLossPenaltyMsPerPercent = 25;
// Scores this near to the best are equal, and the one with less load wins.
inline constexpr float kNearTie = 0.04F;
inline constexpr float kNearTieMs = 3;
// Exploration takes what may be better than the best by this many standard deviations.
inline constexpr float kExploreDeviations = 1.5F;
inline constexpr float kPanicPenaltyMs = 50;  // healthy ones still come first

// Passive ejection: five bad calls that are half of what there was lately, thrice the fleet's
// share.
inline constexpr float kBadCallsMin = 5;
inline constexpr float kBadShareMin = 0.5F;
inline constexpr float kBadShareOverFleet = 3;
inline constexpr float kFleetPriorCalls = 20;  // good ones, so that a few calls make no trend
inline constexpr Duration kOutcomeHalfLife = std::chrono::minutes(2);
inline constexpr Duration kEjectionBase = std::chrono::seconds(30);  // times the times it happened
inline constexpr int kEjectionTimesMax = 20;
inline constexpr Duration kEjectionForgotten = std::chrono::minutes(30);  // after so long without
inline constexpr float kEjectedShareMax = 0.1F;  // of the fleet; at least 1
inline constexpr float kHealthyShareMin = 0.5F;  // below: panic

// Learning.
inline constexpr Duration kHalfLife = std::chrono::hours(24);
inline constexpr Duration kRecentHalfLife = std::chrono::hours(1);  // of a network's last hours
inline constexpr Duration kOffsetHalfLife =
    std::chrono::minutes(10);                        // of one relay: grey failures
inline constexpr std::size_t kPrefixesMax = 16'384;  // 1.6 KiB each, made when needed
inline constexpr std::size_t kNetworksMax = 4'096;
inline constexpr std::size_t kCountriesMax = 512;
inline constexpr float kRttMsMax = 2'000;
// connection_id says something only about calls that were long enough: libtgvoip compares its
// relays every 10 s.
inline constexpr Duration kPreferenceAfter = std::chrono::seconds(20);
// A call that breaks off sooner speaks against its relay.
inline constexpr Duration kBrokenWithin = std::chrono::seconds(15);

}  // namespace trunkline::picker
