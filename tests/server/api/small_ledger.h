// Call records in a few vectors: enough for the surfaces to have something to say. Real ones are in
// server/store. Notes what it was asked.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/records/ledger.h"

namespace trunkline::api {

class SmallLedger final : public records::Ledger,
                          public records::Reader,
                          public records::WebhookWriter,
                          public records::AnswerKeeper {
 public:
  std::vector<records::Organization> organizations;
  std::vector<records::User> users;
  std::vector<records::Credential> credentials;
  std::vector<records::Call> calls;
  std::vector<records::PurgeJob> jobs;
  std::vector<records::Event> events;  // of every organization
  std::int64_t oldest_event = 1;
  std::vector<records::Webhook> webhooks_known;
  std::vector<records::DeadLetter> dead;  // of every webhook
  std::optional<bool> webhook_moved;      // by the last PutWebhook
  std::vector<std::string> purged;        // ids of calls whose purge is over

  int changes = 0, reads = 0;  // that reached the records
  std::optional<records::DiscardRequest> discard;
  std::optional<records::PurgeRequest> purge;
  std::optional<records::CallFilter> filter;
  std::optional<records::IngestRequest> ingest;
  std::optional<records::Actor> actor;
  std::optional<records::NoteText> note;
  std::optional<records::PurgeItem> purge_error;  // stands at the end of the items

  // Reader
  absl::StatusOr<std::vector<records::Organization>> Organizations() override;
  absl::StatusOr<std::vector<records::User>> Users() override;
  absl::StatusOr<std::vector<records::User>> UsersWithEmail(std::string_view email) override;
  absl::StatusOr<std::vector<records::Credential>> Credentials() override;
  absl::StatusOr<std::optional<records::Call>> Find(records::Oid organization,
                                                    std::string_view call) override;
  absl::StatusOr<records::CallPage> List(records::Oid organization,
                                         const records::CallFilter& asked) override;
  absl::StatusOr<std::optional<records::PurgeJob>> FindJob(records::Oid organization,
                                                           records::Oid job) override;
  absl::StatusOr<records::PurgeStatus> StatusOf(records::Oid organization,
                                                std::string_view call) override;
  absl::StatusOr<std::shared_ptr<const records::CustomerCalls>> OfCustomer(
      records::Oid organization, const std::string& number_e164, bool what_if) override;
  absl::StatusOr<Events> EventsAfter(records::Oid, std::int64_t, int) override;

  absl::StatusOr<std::vector<records::Webhook>> Webhooks() override { return webhooks_known; }
  absl::StatusOr<std::optional<std::vector<records::DeadLetter>>> DeadLetters(
      records::Oid organization, std::string_view name) override;

  // WebhookWriter
  absl::StatusOr<bool> PutWebhook(const records::Webhook& webhook, bool move,
                                  std::int64_t) override;
  absl::StatusOr<bool> RemoveWebhook(records::Oid organization, std::string_view name) override;
  absl::Status Delivered(records::Oid, std::int64_t, std::int64_t) override;
  absl::Status Failing(records::Oid, std::int64_t) override;
  absl::Status GiveUp(records::Oid, std::int64_t, std::int64_t, std::string_view,
                      std::int64_t) override;

  // AnswerKeeper
  std::map<std::string, records::KeptAnswer, std::less<>> answers_known;
  bool answers_full = false;
  absl::StatusOr<std::optional<records::KeptAnswer>> Find(std::string_view key,
                                                          std::int64_t now_ms) override;
  absl::StatusOr<bool> HasRoom(records::Oid, std::int64_t) override { return !answers_full; }
  absl::Status Keep(records::Oid, std::string_view key, const records::KeptAnswer& answer,
                    std::int64_t) override;

  // Ledger
  records::AnswerKeeper& answers() override { return *this; }
  records::WebhookWriter& webhooks() override { return *this; }
  records::Reader& reader() override { return *this; }
  absl::StatusOr<std::optional<records::Organization>> AddOrganization(std::string,
                                                                       std::int64_t) override;
  absl::StatusOr<bool> PutUser(const records::User&) override;
  absl::StatusOr<records::Credential> AddCredential(records::Credential, std::int64_t) override;
  absl::StatusOr<bool> RevokeCredential(records::Oid, records::Oid) override;
  absl::StatusOr<bool> Discard(const records::Actor& by, const records::DiscardRequest& request,
                               records::Live& live, std::int64_t now_ms) override;
  absl::StatusOr<records::PurgeResult> Purge(const records::Actor& by,
                                             const records::PurgeRequest& request,
                                             std::int64_t now_ms) override;
  absl::StatusOr<bool> PurgeSlice(int, records::Live&, std::int64_t) override;
  absl::StatusOr<records::NoteChange> AddNote(const records::Actor& by, std::string_view call,
                                              const records::NoteText& text,
                                              std::int64_t now_ms) override;
  absl::StatusOr<records::NoteChange> UpdateNote(const records::Actor& by, std::string_view call,
                                                 std::string_view id, const records::NoteText& text,
                                                 std::int64_t now_ms) override;
  absl::StatusOr<records::NoteChange> RemoveNote(const records::Actor& by, std::string_view call,
                                                 std::string_view id, std::int64_t now_ms) override;
  absl::StatusOr<records::NoteChange> Rate(const records::Actor& by, std::string_view call,
                                           std::int32_t stars, std::string_view comment,
                                           std::int64_t now_ms) override;
  absl::StatusOr<records::NoteChange> MarkViewed(const records::Actor& by, std::string_view call,
                                                 std::string_view email,
                                                 std::int64_t now_ms) override;
  absl::StatusOr<records::IngestResult> Ingest(const records::Actor& by,
                                               const records::IngestRequest& request,
                                               std::int64_t now_ms) override;

 private:
  records::Webhook* WebhookOf(records::Oid organization, std::string_view name);
  records::Call* Known(records::Oid organization, std::string_view name);
  records::NoteChange Changed(records::Call* call);
};

}  // namespace trunkline::api
