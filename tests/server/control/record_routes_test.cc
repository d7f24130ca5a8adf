// What the operator's tool is answered about call records, over a ledger that the test fills.
#include "server/control/record_routes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/ascii.h"
#include "boost/json.hpp"
#include "tests/server/records/fake_ledger.h"

namespace trunkline::control {
namespace {

namespace json = boost::json;
using records::Oid;
using testing::HasSubstr;

constexpr std::int64_t kNow = 1'700'000'000'123;

// Two organizations, a user, a call and a key; notes down what it is told to do.
class Office : public records::FakeLedger {
 public:
  struct Reader : records::FakeReader {
    explicit Reader(Office* of) : office(*of) {}
    absl::StatusOr<std::vector<records::Organization>> Organizations() override {
      return office.organizations;
    }
    absl::StatusOr<std::vector<records::User>> Users() override { return office.users; }
    absl::StatusOr<std::vector<records::User>> UsersWithEmail(std::string_view email) override {
      std::vector<records::User> found;
      for (const records::User& user : office.users) {
        if (!email.empty() && user.email == email) found.push_back(user);
      }
      return found;
    }
    absl::StatusOr<std::vector<records::Credential>> Credentials() override { return office.keys; }
    absl::StatusOr<std::optional<records::Call>> Find(Oid organization,
                                                      std::string_view name) override {
      if (organization != office.call.organization || name != "7") return std::nullopt;
      return office.call;
    }
    absl::StatusOr<records::CallPage> List(Oid organization,
                                           const records::CallFilter& filter) override {
      office.filter = filter;
      if (organization != office.call.organization) return records::CallPage{};
      return records::CallPage{{office.call}, 41};
    }
    absl::StatusOr<std::shared_ptr<const records::CustomerCalls>> OfCustomer(
        Oid, const std::string& number, bool) override {
      records::CustomerCalls calls;
      calls.items.push_back({std::nullopt, number, records::PurgeItem::Status::kPurging, ""});
      return std::make_shared<const records::CustomerCalls>(std::move(calls));
    }
    absl::StatusOr<std::optional<records::PurgeJob>> FindJob(Oid, Oid id) override {
      if (id != office.job.id) return std::nullopt;
      return office.job;
    }
    Office& office;
  };

  Office() {
    organizations.push_back({Oid(1, 1), "default", "default", kNow});
    organizations.push_back({Oid(1, 2), "Acme", "acme", kNow});
    records::User anna;
    anna.id = Oid::OfUser(UserId(5));
    anna.mtproto_id = UserId(5);
    anna.organization = Oid(1, 1);
    anna.phone_e164 = "+49301";
    users.push_back(anna);
    call.id = Oid(9, 7);
    call.organization = Oid(1, 1);
    call.phase = records::Phase::kEnded;
    call.end_reason = records::EndReason::kBusy;
    call.ended_by = records::EndedBy::kCallee;
    call.created_ms = kNow;
    keys.push_back({Oid(3, 3), Oid(1, 1), records::CredentialKind::kApiKey, {}, 5, "", kNow});
    job.id = Oid(4, 4);
    job.requested_ms = kNow;
  }

  records::Reader& reader() override { return reader_; }
  absl::StatusOr<std::optional<records::Organization>> AddOrganization(
      std::string name, std::int64_t now_ms) override {
    if (name == "Acme") return std::nullopt;
    return records::Organization{Oid(1, 3), std::move(name), "new", now_ms};
  }
  absl::StatusOr<bool> PutUser(const records::User& user) override {
    for (records::User& one : users) {
      if (one.id == user.id) one = user;
    }
    return true;
  }
  absl::StatusOr<records::Credential> AddCredential(records::Credential credential,
                                                    std::int64_t) override {
    credential.id = Oid(3, 4 + keys.size());
    keys.push_back(credential);
    return credential;
  }
  absl::StatusOr<bool> RevokeCredential(Oid organization, Oid id) override {
    for (records::Credential& key : keys) {
      if (key.id == id && key.organization == organization) return key.revoked = true;
    }
    return false;
  }
  absl::StatusOr<bool> Discard(const records::Actor& actor, const records::DiscardRequest& request,
                               records::Live&, std::int64_t) override {
    if (store_refuses) return absl::ResourceExhaustedError("no room");
    EXPECT_EQ(actor.organization, Oid(1, 1));
    discarded = request;
    return request.call == "7";
  }
  absl::StatusOr<records::PurgeResult> Purge(const records::Actor&,
                                             const records::PurgeRequest& request,
                                             std::int64_t) override {
    purged = request;
    records::PurgeResult result;
    result.items.push_back({"c", "s", records::PurgeItem::Status::kPurging, ""});
    result.items.push_back({std::nullopt, "t", records::PurgeItem::Status::kNotFound, ""});
    result.job = job.id;
    return result;
  }

  std::vector<records::Organization> organizations;
  std::vector<records::User> users;
  std::vector<records::Credential> keys;
  records::Call call;
  records::PurgeJob job;
  records::CallFilter filter;
  std::optional<records::DiscardRequest> discarded;
  std::optional<records::PurgeRequest> purged;
  std::vector<records::NewPerson> added;
  bool store_refuses = false;

 private:
  Reader reader_{this};
};

// No calls, and accounts for whoever has a last name.
struct Accounts : records::Live {
  explicit Accounts(Office* of) : office(*of) {}
  absl::Status HangUp(CallId) override { return records::NotHere(); }
  absl::Status DeleteMessage(UserId, std::int32_t) override { return records::NotHere(); }
  absl::StatusOr<records::AddedPerson> AddPerson(const records::NewPerson& person) override {
    using Fault = records::AddedPerson::Fault;
    if (office.store_refuses) return absl::ResourceExhaustedError("no room");
    if (person.phone_e164 == "+1") return records::AddedPerson{Fault::kPhone, {}};
    if (person.last_name.empty()) return records::AddedPerson{Fault::kName, {}};
    records::User user;
    user.mtproto_id = UserId(6);
    user.id = records::Oid::OfUser(user.mtproto_id);
    user.organization = Oid(1, 1);
    user.phone_e164 = person.phone_e164;
    office.users.push_back(user);
    office.added.push_back(person);
    return records::AddedPerson{Fault::kNone, user.mtproto_id};
  }
  Office& office;
};

class RecordRoutesTest : public testing::Test {
 protected:
  RecordSources Sources() {
    RecordSources sources;
    sources.read = [this](const RecordSources::Read& work, const RecordSources::Done& done) {
      done(work(office_.reader()));
    };
    sources.change = [this](const RecordSources::Change& work, const RecordSources::Done& done) {
      Accounts live(&office_);
      done(work(office_, live));
    };
    sources.now_ms = [] { return kNow; };
    sources.number = [](std::string_view text) -> std::optional<std::string> {
      if (text.empty() || text == "none") return std::nullopt;
      return std::string(text);
    };
    sources.scopes_of = [](std::string_view text) -> std::optional<std::uint32_t> {
      if (text == "calls:read") return 1;
      return std::nullopt;
    };
    sources.scopes_of_role = [](records::Role role) {
      return role == records::Role::kAdmin ? 3u : 2u;
    };
    sources.scope_text = [](std::uint32_t scopes) { return scopes == 5 ? "one,two" : "?"; };
    sources.mint = [this](records::Ledger&, const KeyRequest& request, std::int64_t) {
      minted_ = request;
      return MintedKeys{"j", "a", "i", "s"};
    };
    return sources;
  }
  struct Answered {
    unsigned status = 0;
    std::string body;
  };
  Answered Ask(const std::string& route, const std::string& body,
               const std::string& method = "POST") {
    Answered answered;
    http::Request request;
    request.method = method;
    request.target = "/control/v1/records/" + route;
    request.body = body;
    EXPECT_TRUE(IsRecordTarget(request.target));
    routes_(request, http::Responder([&answered](const http::Answer& answer) {
              answered = {answer.status, answer.body};
            }));
    return answered;
  }

  Office office_;
  std::optional<KeyRequest> minted_;
  http::Handler routes_ = RecordRoutes(Sources());
};

TEST_F(RecordRoutesTest, OrganizationsAreListedAndAdded) {
  const Answered list = Ask("orgs/list", "{}");
  EXPECT_EQ(list.status, 200u);
  EXPECT_EQ(list.body,
            R"({"orgs":[{"id":"000000010000000000000001","name":"default","host_label":"default",)"
            R"("created_at":"2023-11-14T22:13:20.123Z"},{"id":"000000010000000000000002",)"
            R"("name":"Acme","host_label":"acme","created_at":"2023-11-14T22:13:20.123Z"}]})"
            "\n");
  EXPECT_THAT(Ask("orgs/add", R"({"name":"New"})").body, HasSubstr(R"("name":"New")"));
  EXPECT_EQ(Ask("orgs/add", R"({"name":"Acme"})").status, 409u);
}

TEST_F(RecordRoutesTest, UsersAreThoseOfOneOrganization) {
  EXPECT_THAT(Ask("users/list", "{}").body, HasSubstr(R"("phone":"+49301")"));
  EXPECT_EQ(Ask("users/list", R"({"org":"acme"})").body, "{\"users\":[]}\n");
  const Answered moved = Ask(
      "users/add", R"({"org":"ACME","phone":"+49301","name":"Anna A","email":"a@example.org"})");
  EXPECT_EQ(moved.status, 200u);
  EXPECT_EQ(office_.users[0].organization, Oid(1, 2));
  EXPECT_EQ(office_.users[0].full_name, "Anna A");
  EXPECT_EQ(office_.users[0].email, "a@example.org");
  EXPECT_TRUE(office_.added.empty());
}

TEST_F(RecordRoutesTest, WhoNeverSignedInGetsAnAccount) {
  const std::string request =
      R"({"org":"acme","phone":"+49302","name":"  Cleo  van Berg ","email":"c@example.org"})";
  const Answered made = Ask("users/add", request);
  EXPECT_EQ(made.status, 200u);
  EXPECT_THAT(made.body, HasSubstr(R"("phone":"+49302")"));
  ASSERT_EQ(office_.added.size(), 1u);
  EXPECT_EQ(office_.added[0].phone_e164, "+49302");
  EXPECT_EQ(office_.added[0].first_name, "Cleo");
  EXPECT_EQ(absl::StripAsciiWhitespace(office_.added[0].last_name), "van Berg");
  EXPECT_THAT(Ask("users/list", R"({"org":"acme"})").body, HasSubstr("c@example.org"));
  EXPECT_EQ(Ask("users/add", request).body, made.body);
  EXPECT_EQ(office_.added.size(), 1u);
}

TEST_F(RecordRoutesTest, WhyNobodyIsAdded) {
  const auto refused = [this](const std::string& phone, const std::string& name) {
    return Ask("users/add", R"({"phone":")" + phone + R"(","name":")" + name + "\"}");
  };
  for (const char* phone : {"none", "12345", "+1"}) {
    const Answered bad = refused(phone, "Cleo Berg");
    EXPECT_EQ(bad.status, 400u) << phone;
    EXPECT_THAT(bad.body, HasSubstr("\\\"phone\\\" must be")) << phone;
  }
  EXPECT_EQ(refused("+49302", "Cleo").status, 400u);
  EXPECT_THAT(refused("+49302", "Cleo").body, HasSubstr("\\\"name\\\" needs"));
  office_.store_refuses = true;
  EXPECT_EQ(refused("+49302", "Cleo Berg").status, 503u);
  EXPECT_TRUE(office_.added.empty());
  EXPECT_EQ(office_.users.size(), 1u);
}

TEST_F(RecordRoutesTest, RolesAndEmailsOfUsers) {
  const auto add = [this](const std::string& more) {
    return Ask("users/add", R"({"phone":"+49301","name":"Anna A")" + more + "}");
  };
  EXPECT_THAT(add("").body, HasSubstr(R"("role":"member")"));
  EXPECT_THAT(add(R"(,"role":"admin")").body, HasSubstr(R"("role":"admin")"));
  EXPECT_THAT(add("").body, HasSubstr(R"("role":"admin")"));  // as it was
  for (const char* role : {"", "Admin", "service"}) {
    EXPECT_EQ(add(R"(,"role":")" + std::string(role) + "\"").status, 400u) << role;
  }
  for (const std::string& email : {std::string("a"), std::string("@a"), std::string("a@"),
                                   std::string("a b@c"), std::string(254, 'a') + "@a"}) {
    EXPECT_EQ(add(R"(,"email":")" + email + "\"").status, 400u) << email;
  }
  EXPECT_EQ(add(R"(,"email":"a@example.org")").status, 200u);
  EXPECT_EQ(add(R"(,"email":"a@example.org")").status, 200u);
  EXPECT_EQ(Ask("users/add", R"({"phone":"+49302","name":"C D","email":"a@example.org"})").status,
            409u);
  EXPECT_TRUE(office_.added.empty());
  EXPECT_EQ(add(R"(,"email":"")").status, 200u);
  EXPECT_EQ(office_.users[0].email, "");
}

TEST_F(RecordRoutesTest, APasswordIsACredentialOfItsUser) {
  office_.users[0].email = "a@example.org";
  const std::string hash = "01" + std::string(96, 'a');
  const auto set = [this](const std::string& email, const std::string& of) {
    return Ask("users/password", R"({"email":")" + email + R"(","hash":")" + of + "\"}");
  };
  EXPECT_EQ(set("nobody@example.org", hash).status, 404u);
  for (const std::string& bad :
       {std::string(), hash.substr(2), "02" + hash.substr(2), hash + "aa"}) {
    EXPECT_EQ(set("a@example.org", bad).status, 400u) << bad;
  }
  EXPECT_EQ(office_.keys.size(), 1u);
  EXPECT_THAT(set("a@example.org", hash).body, HasSubstr(R"("email":"a@example.org")"));
  ASSERT_EQ(office_.keys.size(), 2u);
  EXPECT_EQ(office_.keys[1].kind, records::CredentialKind::kPassword);
  EXPECT_EQ(office_.keys[1].user, office_.users[0].id);
  EXPECT_EQ(office_.keys[1].scopes, 2u);
  EXPECT_EQ(ToHex(AsBytes(office_.keys[1].hash)), hash);
  EXPECT_THAT(Ask("keys/list", "{}").body, HasSubstr(R"("kind":"password")"));
  // A new one ends the old one.
  EXPECT_EQ(set("a@example.org", "01" + std::string(96, 'b')).status, 200u);
  EXPECT_TRUE(office_.keys[1].revoked);
  EXPECT_FALSE(office_.keys[2].revoked);
  // So does another role or organization, with the same password.
  const std::string moved =
      R"({"org":"acme","phone":"+49301","name":"Anna A","role":"admin","email":"a@example.org"})";
  EXPECT_EQ(Ask("users/add", moved).status, 200u);
  ASSERT_EQ(office_.keys.size(), 4u);
  EXPECT_TRUE(office_.keys[2].revoked);
  EXPECT_EQ(office_.keys[3].organization, Oid(1, 2));
  EXPECT_EQ(office_.keys[3].scopes, 3u);
  EXPECT_EQ(office_.keys[3].hash, office_.keys[2].hash);
  EXPECT_EQ(Ask("users/add", moved).status, 200u);
  EXPECT_EQ(office_.keys.size(), 4u);
  // Two of one e-mail.
  office_.users.push_back(office_.users[0]);
  EXPECT_EQ(set("a@example.org", hash).status, 409u);
}

TEST_F(RecordRoutesTest, KeysAreMadeListedAndRevoked) {
  const Answered made = Ask("keys/create", R"({"scopes":"calls:read","ttl_s":60,"user":"+49301"})");
  EXPECT_EQ(made.body,
            "{\"jwt\":\"j\",\"api_key\":\"a\",\"client_id\":\"i\",\"client_secret\":\"s\"}\n");
  ASSERT_TRUE(minted_);
  EXPECT_EQ(minted_->organization, Oid(1, 1));
  EXPECT_EQ(minted_->ttl_s, 60);
  EXPECT_EQ(minted_->user, Oid::OfUser(UserId(5)));
  EXPECT_EQ(Ask("keys/create", R"({"scopes":"calls:none"})").status, 400u);
  // A user of another organization is nobody here.
  EXPECT_EQ(Ask("keys/create", R"({"org":"acme","scopes":"calls:read","user":"+49301"})").status,
            404u);
  const Answered list = Ask("keys/list", "{}");
  EXPECT_THAT(list.body, HasSubstr(R"("kind":"api_key")"));
  EXPECT_THAT(list.body, HasSubstr(R"("scopes":"one,two")"));
  EXPECT_EQ(Ask("keys/revoke", R"({"id":"000000030000000000000003"})").status, 200u);
  EXPECT_EQ(Ask("keys/revoke", R"({"id":"000000030000000000000004"})").status, 404u);
  EXPECT_EQ(Ask("keys/revoke", R"({"id":"nothing"})").status, 404u);
}

TEST_F(RecordRoutesTest, CallsAreListedShownAndDiscarded) {
  const Answered list = Ask("calls/list", R"({"search":"49","limit":9999,"offset":3})");
  EXPECT_THAT(list.body, HasSubstr(R"("status":"busy","end_reason":"busy","ended_by":"callee")"));
  EXPECT_THAT(list.body, HasSubstr(R"("total":41})"));
  EXPECT_EQ(office_.filter.search, "49");
  EXPECT_EQ(office_.filter.limit, 1'000);
  EXPECT_EQ(office_.filter.offset, 3);
  EXPECT_THAT(Ask("calls/show", R"({"call":"7"})").body,
              HasSubstr(R"("id":"000000090000000000000007")"));
  EXPECT_EQ(Ask("calls/show", R"({"call":"8"})").status, 404u);
  EXPECT_EQ(Ask("calls/show", R"({"org":"acme","call":"7"})").status, 404u);
  EXPECT_EQ(Ask("calls/discard", R"({"call":"7","contact":"c","delete_contact":true})").status,
            200u);
  EXPECT_EQ(office_.discarded->contact, "c");
  EXPECT_TRUE(office_.discarded->delete_contact);
  EXPECT_EQ(Ask("calls/discard", R"({"call":"8"})").status, 404u);
  EXPECT_FALSE(office_.discarded->delete_contact);
  office_.store_refuses = true;
  EXPECT_EQ(Ask("calls/discard", R"({"call":"7"})").status, 503u);
}

// P-20, P-22
TEST_F(RecordRoutesTest, WhatIsPurgedIsSaidInOneWay) {
  using Kind = records::PurgeRequest::Kind;
  const Answered done = Ask("calls/purge", R"({"calls":["a","b"],"what_if":true})");
  EXPECT_EQ(done.body, R"({"items":[{"call":"c","session":"s","status":"Purging","error":null},)"
                       R"({"call":null,"session":"t","status":"NotFound","error":null}],)"
                       R"("job":"000000040000000000000004"})"
                       "\n");
  EXPECT_EQ(office_.purged->kind, Kind::kCalls);
  EXPECT_EQ(office_.purged->ids, (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(office_.purged->what_if);
  Ask("calls/purge", R"({"sessions":["s"]})");
  EXPECT_EQ(office_.purged->kind, Kind::kSessions);
  EXPECT_FALSE(office_.purged->what_if);
  Ask("calls/purge", R"({"number":"+1"})");
  EXPECT_EQ(office_.purged->kind, Kind::kCustomer);
  EXPECT_EQ(office_.purged->number_e164, "+1");
  // Looked for before, so that calls don't wait for it.
  ASSERT_TRUE(office_.purged->customer);
  EXPECT_EQ(office_.purged->customer->items.at(0).session, "+1");
  office_.purged.reset();
  for (const char* bad :
       {R"({})", R"({"calls":["a"],"number":"+1"})", R"({"number":"none"})", R"({"calls":"a"})",
        R"({"calls":[1]})", R"({"calls":["a"],"what_if":"true"})"}) {
    EXPECT_EQ(Ask("calls/purge", bad).status, 400u) << bad;
  }
  EXPECT_FALSE(office_.purged);
  EXPECT_THAT(Ask("jobs/show", R"({"job":"000000040000000000000004"})").body,
              HasSubstr(R"("status":"Purging")"));
  EXPECT_EQ(Ask("jobs/show", R"({"job":"000000040000000000000005"})").status, 404u);
}

TEST_F(RecordRoutesTest, WrongRequestsDoNothing) {
  EXPECT_EQ(Ask("calls/dance", "{}").status, 404u);
  EXPECT_EQ(Ask("", "{}").status, 404u);
  EXPECT_EQ(Ask("calls/list", "{}", "GET").status, 405u);
  for (const char* bad : {"", "[]", "{", R"({"call":7})", R"({})"}) {
    EXPECT_EQ(Ask("calls/discard", bad).status, 400u) << bad;
  }
  EXPECT_EQ(Ask("calls/list", R"({"org":"nobody"})").status, 404u);
  EXPECT_EQ(Ask("calls/list", R"({"limit":-1})").status, 400u);
  EXPECT_FALSE(office_.discarded);
  EXPECT_FALSE(IsRecordTarget("/control/v1/backup"));
}

}  // namespace
}  // namespace trunkline::control
