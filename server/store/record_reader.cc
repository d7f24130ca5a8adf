#include "server/store/record_reader.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/store/record_customer.h"
#include "server/store/record_erase.h"
#include "server/store/record_functions.h"
#include "server/store/record_outbox.h"
#include "server/store/record_webhooks.h"

namespace trunkline::store {
namespace {

using records::Oid;

// In lists: users by the names that their organization or they themselves gave.
constexpr char kNumbersAndName[] =
    "coalesce(unseal('records.from_sealed',r.id,r.from_sealed)||' '||"
    "unseal('records.to_sealed',r.id,r.to_sealed),'+'||u.phone||' +'||coalesce(x.phone,''),'')||"
    "' '||coalesce(nullif(p.full_name,''),u.first_name||' '||u.last_name,'')";

std::string ConditionOf(const records::CallFilter& filter) {
  std::string condition =
      absl::StrCat(" WHERE o.id=?1 AND ", kVisible,
                   " AND (?2 IS NULL OR r.contact=?2) AND (?3 IS NULL OR r.owner=?3)"
                   " AND (?4 IS NULL OR r.direction=?4) AND r.created_ms BETWEEN ?5 AND ?6"
                   " AND (?7='' OR instr(lower(",
                   kNumbersAndName, "),lower(?7))>0)");
  if (!filter.dialpad_statuses.empty()) {
    absl::StrAppend(&condition, " AND r.status IN(",
                    absl::StrJoin(DialpadCodes(filter.dialpad_statuses), ","), ")");
  }
  if (!filter.notes_statuses.empty()) {
    absl::StrAppend(&condition, " AND r.status IN(",
                    absl::StrJoin(NotesCodes(filter.notes_statuses), ","), ")");
  }
  return condition;
}

// Binds what ConditionOf asks for, then the rest.
template <class... Rest>
void BindFilter(Statement& statement, const Oid& organization, const records::CallFilter& filter,
                const Rest&... rest) {
  const std::optional<std::int32_t> direction =
      filter.direction ? std::optional(static_cast<std::int32_t>(*filter.direction)) : std::nullopt;
  const std::optional<UserId> user =
      filter.user ? std::optional(filter.user->user()) : std::nullopt;
  statement.Bind(organization, filter.contact, user, direction,
                 filter.from_ms.value_or(std::numeric_limits<std::int64_t>::min()),
                 filter.until_ms.value_or(std::numeric_limits<std::int64_t>::max()), filter.search,
                 rest...);
}

std::string SelectUsers(std::string_view from) {
  return absl::StrCat(
      "SELECT u.id,o.id,u.phone,coalesce(nullif(p.full_name,''),trim(u.first_name||' '||"
      "u.last_name)),coalesce(p.email,''),coalesce(p.lang_code,''),coalesce(p.role,1) "
      "FROM users u ",
      absl::string_view(from.data(), from.size()));
}

records::User UserOf(const Statement& row) {
  records::User user;
  user.mtproto_id = row.IdOf<UserId>(0);
  user.id = Oid::OfUser(user.mtproto_id);
  user.organization = OidOf(row, 1);
  if (const std::string phone = row.Text(2); !phone.empty()) {
    user.phone_e164 = absl::StrCat("+", phone);
  }
  user.full_name = row.Text(3);
  user.email = row.Text(4);
  user.lang_code = row.Text(5);
  user.role = static_cast<records::Role>(row.Int32(6));
  return user;
}

}  // namespace

RecordReader::RecordReader(Database* database) : sql_(database), table_(database) {}

RecordReader::RecordReader(std::unique_ptr<Database> own, std::shared_ptr<const RecordKeys> keys)
    : keys_(std::move(keys)), own_(std::move(own)), sql_(own_.get()), table_(own_.get()) {}

absl::StatusOr<std::unique_ptr<RecordReader>> RecordReader::Open(
    const std::string& file, std::shared_ptr<const RecordKeys> keys) {
  STORE_LET(Database database, Database::OpenToRead(file));
  STORE_TRY(UseKeysToRead(database, *keys));
  return std::unique_ptr<RecordReader>(
      new RecordReader(std::make_unique<Database>(std::move(database)), std::move(keys)));
}

template <class Ask>
auto RecordReader::AtOneMoment(Ask ask) -> decltype(ask()) {
  if (own_ == nullptr) return ask();
  STORE_TRY(sql_.Run("BEGIN"));
  auto answer = ask();
  const absl::Status ended = sql_.Run("COMMIT");
  if (answer.ok() && !ended.ok()) return ended;
  return answer;
}

absl::StatusOr<std::vector<records::Organization>> RecordReader::Organizations() {
  std::vector<records::Organization> organizations;
  STORE_TRY(
      sql_.ForEach("SELECT id,name,host_label,created_ms FROM organizations ORDER BY no",
                   [&organizations](const Statement& row) {
                     organizations.push_back({OidOf(row, 0), row.Text(1), row.Text(2), row.Int(3)});
                   }));
  return organizations;
}

absl::StatusOr<std::vector<records::User>> RecordReader::Users() {
  std::vector<records::User> users;
  static const std::string select = SelectUsers(
      "LEFT JOIN record_users p ON p.user=u.id "
      "JOIN organizations o ON o.no=coalesce(p.organization,1) ORDER BY u.id");
  STORE_TRY(sql_.ForEach(select, [&users](const Statement& row) { users.push_back(UserOf(row)); }));
  STORE_TRY(sql_.ForEach("SELECT no,id,name FROM organizations ORDER BY no",
                         [&users](const Statement& row) {
                           records::User user;
                           user.id = Oid::OfUser(ServiceUser(row.Int(0)));
                           user.organization = OidOf(row, 1);
                           user.full_name = row.Text(2);
                           user.role = records::Role::kService;
                           users.push_back(std::move(user));
                         }));
  return users;
}

absl::StatusOr<std::vector<records::User>> RecordReader::UsersWithEmail(std::string_view email) {
  std::vector<records::User> users;
  if (email.empty()) return users;
  static const std::string select = SelectUsers(
      "JOIN record_users p ON p.user=u.id JOIN organizations o ON o.no=p.organization "
      "WHERE p.email=? COLLATE NOCASE AND p.email<>'' ORDER BY u.id");
  STORE_TRY(sql_.ForEach(
      select, [&users](const Statement& row) { users.push_back(UserOf(row)); }, email));
  return users;
}

absl::StatusOr<std::vector<records::Credential>> RecordReader::Credentials() {
  std::vector<records::Credential> credentials;
  STORE_TRY(sql_.ForEach(
      "SELECT c.id,o.id,c.kind,c.user,c.scopes,c.hash,c.created_ms,c.expires_ms,c.revoked "
      "FROM credentials c JOIN organizations o ON o.no=c.organization ORDER BY c.id",
      [&credentials](const Statement& row) {
        credentials.push_back({OidOf(row, 0), OidOf(row, 1),
                               static_cast<records::CredentialKind>(row.Int32(2)),
                               OptionalOid(row, 3), static_cast<std::uint32_t>(row.Int(4)),
                               row.Text(5), row.Int(6), row.Int(7), row.Bool(8)});
      }));
  return credentials;
}

absl::StatusOr<std::optional<records::Call>> RecordReader::Find(Oid organization,
                                                                std::string_view call) {
  return AtOneMoment([&]() -> absl::StatusOr<std::optional<records::Call>> {
    STORE_LET(std::optional<RecordRow> row, table_.Named(organization, call, false));
    if (!row) return std::nullopt;
    STORE_TRY(AddDetails(*row));
    STORE_TRY(AddFlows(*row));
    return std::move(row->call);
  });
}

absl::Status RecordReader::AddDetails(RecordRow& row) {
  records::Call& call = row.call;
  if ((row.details & kHasNotes) != 0) STORE_TRY(AddNotes(call));
  if ((row.details & kHasRatings) != 0) STORE_TRY(AddRatings(call));
  if ((row.details & kHasViewers) != 0) {
    STORE_TRY(sql_.ForEach(
        "SELECT unseal('record_viewers.email',record,email) AS text FROM record_viewers "
        "WHERE record=? AND text NOT NULL ORDER BY text",
        [&call](const Statement& viewer) { call.viewed_by.push_back(viewer.Text(0)); }, call.id));
  }
  if (call.mtproto_id) return absl::OkStatus();
  return sql_
      .First(
          "SELECT status,unseal('record_ingested.transcript',record,transcript),"
          "unseal('record_ingested.summary',record,summary),"
          "unseal('record_ingested.recording',record,recording) FROM record_ingested "
          "WHERE record=?",
          [&call](const Statement& ingested) {
            call.ingested = {ingested.Text(0), ingested.Text(1), ingested.Text(2),
                             ingested.Text(3)};
          },
          call.id)
      .status();
}

absl::Status RecordReader::AddNotes(records::Call& call) {
  return sql_.ForEach(
      "SELECT id,user,unseal('record_notes.content',id,content) AS text,flagged,created_ms "
      "FROM record_notes WHERE record=? AND text NOT NULL ORDER BY no",
      [&call](const Statement& row) {
        call.notes.push_back({OidOf(row, 0), OidOf(row, 1), row.Text(2), row.Bool(3), row.Int(4)});
      },
      call.id);
}

absl::Status RecordReader::AddRatings(records::Call& call) {
  return sql_.ForEach(
      "SELECT user,stars,unseal('record_ratings.comment',record,comment) AS text,tags,"
      "user_initiative,created_ms FROM record_ratings WHERE record=? AND text NOT NULL ORDER BY "
      "created_ms,user",
      [&call](const Statement& row) {
        call.ratings.push_back({OidOf(row, 0), row.Int32(1), row.Text(2),
                                static_cast<std::uint32_t>(row.Int(3)), row.Bool(4), row.Int(5)});
      },
      call.id);
}

absl::Status RecordReader::AddFlows(RecordRow& row) {
  if ((row.details & kHasFlows) == 0) return absl::OkStatus();
  return sql_.ForEach(
      "SELECT relay,side,packets,bytes,first_ms,last_ms FROM record_flows WHERE record=? "
      "ORDER BY relay,side",
      [&call = row.call](const Statement& flow) {
        const auto side = flow.Bool(1) ? records::Side::kCallee : records::Side::kCaller;
        call.flows.push_back({flow.Int(0), side, flow.Int(2), flow.Int(3), OptionalInt(flow, 4),
                              OptionalInt(flow, 5)});
      },
      row.call.id);
}

absl::StatusOr<records::CallPage> RecordReader::List(Oid organization,
                                                     const records::CallFilter& filter) {
  return AtOneMoment([&] { return ListNow(organization, filter); });
}

absl::StatusOr<records::CallPage> RecordReader::ListNow(Oid organization,
                                                        const records::CallFilter& filter) {
  records::CallPage page;
  const std::string condition = ConditionOf(filter);
  const std::string& select = SelectRecord();
  const std::size_t from = select.find(" FROM records r ");
  STORE_LET(Statement total, sql_.database().Prepare(
                                 absl::StrCat("SELECT count(*)", select.substr(from), condition)));
  BindFilter(total, organization, filter);
  STORE_LET(const bool counted, total.Step());
  if (counted) page.total = total.Int(0);
  const char* const order = filter.ascending ? "" : " DESC";
  STORE_LET(Statement rows,
            sql_.database().Prepare(absl::StrCat(select, condition, " ORDER BY r.created_ms", order,
                                                 ",r.id", order, " LIMIT ?8 OFFSET ?9")));
  BindFilter(rows, organization, filter, std::max<std::int64_t>(filter.limit, 0),
             std::max<std::int64_t>(filter.offset, 0));
  for (;;) {
    STORE_LET(const bool found, rows.Step());
    if (!found) return page;
    RecordRow row = ReadRecord(rows);
    STORE_TRY(AddDetails(row));
    page.calls.push_back(std::move(row.call));
  }
}

absl::StatusOr<std::optional<records::PurgeJob>> RecordReader::FindJob(Oid organization, Oid job) {
  std::optional<records::PurgeJob> found;
  STORE_TRY(sql_.First(
                    "SELECT j.id,o.id,j.requested_ms,coalesce(j.completed_ms,0),j.receipt,j.calls "
                    "FROM purge_jobs j JOIN organizations o ON o.no=j.organization "
                    "WHERE j.id=? AND o.id=?",
                    [&found](const Statement& row) {
                      found = {OidOf(row, 0), OidOf(row, 1), row.Int(2),
                               row.Int(3),    row.Text(4),   row.Int(5)};
                    },
                    job, organization)
                .status());
  return found;
}

absl::StatusOr<records::PurgeStatus> RecordReader::StatusOf(Oid organization,
                                                            std::string_view call) {
  return AtOneMoment([&]() -> absl::StatusOr<records::PurgeStatus> {
    records::PurgeStatus status;
    STORE_LET(const auto visible, table_.Named(organization, call, false));
    if (visible) return status;
    STORE_LET(const auto hidden, table_.Named(organization, call, true));
    const std::optional<Oid> id = hidden ? hidden->call.id : Oid::Parse(call);
    if (hidden) status.state = records::PurgeState::kPurging;
    if (hidden || !id) return status;
    STORE_LET(const Bytes key, TombstoneKey(sql_, organization));
    STORE_TRY(sql_.First(
                      "SELECT j.completed_ms,j.receipt FROM tombstones t JOIN purge_jobs j "
                      "ON j.id=t.job WHERE t.call_hash=?",
                      [&status](const Statement& row) {
                        status.state = row.Null(0) ? records::PurgeState::kPurging
                                                   : records::PurgeState::kPurged;
                        status.receipt = row.Text(1);
                      },
                      ByteView(TombstoneHash(key, *id)))
                  .status());
    return status;
  });
}

absl::StatusOr<std::shared_ptr<const records::CustomerCalls>> RecordReader::OfCustomer(
    Oid organization, const std::string& number_e164, bool what_if) {
  using Found = std::shared_ptr<const records::CustomerCalls>;
  return AtOneMoment([&]() -> absl::StatusOr<Found> {
    std::int64_t no = 0, last_seq = 0;
    STORE_TRY(sql_.First(
                      "SELECT no,last_seq FROM organizations WHERE id=?",
                      [&](const Statement& row) {
                        no = row.Int(0);
                        last_seq = row.Int(1);
                      },
                      organization)
                  .status());
    STORE_LET(const Customer customer, FindCustomer(sql_, no, number_e164));
    STORE_LET(records::CustomerCalls calls, CallsOf(sql_, customer, what_if));
    calls.upto_seq = last_seq;
    return std::make_shared<const records::CustomerCalls>(std::move(calls));
  });
}

absl::StatusOr<records::Reader::Events> RecordReader::EventsAfter(Oid organization,
                                                                  std::int64_t after, int max) {
  return AtOneMoment([&]() -> absl::StatusOr<Events> {
    Events events;
    std::int64_t row = 0;
    STORE_TRY(sql_.First(
                      "SELECT o.last_seq,coalesce((SELECT min(seq) FROM outbox WHERE "
                      "organization=o.no),o.last_seq+1),o.no FROM organizations o WHERE o.id=?",
                      [&](const Statement& found) {
                        events.newest = found.Int(0);
                        events.oldest = found.Int(1);
                        row = found.Int(2);
                      },
                      organization)
                  .status());
    STORE_TRY(ReadEvents(sql_, row, after, max, [&](records::Event event) {
      event.organization = organization;
      events.events.push_back(std::move(event));
    }));
    return events;
  });
}

absl::StatusOr<std::vector<records::Webhook>> RecordReader::Webhooks() {
  return ReadWebhooks(sql_);
}

absl::StatusOr<std::optional<std::vector<records::DeadLetter>>> RecordReader::DeadLetters(
    Oid organization, std::string_view name) {
  return AtOneMoment([&] { return ReadDeadLetters(sql_, organization, name); });
}

}  // namespace trunkline::store
