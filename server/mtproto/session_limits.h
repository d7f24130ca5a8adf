// Every maximum of the encrypted side of the engine, with its reason.
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/time.h"

namespace trunkline::mtproto {

// Message ids this far from our clock are refused (MTProto 2.0: message identifier).
inline constexpr Duration kMessageAgeMax{300'000};
inline constexpr Duration kMessageLeadMax{30'000};

// A query that has no answer by then is acknowledged on its own; clients start asking after 1.5 s.
inline constexpr Duration kAckDelay{1'000};
// Acknowledgements that wait: more are sent at once.
inline constexpr std::size_t kWaitingAcksMax = 64;

// Clients acknowledge up to 30 s late on a link that works.
inline constexpr Duration kResendAfter{45'000};
// After that the client sends its query again or asks for the difference.
inline constexpr Duration kUnackedAgeMax{600'000};
// What one session may hold of our memory until the client acknowledges: a burst of signalling and
// what follows it for as long as clients take to acknowledge (server/book/limits.h).
inline constexpr std::size_t kUnackedBytesMax = 256 * 1024;
// Beside the body: the record in the queue and the allocator's share.
inline constexpr std::size_t kUnackedOverhead = 80;

// A session keeps its queue this long without a link, then the client has to ask for the
// difference.
inline constexpr Duration kSessionWithoutLink{900'000};
// A client that reconnects with a new session id each time leaves old sessions behind.
inline constexpr std::size_t kSessionsPerKeyMax = 32;
inline constexpr std::size_t kQueriesInFlightMax = 256;
inline constexpr std::int32_t kTooManyQueriesWait = 3;  // seconds, of FLOOD_WAIT

// Message ids remembered per session to recognise a duplicate.
inline constexpr std::size_t kSeenMax = 400;
inline constexpr std::size_t kSeenDropped = 100;  // at once, when there are more
// A window that grew beyond this is looked at again once its ids are out of date.
inline constexpr std::size_t kSeenIdleMax = 32;
static_assert(kSeenMax > kQueriesInFlightMax);  // a running query is never taken for a new one

inline constexpr std::size_t kContainerMessagesMax = 1024;  // as clients keep to
inline constexpr std::size_t kIdsMax = 8192;  // in one msgs_ack, msgs_state_req or resend request

// What goes into one packet to a client; Android takes no packet above 2 MiB.
inline constexpr std::size_t kPacketMessagesMax = 1000;
inline constexpr std::size_t kPacketBodyBytesMax = 512 * 1024;

inline constexpr Duration kDisconnectDelayMax{
    600'000};  // ping_delay_disconnect: some ask for 16 hours
inline constexpr std::int32_t kFutureSaltsMax = 64;

// Results and updates above this are sent as gzip_packed when that makes them smaller.
inline constexpr std::size_t kGzipFrom = 1024;

// Wrappers around auth.bindTempAuthKey that the salt check looks through.
inline constexpr int kWrapperDepthMax = 8;

}  // namespace trunkline::mtproto
