// What is kept of a password: a salt and its scrypt (RFC 7914) of 2^15 blocks, 8, 3: 32 MiB and
// some hundred milliseconds for each try, so nothing for a thread that others wait for.
#pragma once

#include <string_view>

#include "common/bytes.h"
#include "common/entropy.h"

namespace trunkline::crypto {

// Of a password, which is UTF-8.
inline constexpr std::size_t kPasswordCharactersMax = 200;
inline constexpr std::size_t kPasswordBytesMax = 4 * kPasswordCharactersMax;

// A number for how it was made, 16 bytes of salt, 32 of scrypt.
inline constexpr std::size_t kPasswordHashBytes = 49;

Bytes HashPassword(std::string_view password, Entropy& entropy);
// Whether HashPassword can have made it.
bool IsPasswordHash(ByteView kept);
// Takes as long for what isn't a hash at all, so that nobody learns whether there is one.
bool CheckPassword(std::string_view password, ByteView kept);

}  // namespace trunkline::crypto
