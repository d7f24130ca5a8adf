// Files of earlier schemas are brought up to date, whatever they hold.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "server/book/apply.h"
#include "server/store/record_functions.h"
#include "server/store/record_reader.h"
#include "server/store/schema.h"
#include "tests/server/store/scratch_dir.h"

namespace trunkline::store {
namespace {

namespace fact = book::fact;

// What a server of schema 1 left: two users with a call behind them and one that rings, and a row
// that wasn't projected.
constexpr const char* kFirstSchemaRows = R"sql(
INSERT INTO users VALUES(1, 2, 11, '49301', 'Anna', '', 0, '', 1000, 0);
INSERT INTO users VALUES(2, 1, 12, '49302', 'Bert', '', 0, '', 1000, 0);
INSERT INTO contacts VALUES(1, 2, 3, 'B.', '');
INSERT INTO auth_keys(id,version,created_seq,key,created_ms,expires_ms,dc,signed_in_seq,user,
                      signed_in_ms,hash)
  VALUES(5, 2, 4, zeroblob(256), 1000, 0, 2, 5, 1, 2000, 9);
INSERT INTO codes VALUES(77, 1, 2, '49301', '', '', 3000, 1, 1);
INSERT INTO calls(id,version,requested_seq,ended_seq,debugs,caller,callee,caller_hash,callee_hash,
                  caller_device,random_id,video,requested_ms,deadline_ms,ended_ms,reason,
                  established,duration,ended_video,connection_id,caller_message_id,caller_pts,
                  callee_message_id,callee_pts)
  VALUES(100, 2, 6, 7, 0, 1, 2, 3, 4, 5, 1, 0, 5000, 0, 6000, 1, 0, 0, 0, 0, 1, 2, 1, 2);
INSERT INTO calls(id,version,requested_seq,ended_seq,debugs,caller,callee,caller_hash,callee_hash,
                  caller_device,random_id,video,requested_ms,deadline_ms,g_a_hash,protocol)
  VALUES(101, 1, 8, NULL, 0, 1, 2, 3, 4, 5, 2, 1, 7000, 97000, x'5a', x'');
INSERT INTO messages VALUES(1, 2, 1, 100, 2, 1, 6000, 0, 1, NULL);
INSERT INTO messages VALUES(2, 2, 1, 100, 1, 0, 6000, 0, 1, NULL);
UPDATE progress SET projected_seq=8;
)sql";

// What a server of schema 8 left, which sealed nothing: a contact with a text, an ingested call
// with everything that can be said of one, a session that no call is left of, and a purge by number
// under way.
constexpr const char* kOpenRows = R"sql(
INSERT INTO organizations VALUES(1, x'000000010000000000000001', 'default', 'default', 1, 9, x'11');
INSERT INTO record_secrets VALUES('receipts', zeroblob(32));
INSERT INTO record_contacts VALUES(x'000000020000000000000001', 1, 'Gerda Plain', 'Open',
  '+15125550123', 'import', NULL, 1, 1);
INSERT INTO record_conversations VALUES(x'000000030000000000000001', 1,
  x'000000020000000000000001', 2, 1, 1);
INSERT INTO record_texts VALUES(x'000000040000000000000001', x'000000030000000000000001', 1,
  'meet me at noon', 1);
INSERT INTO records(id,organization,mtproto_id,seq,session,owner,internal,direction,phase,status,
                    video,from_e164,to_e164,created_ms,duration,reported_duration,
                    provider_call_id,updated_ms,events)
  VALUES(x'000000050000000000000001', 1, 0, 1, x'000000060000000000000001', 1, 0, 1, 4, 4, 0,
         '+15125550100', '+15125550123', 5000, 3, 3, 'crm-1', 5000, x'');
INSERT INTO record_notes VALUES(1, x'000000070000000000000001', x'000000050000000000000001',
  x'000000000000000000000001', 'owes us a call', 0, 6000);
INSERT INTO record_ratings VALUES(x'000000050000000000000001', x'000000000000000000000001', 2,
  'hums all the time', 0, 0, 6000);
INSERT INTO record_ingested VALUES(x'000000050000000000000001', 'completed', 'said hello',
  'was greeted', 'kept elsewhere');
INSERT INTO record_sessions VALUES(x'000000080000000000000001', 1, 2, 1, 1, 0, NULL, NULL,
  '+15125550100', '+15125550177', 2, NULL);
INSERT INTO purge_jobs(id,organization,kind,requested_ms,number,user,upto_seq)
  VALUES(x'000000090000000000000001', 1, 2, 7000, '+15125550199', NULL, 9);
)sql";

class MigrationTest : public ScratchDir {
 protected:
  absl::StatusOr<Database> EmptyFile() {
    std::filesystem::create_directory(dir());
    std::ofstream(file()).close();
    auto database = Database::Open(file());
    auto keys = RecordKeys::Open((dir() / "record.keys").string(), nullptr, false, nullptr);
    EXPECT_TRUE(keys.ok()) << keys.status();
    keys_ = *std::move(keys);
    EXPECT_TRUE(database.ok() && UseKeys(*database, *keys_).ok());
    return database;
  }

  // Of the database and its log.
  bool FileHolds(const std::string& text) const {
    for (const auto& entry : std::filesystem::directory_iterator(dir())) {
      std::ifstream bytes(entry.path(), std::ios::binary);
      if (std::string(std::istreambuf_iterator<char>(bytes), {}).find(text) != std::string::npos) {
        return true;
      }
    }
    return false;
  }

  std::shared_ptr<RecordKeys> keys_;
};

TEST_F(MigrationTest, AFileOfTheFirstSchemaGoesOn) {
  {
    auto database = EmptyFile();
    ASSERT_TRUE(database.ok()) << database.status();
    ASSERT_TRUE(Migrate(*database, 1).ok());
    ASSERT_EQ(*database->Number("PRAGMA user_version"), 1);
    const absl::Status filled = database->Execute(kFirstSchemaRows);
    ASSERT_TRUE(filled.ok()) << filled;
    auto insert = database->Prepare("INSERT INTO journal VALUES(9,2,1,3,?)");
    FactCodec codec;
    insert->Bind(codec.Encode(fact::UserSeen{UserId(1), 8'000}));
    ASSERT_TRUE(insert->Run().ok());
  }
  book::State state;
  auto store = MustOpen();
  const absl::Status restored =
      store->Restore([&state](const book::Fact& fact) { book::Apply(state, fact); });
  ASSERT_TRUE(restored.ok()) << restored;
  EXPECT_EQ(state.users.size(), 2u);
  EXPECT_EQ(state.users.Find(UserId(1))->seen_ms, 8'000);
  EXPECT_EQ(state.users.Find(UserId(1))->version, 3);
  EXPECT_EQ(state.contacts.size(), 1u);
  EXPECT_EQ(state.devices.Find(UserId(1))->size(), 1u);
  EXPECT_EQ(state.calls.Find(CallId(100))->call.state, call::State::kEnded);
  EXPECT_EQ(state.calls.Find(CallId(100))->call.ended_by, call::EndedBy::kServer);  // disconnected
  EXPECT_EQ(UnixMillis(state.calls.Find(CallId(101))->call.deadline), 97'000);
  EXPECT_EQ(state.messages.size(), 2u);
  EXPECT_EQ(state.boxes.Find(UserId(2))->pts, 2);

  ASSERT_TRUE(store->Append(FactsOfOneUser(4, 2)).ok());
  EXPECT_EQ(*store->Project(10), 3);
  store.reset();
  auto database = Database::Open(file());
  ASSERT_TRUE(database.ok());
  EXPECT_EQ(*database->Number("PRAGMA user_version"), SchemaVersion());
  EXPECT_EQ(*database->Number("SELECT projected_seq FROM progress"), 11);
  EXPECT_EQ(*database->Number("SELECT version FROM users WHERE id=1"), 5);
}

// P-42: numbers, names and texts are sealed where they lie, and still found.
TEST_F(MigrationTest, AFileInPlainIsSealed) {
  {
    auto database = EmptyFile();
    ASSERT_TRUE(database.ok() && Migrate(*database, 8).ok());
    const absl::Status filled = database->Execute(kOpenRows);
    ASSERT_TRUE(filled.ok()) << filled;
  }
  keys_.reset();
  const std::vector<std::string> texts = {
      "5125550100", "5125550123", "5125550177", "5125550199",  "Gerda Plain",   "meet me",
      "owes us",    "hums all",   "said hello", "was greeted", "kept elsewhere"};
  for (const std::string& text : texts) EXPECT_TRUE(FileHolds(text)) << text;
  auto store = MustOpen();
  auto reader = RecordReader::Open(file(), store->keys());
  ASSERT_TRUE(reader.ok()) << reader.status();
  const auto call = (*reader)->Find(records::Oid(1, 1), "crm-1");
  ASSERT_TRUE(call.ok() && *call) << call.status();
  EXPECT_EQ((*call)->from_e164, "+15125550100");
  EXPECT_EQ((*call)->to_e164, "+15125550123");
  EXPECT_EQ((*call)->notes.at(0).content, "owes us a call");
  EXPECT_EQ((*call)->ratings.at(0).comment, "hums all the time");
  EXPECT_EQ((*call)->ingested->summary, "was greeted");
  records::Actor actor;
  actor.organization = records::Oid(1, 1);
  const auto found = [&](const char* number) {
    std::size_t items = 0;
    const auto calls = (*reader)->OfCustomer(actor.organization, number, true);
    EXPECT_TRUE(calls.ok()) << calls.status();
    const absl::Status done = store->Change([&]() -> absl::Status {
      const auto result = store->records().Purge(
          actor, {records::PurgeRequest::Kind::kCustomer, {}, number, true, *calls}, 8'000);
      if (result.ok()) items = result->shown().size();
      return result.status();
    });
    EXPECT_TRUE(done.ok()) << done;
    return items;
  };
  EXPECT_EQ(found("+15125550123"), 1u);
  EXPECT_EQ(found("+15125550177"), 1u);
  EXPECT_EQ(found("+15125550199"), 0u);
  reader->reset();
  store.reset();
  for (const std::string& text : texts) EXPECT_FALSE(FileHolds(text)) << text;
}

// Each migration takes its predecessor's file, and all of them in one go make the same tables.
TEST_F(MigrationTest, StepByStepMakesTheSameSchema) {
  constexpr const char* kSchema =
      "SELECT group_concat(sql, ';') FROM (SELECT sql FROM sqlite_schema ORDER BY name)";
  const auto text = [](Database& database) {
    auto statement = database.Prepare(kSchema);
    return statement.ok() && *statement->Step() ? statement->Text(0) : "";
  };
  std::string expected;
  {
    auto at_once = EmptyFile();
    ASSERT_TRUE(at_once.ok() && Migrate(*at_once).ok());
    expected = text(*at_once);
  }
  std::filesystem::remove_all(dir());
  auto database = EmptyFile();
  ASSERT_TRUE(database.ok());
  for (int version = 1; version <= SchemaVersion(); ++version) {
    if (version == 6 || version == 7) continue;  // no release had them
    ASSERT_TRUE(Migrate(*database, version).ok()) << version;
    ASSERT_TRUE(Migrate(*database, version).ok()) << version << ", once more";
    EXPECT_EQ(*database->Number("PRAGMA user_version"), version);
  }
  EXPECT_EQ(text(*database), expected);
  EXPECT_GT(expected.size(), 1'000u);
}

// P-42: e-mails of viewers that a file has in plain are sealed on the way.
TEST_F(MigrationTest, ViewersAreSealed) {
  constexpr int kPlain = 13;
  auto database = EmptyFile();
  ASSERT_TRUE(database.ok() && Migrate(*database, kPlain).ok());
  const absl::Status filled = database->Execute(R"sql(
INSERT INTO records(id,organization,mtproto_id,seq,session,owner,internal,direction,phase,status,
                    video,created_ms,duration,reported_duration,updated_ms,events)
  VALUES(x'000000010000000000000007',1,7,1,zeroblob(12),1,0,1,4,0,0,1000,0,0,1000,x'');
INSERT INTO record_viewers VALUES(x'000000010000000000000007','ann@example.org'),
  (x'000000010000000000000007','ben@example.org');
)sql");
  ASSERT_TRUE(filled.ok()) << filled;
  ASSERT_TRUE(Migrate(*database, kPlain + 1).ok());
  EXPECT_EQ(*database->Number("SELECT count(*) FROM record_viewers WHERE email='ann@example.org'"),
            0);
  EXPECT_EQ(*database->Number("SELECT count(*) FROM record_viewers WHERE "
                              "unseal('record_viewers.email',record,email) LIKE '%@example.org'"),
            2);
  // Who is there stays once.
  ASSERT_TRUE(database
                  ->Execute("INSERT OR IGNORE INTO record_viewers SELECT record,"
                            "blind(1,hex(record)||'ann@example.org'),x'' FROM record_viewers")
                  .ok());
  EXPECT_EQ(*database->Number("SELECT count(*) FROM record_viewers"), 2);
}

TEST_F(MigrationTest, VersionsThatNoReleaseHadAreRefused) {
  auto database = EmptyFile();
  ASSERT_TRUE(database.ok() && Migrate(*database, 7).ok());
  const absl::Status refused = Migrate(*database);
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.message()), testing::HasSubstr("version 7"));
}

}  // namespace
}  // namespace trunkline::store
