// Every maximum of requests that this folder reads, with its reason.
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/time.h"

namespace trunkline::rpc {

// Layers that can be written; newer clients are spoken to in the newest of them.
inline constexpr std::int32_t kLayerMin = 133;
inline constexpr std::int32_t kLayerMax = 229;

// Wrappers around one query (invokeWithLayer, initConnection, gzip_packed...). Real clients nest
// three.
inline constexpr std::size_t kWrapperDepthMax = 8;
// What one gzip_packed may become; the transport takes no larger message either.
inline constexpr std::size_t kUnpackedBytesMax = 10 * 1024 * 1024;
// Memory kept between two requests for unpacking and for writing replies.
inline constexpr std::size_t kScratchBytesKept = 1024 * 1024;

// invokeAfterMsg(s): how many messages one query may wait for, and how long (documented: 0.5 s).
inline constexpr std::size_t kAfterIdsMax = 256;
inline constexpr Duration kAfterWait{500};
// Queries that wait in one session for something else, as bytes; above it the client is asked to
// come back.
inline constexpr std::size_t kParkedBytesMax = 1024 * 1024;
inline constexpr std::uint32_t kParkedFloodWait = 3;  // seconds
// Failed queries remembered per session for MSG_WAIT_FAILED.
inline constexpr std::size_t kFailedMax = 64;

// initConnection: each text is cut to this many characters.
inline constexpr std::size_t kClientTextCharactersMax = 256;

inline constexpr std::size_t kPhoneBytesMax = 32;
inline constexpr std::size_t kCodeBytesMax = 32;
inline constexpr std::size_t kCodeHashBytesMax = 64;
inline constexpr std::size_t kTokenBytesMax = 256;
// The book counts characters (64); four bytes each, and blanks around that it trims.
inline constexpr std::size_t kNameBytesMax = 512;

inline constexpr std::size_t kUsersMax = 100;  // users.getUsers
inline constexpr std::size_t kContactsMax = 500;
inline constexpr std::size_t kExceptKeysMax = 100;
inline constexpr std::size_t kPrivacyRulesMax = 20;
inline constexpr std::size_t kPrivacyUsersMax = 1000;
inline constexpr std::int32_t kHistoryMax = 100;

inline constexpr std::size_t kLibraryVersionsMax = 32;
inline constexpr std::size_t kLibraryVersionBytesMax = 32;
inline constexpr std::int32_t kRandomLengthMax = 1024;  // messages.getDhConfig; clients ask for 256
inline constexpr std::size_t kDebugBytesMax = 64 * 1024;
inline constexpr int kJsonDepthMax = 32;
inline constexpr std::size_t kCommentCharactersMax = 1024;
inline constexpr std::size_t kSlugCharactersMax = 64;
inline constexpr std::size_t kFilePartBytesMax = 512 * 1024;
inline constexpr std::int32_t kFilePartsMax = 8000;
// Call logs: files begun at a time, and bytes an hour, of one device. A log has some 100 KB.
inline constexpr std::size_t kUploadsMax = 4;
inline constexpr std::int64_t kUploadBytesPerWindow = 16 * 1024 * 1024;
inline constexpr Duration kUploadWindow = std::chrono::hours(1);

// Elements of one vector that is written. The book stays far below; it keeps one reply's memory
// finite.
inline constexpr std::size_t kWrittenElementsMax = 20'000;
inline constexpr std::size_t kWriteArenaBytesMax = 256 * 1024 * 1024;

}  // namespace trunkline::rpc
