#include "server/store/record_rows.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace trunkline::store {
namespace {

using records::Oid;

// Each status a call can have: what notes call it, and what dialpads do. Rows are kept by number,
// so new ones go to the end.
constexpr std::pair<std::string_view, std::string_view> kStatuses[] = {
    {"Initiated", "initiated"},   {"Ringing", "ringing"},     {"In progress", "in-progress"},
    {"Transferred", "completed"}, {"Completed", "completed"}, {"Busy", "busy"},
    {"No answer", "no-answer"},   {"Canceled", "no-answer"},  {"Failed", "failed"},
};

constexpr std::string_view kInsert =
    "INSERT INTO records(id,organization,mtproto_id,seq,session,conversation,contact,parent,owner,"
    "other,internal,direction,phase,status,reason,ended_by,video,from_sealed,to_sealed,from_index,"
    "to_index,created_ms,received_ms,accepted_ms,confirmed_ms,ended_ms,duration,reported_duration,"
    "relay,"
    "owner_message_id,owner_pts,peer_message_id,peer_pts,provider,provider_call_id,external_id,"
    "updated_ms,events,purge_job) "
    "VALUES(?1,?2,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,seal(?1,'records.from_sealed',?1,?18),"
    "seal(?1,'records.to_sealed',?1,?19),blind(?2,?18),blind(?2,?19),"
    "?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";
constexpr std::string_view kUpdate =
    "UPDATE records SET conversation=?2,contact=?3,phase=?4,status=?5,reason=?6,ended_by=?7,"
    "video=?8,received_ms=?9,accepted_ms=?10,confirmed_ms=?11,ended_ms=?12,duration=?13,"
    "reported_duration=?14,relay=?15,owner_message_id=?16,owner_pts=?17,peer_message_id=?18,"
    "peer_pts=?19,updated_ms=?20,events=?21,purge_job=?22 WHERE id=?1";

// Whoever reads a record asks only those tables in which there is something of it: most have none.
constexpr char kDetails[] =
    "EXISTS(SELECT 1 FROM record_notes WHERE record=r.id)"
    "|2*EXISTS(SELECT 1 FROM record_ratings WHERE record=r.id)"
    "|4*EXISTS(SELECT 1 FROM record_viewers WHERE record=r.id)"
    "|8*EXISTS(SELECT 1 FROM record_flows WHERE record=r.id)"
    "|16*EXISTS(SELECT 1 FROM kept_answers WHERE call=r.id)";

// What ReadRecord reads, some of it from other tables than `records r`.
struct Joined {
  const char *organization, *from, *to, *owner, *details, *tables;
};
std::string Select(const Joined& joined) {
  return absl::StrCat(
      "SELECT r.id,r.organization,", joined.organization,
      ",r.mtproto_id,r.seq,r.session,r.conversation,r.contact,r.parent,r.owner,r.other,r.internal,"
      "r.direction,r.phase,r.reason,r.ended_by,r.video,",
      joined.from, ",", joined.to,
      ",r.created_ms,r.received_ms,r.accepted_ms,r.confirmed_ms,r.ended_ms,r.duration,"
      "r.reported_duration,r.relay,r.owner_message_id,r.owner_pts,r.peer_message_id,r.peer_pts,"
      "r.provider,r.provider_call_id,r.external_id,r.updated_ms,r.events,r.purge_job,",
      joined.owner, ",", joined.details, " FROM records r", joined.tables);
}
// The caller's organization's is found by its own id, that of the callee's by the call's.
constexpr char kOfCallee[] = " WHERE r.mtproto_id=?1 AND r.mtproto_id<>0 AND r.direction=0";
const std::string kByCallee = absl::StrCat(SelectRecord(), kOfCallee);
// Of the row alone, as the feed goes on with it: without names, and numbers of users.
const std::string kSelectRow = Select({"x''", "''", "''", "'',''", "0", ""});
const std::string kRowOfCaller = absl::StrCat(kSelectRow, " WHERE r.id=?");
const std::string kToErase =
    absl::StrCat(Select({"x''", "''", "''", "'',''", kDetails, ""}), " WHERE r.id=?");
const std::string kRowOfCallee = absl::StrCat(kSelectRow, kOfCallee);
const std::string kById = absl::StrCat(SelectRecord(), " WHERE r.id=?");
const std::string kVisibleById = absl::StrCat(kById, " AND ", kVisible);
const std::string kNamedById = absl::StrCat(kById, " AND o.id=?");
const std::string kVisibleNamedById = absl::StrCat(kNamedById, " AND ", kVisible);
// By the call: an organization has more records than a call has.
const std::string kOfCalleeNamed = absl::StrCat(kByCallee, " AND +o.id=?2");
const std::string kVisibleOfCalleeNamed = absl::StrCat(kOfCalleeNamed, " AND ", kVisible);
const std::string kByProvider =
    absl::StrCat(SelectRecord(), " WHERE r.provider_call_id=? AND r.organization=o.no AND o.id=? ");
const std::string kVisibleByProvider = absl::StrCat(kByProvider, " AND ", kVisible);

std::optional<std::int32_t> IdOf(const std::optional<Notice>& notice) {
  return notice ? std::optional(notice->id) : std::nullopt;
}
std::optional<std::int32_t> PtsOf(const std::optional<Notice>& notice) {
  return notice ? std::optional(notice->pts) : std::nullopt;
}
std::optional<Notice> ReadNotice(const Statement& row, int column) {
  if (row.Null(column)) return std::nullopt;
  return Notice{row.Int32(column), row.Int32(column + 1)};
}

template <class Enum>
std::optional<std::int32_t> Number(const std::optional<Enum>& value) {
  return value ? std::optional(static_cast<std::int32_t>(*value)) : std::nullopt;
}
template <class Enum>
std::optional<Enum> ReadEnum(const Statement& row, int column) {
  return row.Null(column) ? std::nullopt : std::optional(static_cast<Enum>(row.Int32(column)));
}

std::optional<std::string_view> UnlessEmpty(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional<std::string_view>(text);
}

}  // namespace

const std::string& SelectRecord() {
  static const std::string select = Select(
      {.organization = "o.id",
       .from = "coalesce(unseal('records.from_sealed',r.id,r.from_sealed),nullif('+'||CASE "
               "r.direction WHEN 1 THEN u.phone "
               "ELSE x.phone END,'+'),'')",
       .to = "coalesce(unseal('records.to_sealed',r.id,r.to_sealed),nullif('+'||CASE r.direction "
             "WHEN 1 THEN x.phone "
             "ELSE u.phone END,'+'),'')",
       .owner = "coalesce(nullif(p.full_name,''),trim(u.first_name||' '||u.last_name),''),"
                "coalesce(p.lang_code,'')",
       .details = kDetails,
       .tables = " JOIN organizations o ON o.no=r.organization LEFT JOIN users u ON u.id=r.owner "
                 "LEFT JOIN users x ON x.id=r.other LEFT JOIN record_users p ON p.user=r.owner"});
  return select;
}

RecordRow ReadRecord(const Statement& row) {
  RecordRow record;
  records::Call& call = record.call;
  call.id = OidOf(row, 0);
  record.organization = row.Int(1);
  call.organization = OidOf(row, 2);
  call.mtproto_id = row.IdOf<CallId>(3);
  record.seq = row.Int(4);
  call.session = OidOf(row, 5);
  call.conversation = OptionalOid(row, 6);
  call.contact = OptionalOid(row, 7);
  call.parent = OptionalOid(row, 8);
  record.owner = row.IdOf<UserId>(9);
  call.owner = Oid::OfUser(record.owner);
  if (!row.Null(10)) record.other = row.IdOf<UserId>(10);
  record.internal = row.Bool(11);
  call.direction = static_cast<records::Direction>(row.Int32(12));
  call.phase = static_cast<records::Phase>(row.Int32(13));
  call.end_reason = ReadEnum<records::EndReason>(row, 14);
  call.ended_by = ReadEnum<records::EndedBy>(row, 15);
  call.video = row.Bool(16);
  call.from_e164 = row.Text(17);
  call.to_e164 = row.Text(18);
  call.created_ms = row.Int(19);
  call.received_ms = OptionalInt(row, 20);
  call.accepted_ms = OptionalInt(row, 21);
  call.confirmed_ms = OptionalInt(row, 22);
  call.ended_ms = OptionalInt(row, 23);
  call.duration_s = row.Int32(24);
  call.reported_duration_s = row.Int32(25);
  call.relay = OptionalInt(row, 26);
  record.owner_notice = ReadNotice(row, 27);
  record.peer_notice = ReadNotice(row, 29);
  if (!row.Null(31)) call.provider = row.Text(31);
  call.provider_call_id = row.Null(32) ? absl::StrCat(call.mtproto_id.value()) : row.Text(32);
  call.external_id = row.Text(33);
  call.updated_ms = row.Int(34);
  record.events = row.BytesOf(35);
  record.purge_job = OptionalOid(row, 36);
  call.owner_name = row.Text(37);
  call.owner_lang_code = row.Text(38);
  record.details = row.Int32(39);
  return record;
}

void RecordRow::AddEvent(std::int64_t event_seq) {
  events.resize(events.size() + sizeof event_seq);
  StoreLittle(events.data() + events.size() - sizeof event_seq, event_seq);
}

std::vector<std::int64_t> RecordRow::EventSeqs() const {
  std::vector<std::int64_t> seqs;
  for (std::size_t at = 0; at + sizeof(std::int64_t) <= events.size(); at += sizeof(std::int64_t)) {
    seqs.push_back(LoadLittle<std::int64_t>(events.data() + at));
  }
  return seqs;
}

// Vendors may use ids like ours, so a text is tried as every kind of name that it could be.
CallName::CallName(std::string_view name) : id(Oid::Parse(name)), text(name) {
  std::int64_t number = 0;
  if (absl::SimpleAtoi(text, &number) && absl::StrCat(number) == name && number != 0) {
    mtproto_id = CallId(number);
  }
}

absl::Status RecordTable::Insert(const RecordRow& row) {
  const records::Call& call = row.call;
  const bool live = call.mtproto_id.value() != 0;
  return sql_.Run(kInsert, call.id, row.organization, call.mtproto_id, row.seq, call.session,
                  call.conversation, call.contact, call.parent, row.owner, row.other, row.internal,
                  static_cast<std::int32_t>(call.direction), static_cast<std::int32_t>(call.phase),
                  StatusCode(call), Number(call.end_reason), Number(call.ended_by), call.video,
                  live ? std::nullopt : std::optional<std::string_view>(call.from_e164),
                  live ? std::nullopt : std::optional<std::string_view>(call.to_e164),
                  call.created_ms, call.received_ms, call.accepted_ms, call.confirmed_ms,
                  call.ended_ms, call.duration_s, call.reported_duration_s, call.relay,
                  IdOf(row.owner_notice), PtsOf(row.owner_notice), IdOf(row.peer_notice),
                  PtsOf(row.peer_notice), live ? std::nullopt : UnlessEmpty(call.provider),
                  live ? std::nullopt : std::optional<std::string_view>(call.provider_call_id),
                  UnlessEmpty(call.external_id), call.updated_ms, row.events, row.purge_job);
}

absl::Status RecordTable::Update(const RecordRow& row) {
  const records::Call& call = row.call;
  return sql_.Run(
      kUpdate, call.id, call.conversation, call.contact, static_cast<std::int32_t>(call.phase),
      StatusCode(call), Number(call.end_reason), Number(call.ended_by), call.video,
      call.received_ms, call.accepted_ms, call.confirmed_ms, call.ended_ms, call.duration_s,
      call.reported_duration_s, call.relay, IdOf(row.owner_notice), PtsOf(row.owner_notice),
      IdOf(row.peer_notice), PtsOf(row.peer_notice), call.updated_ms, row.events, row.purge_job);
}

absl::StatusOr<std::vector<RecordRow>> RecordTable::ByCall(CallId call, std::int64_t requested_ms) {
  std::vector<RecordRow> rows;
  const auto read = [&rows](const Statement& row) { rows.push_back(ReadRecord(row)); };
  STORE_TRY(sql_.ForEach(kRowOfCaller, read, Oid::OfCall(requested_ms, call)));
  if (!rows.empty() && rows.front().internal) return rows;
  STORE_TRY(sql_.ForEach(kRowOfCallee, read, call));
  return rows;
}

template <class... Args>
absl::StatusOr<std::optional<RecordRow>> RecordTable::One(const std::string& sql,
                                                          const Args&... args) {
  std::optional<RecordRow> record;
  STORE_TRY(sql_.First(
                    sql, [&record](const Statement& row) { record = ReadRecord(row); }, args...)
                .status());
  return record;
}

absl::StatusOr<std::optional<RecordRow>> RecordTable::ToErase(Oid id) {
  return One(kToErase, id);
}

absl::StatusOr<std::optional<RecordRow>> RecordTable::ById(Oid id, bool hidden_too) {
  return One(hidden_too ? kById : kVisibleById, id);
}

absl::StatusOr<std::optional<RecordRow>> RecordTable::Named(Oid organization, std::string_view text,
                                                            bool hidden_too) {
  const CallName name(text);
  std::optional<RecordRow> found;
  if (name.id) {
    STORE_LET(found, One(hidden_too ? kNamedById : kVisibleNamedById, *name.id, organization));
  }
  if (!found && name.mtproto_id) {
    STORE_LET(found, OfCall(organization, *name.mtproto_id, hidden_too));
  }
  if (!found && !text.empty()) {
    STORE_LET(found, One(hidden_too ? kByProvider : kVisibleByProvider, text, organization));
  }
  return found;
}

absl::StatusOr<std::optional<RecordRow>> RecordTable::OfCall(Oid organization, CallId call,
                                                             bool hidden_too) {
  std::optional<RecordRow> found;
  STORE_LET(const auto requested_ms, sql_.Int("SELECT requested_ms FROM calls WHERE id=?", call));
  if (requested_ms) {
    STORE_LET(found, One(hidden_too ? kNamedById : kVisibleNamedById,
                         Oid::OfCall(*requested_ms, call), organization));
  }
  if (!found) {
    STORE_LET(found, One(hidden_too ? kOfCalleeNamed : kVisibleOfCalleeNamed, call, organization));
  }
  return found;
}

std::int32_t StatusCode(const records::Call& call) {
  const std::string_view word = records::NotesStatus(call);
  const auto* const at = std::find_if(std::begin(kStatuses), std::end(kStatuses),
                                      [word](const auto& status) { return status.first == word; });
  return static_cast<std::int32_t>(at - std::begin(kStatuses));
}

namespace {

std::vector<std::int32_t> Codes(const std::vector<std::string>& words,
                                std::string_view (*word_of)(std::size_t)) {
  std::vector<std::int32_t> codes;
  for (std::size_t code = 0; code < std::size(kStatuses); ++code) {
    if (std::find(words.begin(), words.end(), word_of(code)) != words.end()) {
      codes.push_back(static_cast<std::int32_t>(code));
    }
  }
  return codes;
}

}  // namespace

std::vector<std::int32_t> DialpadCodes(const std::vector<std::string>& words) {
  return Codes(words, [](std::size_t code) { return kStatuses[code].second; });
}

std::vector<std::int32_t> NotesCodes(const std::vector<std::string>& words) {
  return Codes(words, [](std::size_t code) { return kStatuses[code].first; });
}

}  // namespace trunkline::store
