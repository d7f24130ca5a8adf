// Server-sent events: each subscriber reads the outbox at its own pace, from where it is, so that a
// slow one costs a cursor and one batch. Feeds are driven by the HTTP thread; Tell may come from
// any.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "server/api/backend.h"
#include "server/http/answer.h"
#include "server/records/oid.h"

namespace trunkline::api {

class EventStreams {
 public:
  // `backend` outlives the streams and their feeds.
  explicit EventStreams(Backend* backend) : backend_(backend) {}

  // Everything after `after`, and what is to come.
  std::shared_ptr<http::Feed> Subscribe(records::Oid organization, std::int64_t after);
  // The outbox may have grown.
  void Tell();

 private:
  class Stream;

  Backend* const backend_;
  std::mutex mutex_;
  std::vector<std::weak_ptr<Stream>> streams_;
};

}  // namespace trunkline::api
