// A bare connection that speaks under the key of some device, in a session of its own: for messages
// that no client library sends, and for clients that don't read.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "common/entropy.h"
#include "tests/e2e/device.h"
#include "tests/e2e/raw_link.h"
#include "tl/mt_types.h"

namespace trunkline::e2e {

class SealedLink {
 public:
  // `device` has a key and is borrowed for the constructor only.
  SealedLink(Device& device, Entropy* entropy);

  MessageId NewId();
  // One packet with this message.
  bool Send(MessageId id, std::int32_t seq_no, ByteView body);
  bool SendQuery(ByteView body) { return Send(NewId(), 2 * queries_++ + 1, body); }
  // The same, given up when the server takes no more.
  bool SendQueryWithin(ByteView body, int patience_ms);

  // The error_code of the next bad_msg_notification about that message; 0 when the server says
  // something else for too long, or closes.
  std::int32_t AwaitBadMessage(MessageId about);
  // Whether a ping in this session is answered.
  bool Pings();
  RawLink::End AwaitClose() { return link_.AwaitClose(); }

 private:
  Bytes Seal(MessageId id, std::int32_t seq_no, ByteView body);
  bool Receive();
  // Takes messages until `found` says so.
  template <class Found>
  bool Await(Found found);

  load::ClientKey key_;
  std::int64_t salt_;
  SessionId session_;
  Entropy* entropy_;
  RawLink link_;
  bool started_ = false;
  std::int64_t last_id_ = 0;
  std::int32_t queries_ = 0;
  Bytes in_;
  tl::Arena arena_{64 * 1024, 64 * 1024 * 1024};
};

}  // namespace trunkline::e2e
