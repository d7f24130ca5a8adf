#include "server/store/record_answers.h"

#include <string>
#include <utility>
#include <vector>

namespace trunkline::store {
namespace {

// Two more than one that is kept: what has gathered goes.
constexpr int kTrimmedAtOnce = 3;

}  // namespace

using records::KeptAnswer;
using records::Oid;

absl::StatusOr<std::optional<KeptAnswer>> RecordAnswers::Find(std::string_view key,
                                                              std::int64_t now_ms) {
  KeptAnswer answer;
  STORE_LET(const bool found,
            sql_.First(
                "SELECT form,request,status,body,call,purge_job FROM kept_answers "
                "WHERE key=? AND at_ms>?",
                [&answer](const Statement& row) {
                  answer.form = static_cast<KeptAnswer::Form>(row.Int32(0));
                  answer.request = row.Text(1);
                  answer.status = row.Int32(2);
                  answer.body = row.Text(3);
                  answer.call = OptionalOid(row, 4);
                  answer.purge_job = OptionalOid(row, 5);
                },
                AsBytes(key), now_ms - records::kAnswersKeptMs));
  if (!found) return std::nullopt;
  return answer;
}

absl::StatusOr<bool> RecordAnswers::HasRoom(Oid credential, std::int64_t now_ms) {
  STORE_TRY(Trim(now_ms));
  const auto known = counts_.find(credential);
  if (known != counts_.end()) return known->second < records::kAnswersPerCredentialMax;
  STORE_LET(const auto count,
            sql_.Int("SELECT count(*) FROM kept_answers WHERE credential=?", credential));
  counts_[credential] = count.value_or(0);
  return count.value_or(0) < records::kAnswersPerCredentialMax;
}

absl::Status RecordAnswers::Keep(Oid credential, std::string_view key, const KeptAnswer& answer,
                                 std::int64_t now_ms) {
  STORE_TRY(
      sql_.Run("INSERT OR REPLACE INTO kept_answers(key,credential,at_ms,form,request,status,body,"
               "call,purge_job) VALUES(?,?,?,?,?,?,?,?,?)",
               AsBytes(key), credential, now_ms, static_cast<std::int32_t>(answer.form),
               AsBytes(answer.request), answer.status, answer.body, answer.call, answer.purge_job));
  const auto known = counts_.find(credential);
  if (known != counts_.end()) ++known->second;
  return absl::OkStatus();
}

absl::Status RecordAnswers::Trim(std::int64_t now_ms) {
  std::vector<std::pair<std::string, Oid>> old;
  STORE_TRY(sql_.ForEach(
      "SELECT key,credential FROM kept_answers WHERE at_ms<=? ORDER BY at_ms LIMIT ?",
      [&old](const Statement& row) { old.emplace_back(row.Text(0), OidOf(row, 1)); },
      now_ms - records::kAnswersKeptMs, kTrimmedAtOnce));
  for (const auto& [key, credential] : old) {
    STORE_TRY(sql_.Run("DELETE FROM kept_answers WHERE key=?", AsBytes(key)));
    const auto known = counts_.find(credential);
    if (known != counts_.end()) --known->second;
  }
  return absl::OkStatus();
}

absl::Status EraseAnswers(SqlCache& sql, const Oid& call) {
  return sql.Run(
      "UPDATE kept_answers SET form=4,request=x'',status=0,body='',call=NULL,purge_job=NULL "
      "WHERE call=?",
      call);
}

}  // namespace trunkline::store
