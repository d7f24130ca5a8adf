#include "server/api/event_stream.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "server/api/event_text.h"
#include "tests/server/api/inline_backend.h"
#include "tests/server/records/fake_ledger.h"

namespace trunkline::api {
namespace {

using records::Event;
using records::EventType;
using records::Oid;

Event Sample() {
  return {.seq = 1042,
          .id = Oid(0x64f0a1b2, 7),
          .organization = Oid(0, 1),
          .type = EventType::kContactRemoved,
          .at_ms = 1'778'836'355'120,
          .call = Oid(0x64f0a1b2, 1),
          .contact = Oid(0x64f0a1b2, 2),
          .note = std::nullopt,
          .conversation = std::nullopt,
          .cause = "discard"};
}

TEST(EventTextTest, IsTheReferencesExample) {
  EXPECT_EQ(EventJson(Sample()),
            R"({"seq":1042,"eventId":"64f0a1b20000000000000007","type":"contact_removed",)"
            R"("organizationId":"000000000000000000000001","at":"2026-05-15T09:12:35.120Z",)"
            R"("data":{"callId":"64f0a1b20000000000000001","contactId":"64f0a1b20000000000000002",)"
            R"("cause":"discard"}})");
  EXPECT_EQ(EventFrame(Sample()),
            "id: 1042\nevent: contact_removed\ndata: " + EventJson(Sample()) + "\n\n");
}

// X-05
TEST(EventTextTest, OfAPurgedCallSaysNothingElse) {
  Event event = Sample();
  event.purged = true;
  const std::string text = EventJson(event);
  EXPECT_NE(text.find(R"("data":{"purged":true}})"), std::string::npos) << text;
  EXPECT_EQ(text.find("000000000002"), std::string::npos) << text;
}

// Events up to `newest`.
class StreamOutbox final : public records::FakeReader {
 public:
  absl::StatusOr<Events> EventsAfter(Oid, std::int64_t after, int max) override {
    ++reads;
    Events found;
    found.newest = newest;
    for (std::int64_t seq = after + 1; seq <= newest && std::ssize(found.events) < max; ++seq) {
      found.events.push_back({.seq = seq});
    }
    return found;
  }

  std::int64_t newest = 0;
  int reads = 0;
};

class EventStreamTest : public testing::Test {
 protected:
  // As a connection does: takes while it is woken.
  std::string Pump(http::Feed& feed) {
    std::string all;
    for (woken_ = true; std::exchange(woken_, false);) {
      for (std::string chunk = feed.Take(); !chunk.empty(); chunk = feed.Take()) all += chunk;
    }
    return all;
  }
  std::string Seqs(const std::string& text) {
    std::string seqs;
    for (std::size_t at = text.find("id: "); at != std::string::npos;
         at = text.find("id: ", at + 1)) {
      absl::StrAppend(&seqs, text.substr(at + 4, text.find('\n', at) - at - 4), " ");
    }
    return seqs;
  }

  StreamOutbox outbox_;
  InlineBackend backend_{&outbox_, nullptr};
  EventStreams streams_{&backend_};
  bool woken_ = false;
};

TEST_F(EventStreamTest, GivesWhatIsThereAndWhatComes) {
  outbox_.newest = 3;
  const auto feed = streams_.Subscribe(Oid(), 1);
  feed->Attach([this] { woken_ = true; });
  EXPECT_EQ(Seqs(Pump(*feed)), "2 3 ");
  EXPECT_EQ(Pump(*feed), "");
  outbox_.newest = 4;
  streams_.Tell();
  EXPECT_TRUE(woken_);
  EXPECT_EQ(Seqs(Pump(*feed)), "4 ");
  feed->Detach();
  outbox_.newest = 5;
  woken_ = false;
  streams_.Tell();
  EXPECT_FALSE(woken_);
}

// A slow reader costs one batch: nothing is read ahead of it.
TEST_F(EventStreamTest, ReadsNoFurtherThanItsReader) {
  outbox_.newest = 10'000;
  const auto feed = streams_.Subscribe(Oid(), 0);
  feed->Attach([this] { woken_ = true; });
  std::string first = feed->Take();
  first += feed->Take();
  EXPECT_LE(outbox_.reads, 2);
  EXPECT_EQ(Seqs(first + Pump(*feed)).size(), 48'894u);  // each of the 10,000 once
}

TEST_F(EventStreamTest, OneThatHasGoneIsForgotten) {
  { const auto feed = streams_.Subscribe(Oid(), 0); }
  streams_.Tell();
  EXPECT_EQ(outbox_.reads, 0);
}

}  // namespace
}  // namespace trunkline::api
