#include "tests/server/store/race_world.h"

#include <span>
#include <utility>

#include "absl/strings/str_cat.h"

namespace trunkline::store {

using records::Oid;

class RaceWorld::LiveBook final : public records::Live {
 public:
  explicit LiveBook(RaceWorld* world) : world_(*world) {}
  absl::Status HangUp(CallId call) override {
    const std::size_t before = world_.facts_.size();
    world_.book_.HangUp(call, world_.now_, world_.facts_, world_.effects_);
    return AddSince(before);
  }
  absl::Status DeleteMessage(UserId owner, std::int32_t message_id) override {
    const std::size_t before = world_.facts_.size();
    world_.book_.DeleteMessage(owner, message_id, world_.now_, world_.facts_, world_.effects_);
    return AddSince(before);
  }
  absl::StatusOr<records::AddedPerson> AddPerson(const records::NewPerson&) override {
    return absl::UnimplementedError("nobody is added in these races");
  }

 private:
  absl::Status AddSince(std::size_t before) {
    const auto added = std::span<const book::Fact>(world_.facts_).subspan(before);
    return added.empty() ? absl::OkStatus() : world_.store_->AddFacts(added);
  }
  RaceWorld& world_;
};

RaceWorld::RaceWorld(std::unique_ptr<Store> store, const std::string& file)
    : store_(std::move(store)),
      reader_(*RecordReader::Open(file, store_->keys())),
      peek_(std::make_unique<Database>(*Database::OpenToRead(file))) {
  organization_ = reader_->Organizations()->front().id;
  caller_ = SignedIn("9996620001");
  callee_ = SignedIn("9996620002");
}

book::Phone RaceWorld::SignedIn(const std::string& number) {
  book::cmd::CreateKey create{};
  create.id = AuthKeyId(++last_key_);
  create.created_ms = now_ms();
  Send({}, create);
  book::Phone phone;
  phone.device = create.id;
  phone.session = {create.id, SessionId(last_key_)};
  const book::Effects code = Send(phone, book::cmd::SendCode{number});
  const std::string hash = book::ReplyAs<book::reply::SentCode>(code)->phone_code_hash;
  const book::Effects in = Send(phone, book::cmd::SignIn{number, hash, book::kTestCode});
  const book::UserView& user = book::ReplyAs<book::reply::Authorization>(in)->user;
  phone.user = user.id;
  phone.access_hash = user.access_hash;
  Send(phone, book::cmd::SessionOpened{});
  return phone;
}

void RaceWorld::Finish(bool kept) {
  if (kept) {
    for (const book::Fact& fact : facts_) {
      const auto* deleted = std::get_if<book::fact::MessageDeleted>(&fact.body);
      if (deleted != nullptr) deleted_.push_back(deleted->owner);
    }
  }
  if (kept || forgetful_) {
    book_.CommitGroup();
  } else {
    book_.RollbackGroup();
    effects_.clear();
  }
  facts_.clear();
}

book::Effects RaceWorld::Send(const book::Phone& phone, book::CommandBody body) {
  book_.Step({{phone.session, MessageId(++last_message_), phone.device}, std::move(body)}, now_,
             facts_, effects_);
  const bool kept = facts_.empty() || !refusing_;
  if (kept && !facts_.empty()) {
    EXPECT_TRUE(store_->Append(facts_).ok());
  }
  Finish(kept);
  return std::exchange(effects_, {});
}

void RaceWorld::FireDeadlines() {
  book_.FireDeadlines(now_, facts_, effects_);
  if (!refusing_ && !facts_.empty()) {
    EXPECT_TRUE(store_->Append(facts_).ok());
  }
  Finish(!refusing_);
  effects_.clear();
}

bool RaceWorld::Change(const std::function<absl::Status(records::Ledger&, records::Live&)>& work) {
  LiveBook live(this);
  const absl::Status status = store_->Change([&]() -> absl::Status {
    if (absl::Status worked = work(store_->records(), live); !worked.ok()) return worked;
    return refusing_ ? absl::ResourceExhaustedError("refused") : absl::OkStatus();
  });
  EXPECT_EQ(status.ok(), !refusing_) << status;
  Finish(status.ok());
  effects_.clear();
  return status.ok();
}

void RaceWorld::Project() {
  EXPECT_TRUE(store_->Project(10'000).ok());
}

RaceCall RaceWorld::NewCall(int phase) {
  using namespace book;  // NOLINT
  deleted_.clear();
  Pass(std::chrono::seconds(1));
  RaceCall call;
  const Effects asked = Send(caller_, cmd::RequestCall{callee_.query(), false, ++last_random_,
                                                       HashOf(Ga()), TestProtocol()});
  const CallView& waiting = ReplyAs<reply::Call>(asked)->call;
  call.caller = {waiting.id, waiting.access_hash};
  const std::optional<CallView> ring = CallTo(asked, callee_);
  call.callee = {ring->id, ring->access_hash};
  call.record = Oid::OfCall(now_ms(), waiting.id);
  if (phase >= 1) Send(callee_, cmd::ReceivedCall{call.callee});
  if (phase >= 2) Send(callee_, cmd::AcceptCall{call.callee, Gb(), TestProtocol()});
  if (phase >= 3) Send(caller_, cmd::ConfirmCall{call.caller, Ga(), 77, TestProtocol()});
  if (phase >= 4) Send(caller_, cmd::DiscardCall{call.caller, false, 1, call::Reason::kHangup, 0});
  Change([&](records::Ledger& ledger, records::Live&) -> absl::Status {
    const auto note = ledger.AddNote(actor(), call.record.Hex(), {"a note", false}, now_ms());
    if (note.ok()) call.note = note->call->notes.front().id;
    return note.status();
  });
  Change([&](records::Ledger& ledger, records::Live&) {
    return ledger.MarkViewed(actor(), call.record.Hex(), "b@example.org", now_ms()).status();
  });
  return call;
}

std::int64_t RaceWorld::Number(const std::string& sql) {
  const auto number = peek_->Number(sql);
  EXPECT_TRUE(number.ok()) << number.status() << sql;
  return number.value_or(-1);
}

RecordSeen RaceWorld::Look(const RaceCall& call) {
  const std::string of = absl::StrCat("record=x'", call.record.Hex(), "'");
  const std::string rows = absl::StrCat(" FROM records WHERE mtproto_id=", call.caller.id.value());
  RecordSeen seen;
  seen.rows = static_cast<int>(Number("SELECT count(*)" + rows));
  seen.row = seen.rows > 0;
  if (seen.row) seen.phase = static_cast<int>(Number("SELECT phase" + rows));
  seen.notes = Number("SELECT count(*) FROM record_notes WHERE " + of);
  seen.details = seen.notes + Number("SELECT count(*) FROM record_viewers WHERE " + of);
  const auto found = reader_->Find(organization_, call.record.Hex());
  EXPECT_TRUE(found.ok()) << found.status();
  seen.visible = found.ok() && found->has_value();
  const auto named = reader_->Find(organization_, absl::StrCat(call.caller.id.value()));
  EXPECT_EQ(named.ok() && named->has_value(), seen.visible);
  return seen;
}

std::vector<records::Event> RaceWorld::EventsAfter(std::int64_t seq) {
  const auto events = reader_->EventsAfter(organization_, seq, 1000);
  EXPECT_TRUE(events.ok()) << events.status();
  return events.ok() ? events->events : std::vector<records::Event>();
}

}  // namespace trunkline::store
