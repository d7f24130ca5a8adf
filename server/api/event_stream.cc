#include "server/api/event_stream.h"

#include <functional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/api/event_text.h"

namespace trunkline::api {
namespace {

constexpr int kBatchEvents = 256;

}  // namespace

class EventStreams::Stream : public http::Feed, public std::enable_shared_from_this<Stream> {
 public:
  Stream(Backend* backend, records::Oid organization, std::int64_t after)
      : backend_(backend), organization_(organization), after_(after) {}

  void Tell() {
    std::function<void()> wake;
    {
      const std::lock_guard lock(mutex_);
      stale_ = true;
      wake = wake_;
    }
    if (wake) wake();
  }

  // The comment makes the head of the answer leave at once, and proxies show it.
  void Attach(std::function<void()> wake) override {
    const std::lock_guard lock(mutex_);
    wake_ = std::move(wake);
    ready_ = ": trunkline\n\n";
  }

  std::string Take() override {
    std::string taken;
    bool read = false;
    {
      const std::lock_guard lock(mutex_);
      taken = std::exchange(ready_, {});
      read = stale_ && !reading_ && !gone_;
      if (read) {
        reading_ = true;
        stale_ = false;
      }
    }
    if (read) Read();
    return taken;
  }

  void Detach() override {
    const std::lock_guard lock(mutex_);
    gone_ = true;
    wake_ = nullptr;
  }

 private:
  void Read() {
    auto found = std::make_shared<records::Reader::Events>();
    backend_->Read(
        [organization = organization_, after = after_, found](records::Reader& reader) {
          auto events = reader.EventsAfter(organization, after, kBatchEvents);
          if (events.ok()) *found = *std::move(events);
          return events.status();
        },
        [self = shared_from_this(), found](const absl::Status& status) {
          self->Found(status.ok() ? std::move(found->events) : std::vector<records::Event>());
        });
  }

  // A read that failed is tried again when the outbox grows.
  void Found(const std::vector<records::Event>& events) {
    std::function<void()> wake;
    {
      const std::lock_guard lock(mutex_);
      reading_ = false;
      for (const records::Event& event : events) absl::StrAppend(&ready_, EventFrame(event));
      if (!events.empty()) after_ = events.back().seq;
      stale_ = stale_ || events.size() == kBatchEvents;
      if (!ready_.empty() || stale_) wake = wake_;
    }
    if (wake) wake();
  }

  Backend* const backend_;
  const records::Oid organization_;
  std::mutex mutex_;
  std::int64_t after_;  // written by one read at a time
  std::function<void()> wake_;
  std::string ready_;
  bool stale_ = true;  // there may be more than was read
  bool reading_ = false, gone_ = false;
};

std::shared_ptr<http::Feed> EventStreams::Subscribe(records::Oid organization, std::int64_t after) {
  auto stream = std::make_shared<Stream>(backend_, organization, after);
  const std::lock_guard lock(mutex_);
  std::erase_if(streams_, [](const std::weak_ptr<Stream>& one) { return one.expired(); });
  streams_.push_back(stream);
  return stream;
}

void EventStreams::Tell() {
  std::vector<std::shared_ptr<Stream>> streams;
  {
    const std::lock_guard lock(mutex_);
    for (const std::weak_ptr<Stream>& one : streams_) {
      if (auto stream = one.lock()) streams.push_back(std::move(stream));
    }
  }
  for (const auto& stream : streams) stream->Tell();
}

}  // namespace trunkline::api
