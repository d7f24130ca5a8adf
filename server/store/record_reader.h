// Questions about call records, asked of the tables.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/records/ledger.h"
#include "server/store/record_keys.h"
#include "server/store/record_rows.h"
#include "server/store/record_sql.h"

namespace trunkline::store {

class RecordReader final : public records::Reader {
 public:
  // A connection of its own to the file of an open store, which it never writes, locks or
  // checkpoints: each question sees one moment, and what was committed before it was asked.
  // What `keys` can't open is as if it weren't there.
  static absl::StatusOr<std::unique_ptr<RecordReader>> Open(const std::string& file,
                                                            std::shared_ptr<const RecordKeys> keys);
  // Within the transaction of `database`, which is borrowed, outlives the reader, and uses keys.
  explicit RecordReader(Database* database);

  absl::StatusOr<std::vector<records::Organization>> Organizations() override;
  absl::StatusOr<std::vector<records::User>> Users() override;
  absl::StatusOr<std::vector<records::User>> UsersWithEmail(std::string_view email) override;
  absl::StatusOr<std::vector<records::Credential>> Credentials() override;
  absl::StatusOr<std::optional<records::Call>> Find(records::Oid organization,
                                                    std::string_view call) override;
  absl::StatusOr<records::CallPage> List(records::Oid organization,
                                         const records::CallFilter& filter) override;
  absl::StatusOr<std::optional<records::PurgeJob>> FindJob(records::Oid organization,
                                                           records::Oid job) override;
  absl::StatusOr<records::PurgeStatus> StatusOf(records::Oid organization,
                                                std::string_view call) override;
  absl::StatusOr<std::shared_ptr<const records::CustomerCalls>> OfCustomer(
      records::Oid organization, const std::string& number_e164, bool what_if) override;
  absl::StatusOr<std::vector<records::Webhook>> Webhooks() override;
  absl::StatusOr<std::optional<std::vector<records::DeadLetter>>> DeadLetters(
      records::Oid organization, std::string_view name) override;
  absl::StatusOr<Events> EventsAfter(records::Oid organization, std::int64_t after,
                                     int max) override;

 private:
  RecordReader(std::unique_ptr<Database> own, std::shared_ptr<const RecordKeys> keys);
  // All that `ask` asks is of one moment.
  template <class Ask>
  auto AtOneMoment(Ask ask) -> decltype(ask());
  absl::Status AddDetails(RecordRow& row);
  absl::Status AddNotes(records::Call& call);
  absl::Status AddRatings(records::Call& call);
  absl::Status AddFlows(RecordRow& row);
  absl::StatusOr<records::CallPage> ListNow(records::Oid organization,
                                            const records::CallFilter& filter);

  const std::shared_ptr<const RecordKeys> keys_;
  const std::unique_ptr<Database> own_;  // null: borrowed
  SqlCache sql_;
  RecordTable table_;
};

}  // namespace trunkline::store
