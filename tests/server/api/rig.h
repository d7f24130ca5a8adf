// The surfaces over a small ledger, with two organizations, a token of each kind for the first and
// an API key for the second. Answers come at once.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "boost/json.hpp"
#include "server/api/scopes.h"
#include "server/api/service.h"
#include "tests/server/api/inline_backend.h"
#include "tests/server/api/small_ledger.h"

namespace trunkline::api {

constexpr std::int64_t kNow = 1'778'836'355'120;  // 2026-05-15T09:12:35.120Z

struct Asked {
  http::Answer answer;
  int times = 0;  // answered

  unsigned status() const { return answer.status; }
  const std::string& body() const { return answer.body; }
  std::string Header(std::string_view name) const {
    for (const auto& [key, value] : answer.headers) {
      if (key == name) return value;
    }
    return "";
  }
  boost::json::value Json() const { return boost::json::parse(answer.body); }
};

class ApiTest : public testing::Test {
 protected:
  static constexpr std::uint32_t kAll =
      kCallsRead | kCallsWrite | kCallsPurge | kNotesWrite | kEventsRead;

  struct Limits {
    Rate rate, failed_rate;
  };
  ApiTest() : ApiTest(Limits{}) {}
  explicit ApiTest(const Limits& limits) {
    own_ = records::Oid(1, 1);
    foreign_ = records::Oid(1, 2);
    ledger_.organizations = {{own_, "Acme", "acme", 1}, {foreign_, "Other", "other", 2}};
    ledger_.users = {{records::Oid(0, 11), own_, UserId(11), "+15550011", "Ann Lee", "", "en"},
                     {records::Oid(0, 12), foreign_, UserId(12), "+15550012", "Bo Ek", "", "sv"}};
    key_ = AddKey(own_, kAll);
    foreign_key_ = AddKey(foreign_, kAll);
    const records::Credential jwt = Make(50, own_, records::CredentialKind::kJwt, kAll);
    ledger_.credentials.push_back(jwt);
    const NewSecret client = MakeSecret(records::CredentialKind::kClient, entropy_);
    client_secret_ = client.text;
    records::Credential of_client = Make(51, own_, records::CredentialKind::kClient, kCallsPurge);
    of_client.hash = client.hash;
    of_client.created_ms = kNow - 1000;
    ledger_.credentials.push_back(of_client);
    Refill();
    jwt_ = keyring_->JwtOf(jwt, kNow);
    Config config;
    config.rate = limits.rate;
    config.failed_rate = limits.failed_rate;
    config.now_ms = [this] { return now_ms_; };
    config.request_id = [this] { return "minted-" + std::to_string(++minted_); };
    config.log = [this](const Access& access) { log_.push_back(access); };
    config.audit = [this](const Audit& audit) { audits_.push_back(audit); };
    config.aside = [this](const std::function<void()>& work) {
      if (aside_full_) return false;
      work();
      return true;
    };
    config.webhooks_changed = [this](records::Oid organization, const std::string& moved) {
      webhook_changes_.push_back(organization.Hex() + " " + moved);
    };
    service_.emplace(&backend_, keyring_, std::move(config));
    AddCall(own_, 100);
    AddCall(foreign_, 200);
  }

  static records::Credential Make(std::uint64_t id, records::Oid organization,
                                  records::CredentialKind kind, std::uint32_t scopes) {
    records::Credential credential;
    credential.id = records::Oid(2, id);
    credential.organization = organization;
    credential.kind = kind;
    credential.scopes = scopes;
    return credential;
  }

  void Refill() { ASSERT_TRUE(keyring_->Fill(ledger_).ok()); }

  std::string AddKey(records::Oid organization, std::uint32_t scopes) {
    const NewSecret secret = MakeSecret(records::CredentialKind::kApiKey, entropy_);
    records::Credential credential = Make(ledger_.credentials.size() + 1, organization,
                                          records::CredentialKind::kApiKey, scopes);
    credential.hash = secret.hash;
    ledger_.credentials.push_back(credential);
    Refill();
    return secret.text;
  }

  // An outbound call that ended after 154 s, with two notes.
  records::Oid AddCall(records::Oid organization, std::int64_t id) {
    records::Call call;
    call.id = records::Oid::OfCall(1'778'836'200'000, CallId(id));
    call.organization = organization;
    call.session = records::Oid(3, static_cast<std::uint64_t>(id));
    call.owner = records::Oid(0, 11);
    call.owner_name = "Ann Lee";
    call.owner_lang_code = "en";
    call.mtproto_id = CallId(id);
    call.phase = records::Phase::kEnded;
    call.end_reason = records::EndReason::kHangup;
    call.from_e164 = "+15550011";
    call.to_e164 = "+15125551234";
    call.created_ms = 1'778'836'200'000;  // 2026-05-15T09:10:00Z
    call.accepted_ms = call.confirmed_ms = call.created_ms + 1000;
    call.ended_ms = *call.confirmed_ms + 154'000;
    call.duration_s = 154;
    call.provider_call_id = std::to_string(id);
    call.notes = {{records::Oid(4, 1), records::Oid(0, 11), "first", true, call.created_ms},
                  {records::Oid(4, 2), records::Oid(0, 11), "second", false, call.created_ms}};
    ledger_.calls.push_back(call);
    return call.id;
  }
  std::string CallHex() const { return ledger_.calls[0].id.Hex(); }
  std::string ForeignHex() const { return ledger_.calls[1].id.Hex(); }

  Asked Ask(http::Request request) {
    Asked asked;
    {
      const http::Responder respond([&asked](http::Answer answer) {
        asked.answer = std::move(answer);
        ++asked.times;
      });
      service_->Handle(request, respond);
    }
    EXPECT_EQ(asked.times, 1) << request.method << " " << request.target;
    return asked;
  }
  Asked Ask(const std::string& method, const std::string& target, const std::string& body = "",
            const std::string& content_type = "application/json") {
    http::Request request;
    request.method = method;
    request.target = target;
    request.body = body;
    if (!body.empty()) request.content_type = content_type;
    request.authorization = "Bearer " + key_;
    return Ask(std::move(request));
  }
  Asked AskAs(const std::string& authorization, const std::string& method,
              const std::string& target, const std::string& body = "") {
    http::Request request;
    request.method = method;
    request.target = target;
    request.body = body;
    request.content_type = "application/json";
    request.authorization = authorization;
    return Ask(std::move(request));
  }

  SmallLedger ledger_;
  InlineBackend backend_{&ledger_, &ledger_};
  SeededEntropy entropy_{1};
  std::shared_ptr<Keyring> keyring_ =
      std::make_shared<Keyring>(SecretBytes<Keyring::kJwtKeyBytes>());
  std::optional<Service> service_;
  records::Oid own_, foreign_;
  std::string key_, foreign_key_, jwt_, client_secret_;
  std::int64_t now_ms_ = kNow;
  int minted_ = 0;
  bool aside_full_ = false;
  std::vector<Access> log_;
  std::vector<Audit> audits_;
  std::vector<std::string> webhook_changes_;
};

}  // namespace trunkline::api
