// The parts that several messages of journal.proto share, each way. Used by the codec only.
#pragma once

#include <string>
#include <vector>

#include "common/bytes.h"
#include "server/book/types.h"
#include "server/store/journal.pb.h"

namespace trunkline::store {

void Put(const book::Protocol& from, Protocol* to);
void Put(const std::vector<book::Connection>& from, Connections* to);
void Put(const std::vector<book::PrivacyRule>& from, PrivacyRules* to);

// False when a value is out of range; `to` is then half filled.
bool Get(const Protocol& from, book::Protocol& to);
bool Get(const Connections& from, std::vector<book::Connection>& to);
bool Get(const PrivacyRules& from, std::vector<book::PrivacyRule>& to);

inline Bytes ToBytes(const std::string& text) {
  return Bytes(text.begin(), text.end());
}
inline std::string ToText(ByteView bytes) {
  return std::string(AsText(bytes));
}

// An enum that travels as a number and whose last value is `last`.
template <class E>
bool GetEnum(std::uint32_t from, E last, E& to) {
  if (from > static_cast<std::uint32_t>(last)) return false;
  to = static_cast<E>(from);
  return true;
}

}  // namespace trunkline::store
