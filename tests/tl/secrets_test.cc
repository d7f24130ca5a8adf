// What texts don't show: every row of the table is at work in the generated schema, nothing else
// is, and the list of what must never be shown is spelt here once more by hand.
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "tests/paths.h"
#include "text_values.h"
#include "tl/compiler/secrets.h"
#include "tl/compiler/text_schema.h"

namespace tl {
namespace {

using trunkline::tlc::Combinator;
using trunkline::tlc::Definition;
using trunkline::tlc::Diagnostics;
using trunkline::tlc::Secrets;
using trunkline::tlc::TextSchema;
using trunkline::tlc::WireTable;

std::set<std::string> Rows() {
  std::ifstream in(std::string(TRUNKLINE_SOURCE_DIR) + "/tl/schema/secrets.txt");
  std::set<std::string> rows;
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line.front() == '#') continue;
    EXPECT_TRUE(rows.insert(line).second) << line << " stands twice";
  }
  return rows;
}

template <class Visit>
void EachField(const Visit& visit) {
  for (const Schema* schema : {&mt::kSchema, &api::kSchema}) {
    for (const SchemaLine& line : schema->lines) {
      for (std::size_t i = 0; i < line.field_count; ++i) {
        const SchemaField& field = schema->Field(line, i);
        visit(std::string(schema->NameOf(line)), std::string(schema->Name(field.name)), field);
      }
    }
  }
}

TEST(SecretsTest, TheTablesHoldTheRowsAndNothingElse) {
  const std::set<std::string> rows = Rows();
  EXPECT_GT(rows.size(), 150u);
  std::set<std::string> used;
  EachField([&](const std::string& name, const std::string& field_name, const SchemaField& field) {
    bool covered = false;
    for (const std::string& row : {name + "." + field_name, "*." + field_name}) {
      if (!rows.contains(row)) continue;
      used.insert(row);
      covered = true;
    }
    const bool secret = covered && field.kind != FieldKind::kTrue;
    EXPECT_EQ(field.secret, secret) << name << '.' << field_name;
  });
  EXPECT_EQ(used, rows);
}

// Key material and codes as the protocol's documents name them, whatever the table says.
TEST(SecretsTest, WhatMustNeverBeShown) {
  const std::set<std::string> always = {
      "phone.requestCall.g_a_hash",
      "phone.acceptCall.g_b",
      "phone.confirmCall.g_a",
      "phoneCallRequested.g_a_hash",
      "phoneCallAccepted.g_b",
      "phoneCall.g_a_or_b",
      "phoneConnection.peer_tag",
      "phone.sendSignalingData.data",
      "updatePhoneCallSignalingData.data",
      "auth.signIn.phone_code",
      "auth.signIn.phone_number",
      "auth.sendCode.phone_number",
      "auth.sentCode.phone_code_hash",
      "auth.bindTempAuthKey.encrypted_message",
      "auth.bindTempAuthKey.nonce",
      "auth.exportedAuthorization.bytes",
      "inputCheckPasswordSRP.M1",
      "account.password.srp_B",
      "p_q_inner_data.new_nonce",
      "server_DH_inner_data.g_a",
      "client_DH_inner_data.g_b",
      "req_DH_params.encrypted_data",
      "set_client_DH_params.encrypted_data",
      "server_DH_params_ok.encrypted_answer",
      "dh_gen_ok.new_nonce_hash1",
      "user.phone",
      "gzip_packed.packed_data",
      "message.message",
  };
  std::set<std::string> secret;
  EachField([&](const std::string& name, const std::string& field_name, const SchemaField& field) {
    if (field.secret && always.contains(name + "." + field_name)) {
      secret.insert(name + "." + field_name);
    }
  });
  EXPECT_EQ(secret, always);
}

// In random values of everything, no secret field has anything but its size.
TEST(SecretsTest, NoTextShowsOne) {
  WireTable table = WireTable::Project();
  std::size_t hidden = 0;
  for (const Definition& definition : table.history().definitions) {
    const Combinator* const line = WireTable::LineAt(definition, 229);
    const SchemaLine* const known = line == nullptr ? nullptr : api::kSchema.Find(line->id);
    if (known == nullptr) continue;
    Bytes bytes;
    table.MakeCall(*line, 229, 4, bytes);
    TextOptions options = Whole(229);
    options.secrets = false;
    const Printed printed = PrintNext(bytes, BothSchemas(), options);
    ASSERT_TRUE(printed.ok()) << definition.name << ": " << printed.why;
    for (std::size_t i = 0; i < known->field_count; ++i) {
      const SchemaField& field = api::kSchema.Field(*known, i);
      const std::string key = ", \"" + std::string(api::kSchema.Name(field.name)) + "\": ";
      const std::size_t at = printed.text.find(key);
      if (!field.secret || at == std::string::npos) continue;
      const std::size_t value = at + key.size();
      const bool is_own = printed.text.find('{', 1) >= at;  // not that of an inner object
      if (!is_own) continue;
      ++hidden;
      EXPECT_EQ(printed.text.compare(value, 12, "{\"_secret\": "), 0)
          << printed.text.substr(at, 60);
      EXPECT_FALSE(printed.exact);
      const Parsed parsed = Parse(printed.text, BothSchemas(), At(229));
      EXPECT_FALSE(parsed.ok());
    }
  }
  EXPECT_GT(hidden, 100u);
}

TEST(SecretsTest, SizesOfSecrets) {
  const Bytes call = Made(R"({"_": "phone.requestCall", "video": true,
      "user_id": {"_": "inputUser", "user_id": 2, "access_hash": 3}, "random_id": 4,
      "g_a_hash": "0102030405",
      "protocol": {"_": "phoneCallProtocol", "min_layer": 92, "max_layer": 92,
                   "library_versions": ["a"]}})");
  EXPECT_EQ(Print(call, BothSchemas()),
            R"({"_": "phone.requestCall", "video": true, )"
            R"("user_id": {"_": "inputUser", "user_id": 2, "access_hash": {"_secret": 8}}, )"
            R"("random_id": 4, "g_a_hash": {"_secret": 5}, )"
            R"("protocol": {"_": "phoneCallProtocol", "min_layer": 92, "max_layer": 92, )"
            R"("library_versions": ["a"]}})");
  // A boxed secret has its whole size, and damage in it tells no more than where.
  const Bytes join = Made(R"({"_": "phone.joinGroupCallPresentation",
      "call": {"_": "inputGroupCallSlug", "slug": "s"},
      "params": {"_": "dataJSON", "data": "{}"}})");
  EXPECT_NE(Print(join, BothSchemas()).find(R"("params": {"_secret": 8}})"), std::string::npos);
  Bytes damaged = join;
  damaged[damaged.size() - 8] ^= 1;
  EXPECT_TRUE(Print(damaged, BothSchemas())
                  .ends_with(R"("params": {"_error": "unknown constructor", "offset": 12}})"))
      << Print(damaged, BothSchemas());
}

TEST(SecretsTest, FaultsOfTheTable) {
  Diagnostics diagnostics;
  std::istringstream in("# comment\n*.g_a\nuser\nuser.\n.id\n\nnobody.id\n");
  Secrets secrets = Secrets::Read(in, "s.txt", diagnostics);
  EXPECT_TRUE(secrets.Covers("anything", "g_a"));
  EXPECT_FALSE(secrets.Covers("somebody", "id"));
  secrets.CheckUsed(diagnostics);
  std::ostringstream out;
  diagnostics.Print(out);
  EXPECT_EQ(out.str(),
            "s.txt:3:1: constructor.field or *.field is expected\n"
            "s.txt:4:1: constructor.field or *.field is expected\n"
            "s.txt:5:1: constructor.field or *.field is expected\n"
            "s.txt:7:1: nobody.id is no field\n");
}

// The tables that tlc carries are the generated ones.
TEST(SecretsTest, CarriedSchemaIsTheGeneratedOne) {
  Diagnostics diagnostics;
  const auto carried = TextSchema::Load("", diagnostics);
  ASSERT_NE(carried, nullptr);
  const auto same = [](const Schema& a, const Schema& b) {
    ASSERT_EQ(a.lines.size(), b.lines.size());
    EXPECT_EQ(a.layer_max, b.layer_max);
    for (std::size_t i = 0; i < a.lines.size(); ++i) {
      EXPECT_EQ(a.lines[i].id, b.lines[i].id);
      EXPECT_EQ(a.lines[i].last_layer, b.lines[i].last_layer);
      EXPECT_EQ(a.NameOf(a.lines[i]), b.NameOf(b.lines[i]));
      ASSERT_EQ(a.lines[i].field_count, b.lines[i].field_count);
      for (std::size_t field = 0; field < a.lines[i].field_count; ++field) {
        EXPECT_EQ(a.Field(a.lines[i], field).secret, b.Field(b.lines[i], field).secret);
      }
    }
  };
  same(carried->schema(), mt::kSchema);
  same(carried->api(), api::kSchema);
  EXPECT_EQ(api::kSchema.layer_max, 229);
  EXPECT_EQ(TextSchema::Load("/nowhere", diagnostics), nullptr);
  EXPECT_EQ(diagnostics.items().size(), 3u);
}

}  // namespace
}  // namespace tl
