// A ledger without tables: what a test puts in is what it does.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/records/ledger.h"

namespace trunkline::records {

inline absl::Status NotHere() {
  return absl::UnimplementedError("not in this test");
}

class FakeReader : public Reader {
 public:
  absl::StatusOr<std::vector<Organization>> Organizations() override { return NotHere(); }
  absl::StatusOr<std::vector<User>> Users() override { return NotHere(); }
  absl::StatusOr<std::vector<User>> UsersWithEmail(std::string_view) override { return NotHere(); }
  absl::StatusOr<std::vector<Credential>> Credentials() override { return NotHere(); }
  absl::StatusOr<std::optional<Call>> Find(Oid, std::string_view) override { return NotHere(); }
  absl::StatusOr<CallPage> List(Oid, const CallFilter&) override { return NotHere(); }
  absl::StatusOr<std::optional<PurgeJob>> FindJob(Oid, Oid) override { return NotHere(); }
  absl::StatusOr<PurgeStatus> StatusOf(Oid, std::string_view) override { return NotHere(); }
  absl::StatusOr<std::shared_ptr<const CustomerCalls>> OfCustomer(Oid, const std::string&,
                                                                  bool) override {
    return NotHere();
  }
  absl::StatusOr<Events> EventsAfter(Oid, std::int64_t, int) override { return NotHere(); }
  absl::StatusOr<std::vector<Webhook>> Webhooks() override { return NotHere(); }
  absl::StatusOr<std::optional<std::vector<DeadLetter>>> DeadLetters(Oid,
                                                                     std::string_view) override {
    return NotHere();
  }
};

class FakeWebhooks : public WebhookWriter {
 public:
  absl::StatusOr<bool> PutWebhook(const Webhook&, bool, std::int64_t) override { return NotHere(); }
  absl::StatusOr<bool> RemoveWebhook(Oid, std::string_view) override { return NotHere(); }
  absl::Status Delivered(Oid, std::int64_t, std::int64_t) override { return NotHere(); }
  absl::Status Failing(Oid, std::int64_t) override { return NotHere(); }
  absl::Status GiveUp(Oid, std::int64_t, std::int64_t, std::string_view, std::int64_t) override {
    return NotHere();
  }
};

class FakeAnswers : public AnswerKeeper {
 public:
  absl::StatusOr<std::optional<KeptAnswer>> Find(std::string_view, std::int64_t) override {
    return NotHere();
  }
  absl::StatusOr<bool> HasRoom(Oid, std::int64_t) override { return NotHere(); }
  absl::Status Keep(Oid, std::string_view, const KeptAnswer&, std::int64_t) override {
    return NotHere();
  }
};

class FakeLedger : public Ledger {
 public:
  // What PurgeSlice does with so many calls; true while there is more.
  std::function<absl::StatusOr<bool>(int calls_max, Live&)> purge = nullptr;
  bool purge_due = false;

  Reader& reader() override { return reader_; }
  WebhookWriter& webhooks() override { return webhooks_; }
  AnswerKeeper& answers() override { return answers_; }
  bool PurgeDue() const override { return purge_due; }
  absl::StatusOr<bool> PurgeSlice(int calls_max, Live& live, std::int64_t) override {
    return purge(calls_max, live);
  }

  absl::StatusOr<std::optional<Organization>> AddOrganization(std::string, std::int64_t) override {
    return NotHere();
  }
  absl::StatusOr<bool> PutUser(const User&) override { return NotHere(); }
  absl::StatusOr<Credential> AddCredential(Credential, std::int64_t) override { return NotHere(); }
  absl::StatusOr<bool> RevokeCredential(Oid, Oid) override { return NotHere(); }
  absl::StatusOr<bool> Discard(const Actor&, const DiscardRequest&, Live&, std::int64_t) override {
    return NotHere();
  }
  absl::StatusOr<PurgeResult> Purge(const Actor&, const PurgeRequest&, std::int64_t) override {
    return NotHere();
  }
  absl::StatusOr<NoteChange> AddNote(const Actor&, std::string_view, const NoteText&,
                                     std::int64_t) override {
    return NotHere();
  }
  absl::StatusOr<NoteChange> UpdateNote(const Actor&, std::string_view, std::string_view,
                                        const NoteText&, std::int64_t) override {
    return NotHere();
  }
  absl::StatusOr<NoteChange> RemoveNote(const Actor&, std::string_view, std::string_view,
                                        std::int64_t) override {
    return NotHere();
  }
  absl::StatusOr<NoteChange> Rate(const Actor&, std::string_view, std::int32_t, std::string_view,
                                  std::int64_t) override {
    return NotHere();
  }
  absl::StatusOr<NoteChange> MarkViewed(const Actor&, std::string_view, std::string_view,
                                        std::int64_t) override {
    return NotHere();
  }
  absl::StatusOr<IngestResult> Ingest(const Actor&, const IngestRequest&, std::int64_t) override {
    return NotHere();
  }

 private:
  FakeWebhooks webhooks_;
  FakeAnswers answers_;
  FakeReader reader_;
};

}  // namespace trunkline::records
