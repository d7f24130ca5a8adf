// The content-related messages of one session that the client has not acknowledged: results,
// updates and new_session_created, in the order they were made. They are sent again on a new link,
// on request, or when an acknowledgement is long overdue. Bounded: what is dropped for want of room
// is named.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/bytes.h"
#include "common/ids.h"
#include "common/time.h"

namespace trunkline::mtproto {

class UnackedQueue {
 public:
  enum class Kind : std::uint8_t { kResult, kUpdate, kTooLong, kNewSession };
  struct Message {
    MessageId id;
    MessageId query;     // of a result: the message it answers
    WallTime last_sent;  // of no meaning until `sent`
    Bytes body;
    std::int32_t seq_no = 0;
    Kind kind = Kind::kUpdate;
    bool sent = false;
    bool due = true;  // goes with the next packet
    bool acknowledged = false;
  };

  // Ids ascend. Room was made before.
  void Add(Message message);
  struct Room {
    bool fits = false;
    bool updates_dropped = false;
  };
  // Drops the oldest updates, and for a result the oldest results as well, until `bytes` more fit.
  // A result fits always; an update does not when results fill the queue.
  Room MakeRoom(std::size_t bytes, Kind kind);

  Message* Find(MessageId id);
  Message* FindAnswer(MessageId query);
  // Unknown ids are no error: clients acknowledge containers and their own messages too.
  void Acknowledge(std::span<const std::int64_t> ids);
  void Remove(MessageId id);
  // Takes the updates out, oldest first; results stay for their own session.
  std::vector<Bytes> TakeUpdates();
  // Drops messages older than `id`; true when an update was among them.
  bool DropBefore(MessageId id);

  std::vector<Message>& messages() { return messages_; }
  const std::vector<Message>& messages() const { return messages_; }
  bool empty() const { return messages_.empty(); }
  std::size_t bytes() const { return bytes_; }

 private:
  template <class Predicate>
  bool Drop(Predicate predicate);
  bool DropOldest(Kind kind);

  std::vector<Message> messages_;
  std::size_t bytes_ = 0;
};

}  // namespace trunkline::mtproto
