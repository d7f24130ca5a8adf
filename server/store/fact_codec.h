// Facts to bytes of a journal row and back. The bytes are protobuf (journal.proto); nothing outside
// this folder sees them.
#pragma once

#include <google/protobuf/arena.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/bytes.h"
#include "server/book/fact.h"

namespace trunkline::store {

// Encode a fact's body, or decode one. Reuses one arena and one buffer, so one object belongs to
// one thread, and what Encode returns is valid until the next call.
class FactCodec {
 public:
  FactCodec();
  // The buffers may have held an auth key.
  ~FactCodec();
  FactCodec(const FactCodec&) = delete;
  FactCodec& operator=(const FactCodec&) = delete;

  ByteView Encode(const book::FactBody& body);
  // Nothing when the bytes aren't a fact: no known kind, a cut field, a key of another length, an
  // enum out of range.
  std::optional<book::FactBody> Decode(ByteView bytes);

 private:
  std::unique_ptr<char[]> block_;
  google::protobuf::Arena arena_;
  std::string buffer_;
};

// Lists that are one column of a projection.
std::string EncodeProtocol(const book::Protocol& protocol);
std::string EncodeConnections(const std::vector<book::Connection>& connections);
std::string EncodePrivacyRules(const std::vector<book::PrivacyRule>& rules);
std::optional<book::Protocol> DecodeProtocol(ByteView bytes);
std::optional<std::vector<book::Connection>> DecodeConnections(ByteView bytes);
std::optional<std::vector<book::PrivacyRule>> DecodePrivacyRules(ByteView bytes);

}  // namespace trunkline::store
