#include "server/store/record_outbox.h"

#include <optional>
#include <string>

namespace trunkline::store {
namespace {

using records::Oid;

// In a row: about what a page of the file holds, so that purging one rewrites no more.
constexpr int kRowEvents = 64;

std::string BytesOf(const std::optional<Oid>& id) {
  return id ? std::string(AsText(id->bytes())) : std::string();
}

std::optional<Oid> IdOf(const std::string& bytes) {
  return Oid::FromBytes(AsBytes(bytes));
}

void Put(const records::Event& event, RecordEvent& row) {
  row.set_id(BytesOf(event.id));
  row.set_type(static_cast<std::uint32_t>(event.type));
  row.set_at_ms(event.at_ms);
  row.set_call(BytesOf(event.call));
  row.set_contact(BytesOf(event.contact));
  row.set_note(BytesOf(event.note));
  row.set_conversation(BytesOf(event.conversation));
  row.set_cause(event.cause);
}

records::Event Read(const RecordEvent& row, std::int64_t seq) {
  records::Event event;
  event.seq = seq;
  event.id = IdOf(row.id()).value_or(Oid());
  event.type = static_cast<records::EventType>(row.type());
  event.at_ms = row.at_ms();
  event.call = IdOf(row.call());
  event.contact = IdOf(row.contact());
  event.note = IdOf(row.note());
  event.conversation = IdOf(row.conversation());
  event.cause = row.cause();
  event.purged = row.purged();
  return event;
}

absl::StatusOr<RecordEvents> Parsed(const Statement& row, int column) {
  RecordEvents events;
  const ByteView body = row.Blob(column);
  if (!events.ParseFromArray(body.data(), static_cast<int>(body.size()))) {
    return absl::DataLossError("a row of the outbox can't be read");
  }
  return events;
}

}  // namespace

absl::Status ReadEvents(SqlCache& sql, std::int64_t organization, std::int64_t after, int max,
                        absl::FunctionRef<void(records::Event)> visit) {
  absl::Status status;
  int left = max;
  // From the row on that the first of them is in.
  STORE_TRY(sql.ForEach(
      "SELECT seq,events FROM outbox WHERE organization=?1 AND seq>=coalesce((SELECT max(seq) FROM "
      "outbox WHERE organization=?1 AND seq<=?2),?2) ORDER BY seq LIMIT ?3",
      [&](const Statement& row) {
        const absl::StatusOr<RecordEvents> events = Parsed(row, 1);
        if (!events.ok()) status = events.status();
        if (!status.ok()) return;
        std::int64_t seq = row.Int(0);
        for (const RecordEvent& event : events->events()) {
          if (seq > after && left > 0) {
            visit(Read(event, seq));
            --left;
          }
          ++seq;
        }
      },
      organization, after + 1, std::int64_t{max} + 1));
  return status;
}

absl::StatusOr<RecordOutbox::Tail*> RecordOutbox::TailOf(std::int64_t organization) {
  const auto known = tails_.find(organization);
  if (known != tails_.end()) return &known->second;
  STORE_LET(const auto last,
            sql_.Int("SELECT last_seq FROM organizations WHERE no=?", organization));
  Tail& tail = tails_[organization];
  tail.last_seq = last.value_or(0);
  return &tail;
}

absl::StatusOr<std::int64_t> RecordOutbox::NextSeq(std::int64_t organization) {
  STORE_LET(const Tail* const tail, TailOf(organization));
  return tail->last_seq + 1;
}

absl::Status RecordOutbox::Emit(std::int64_t organization, records::Event event) {
  STORE_LET(Tail* const tail, TailOf(organization));
  ++tail->last_seq;
  event.id = ids_->Next(event.at_ms);
  Put(event, *tail->events.add_events());
  return tail->events.events_size() < kRowEvents ? absl::OkStatus() : Write(organization, *tail);
}

absl::Status RecordOutbox::Emit(RecordRow& record, records::EventType type, std::int64_t at_ms) {
  records::Event event;
  event.type = type;
  event.at_ms = at_ms;
  event.contact = record.call.contact;
  event.conversation = record.call.conversation;
  return Emit(record, std::move(event));
}

absl::Status RecordOutbox::Emit(RecordRow& record, records::Event event) {
  STORE_LET(const std::int64_t seq, NextSeq(record.organization));
  event.call = record.call.id;
  record.AddEvent(seq);
  return Emit(record.organization, std::move(event));
}

// The event in a row that is written anew at the next Flush; null: it is no longer kept.
absl::StatusOr<RecordEvent*> RecordOutbox::Find(std::int64_t organization, std::int64_t seq) {
  const auto event_of = [seq](std::int64_t first, RecordEvents& events) -> RecordEvent* {
    const std::int64_t at = seq - first;
    return at >= 0 && at < events.events_size() ? events.mutable_events(static_cast<int>(at))
                                                : nullptr;
  };
  auto known = purged_.upper_bound({organization, seq});
  if (known != purged_.begin() && (--known)->first.first == organization) {
    if (RecordEvent* const event = event_of(known->first.second, known->second)) return event;
  }
  std::optional<std::int64_t> first;
  absl::StatusOr<RecordEvents> events = RecordEvents();
  STORE_TRY(sql_.First(
                    "SELECT seq,events FROM outbox WHERE organization=? AND seq<=? "
                    "ORDER BY seq DESC LIMIT 1",
                    [&](const Statement& row) {
                      first = row.Int(0);
                      events = Parsed(row, 1);
                    },
                    organization, seq)
                .status());
  if (!events.ok()) return events.status();
  if (!first || seq - *first >= events->events_size()) return nullptr;
  return event_of(*first, purged_[{organization, *first}] = *std::move(events));
}

absl::StatusOr<int> RecordOutbox::Purge(const RecordRow& record) {
  STORE_LET(Tail* const tail, TailOf(record.organization));
  int purged = 0;
  for (const std::int64_t seq : record.EventSeqs()) {
    if (seq > tail->last_seq - tail->events.events_size()) {
      STORE_TRY(Write(record.organization, *tail));
    }
    STORE_LET(RecordEvent* const event, Find(record.organization, seq));
    if (event == nullptr) continue;
    event->clear_call();
    event->clear_contact();
    event->clear_note();
    event->clear_conversation();
    event->clear_cause();
    event->set_purged(true);
    ++purged;
  }
  return purged;
}

absl::Status RecordOutbox::Write(std::int64_t organization, Tail& tail) {
  const int count = tail.events.events_size();
  if (count == 0) return absl::OkStatus();
  STORE_TRY(sql_.Run("INSERT INTO outbox(organization,seq,events) VALUES(?,?,?)", organization,
                     tail.last_seq - count + 1, AsBytes(tail.events.SerializeAsString())));
  tail.events.Clear();
  return sql_.Run("UPDATE organizations SET last_seq=? WHERE no=?", tail.last_seq, organization);
}

absl::Status RecordOutbox::Flush() {
  for (auto& [organization, tail] : tails_) STORE_TRY(Write(organization, tail));
  for (const auto& [key, events] : purged_) {
    STORE_TRY(sql_.Run("UPDATE outbox SET events=? WHERE organization=? AND seq=?",
                       AsBytes(events.SerializeAsString()), key.first, key.second));
  }
  purged_.clear();
  return absl::OkStatus();
}

void RecordOutbox::Forget() {
  tails_.clear();
  purged_.clear();
}

}  // namespace trunkline::store
