#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/store/entity_tables.h"
#include "server/store/fact_codec.h"

namespace trunkline::store {
namespace {

namespace fact = book::fact;
using Apply = absl::FunctionRef<void(const book::Fact&)>;
// False: a column holds what it can't.
using Visit = absl::FunctionRef<bool(const Statement&)>;

absl::Status ForEach(Database& database, std::string_view sql, Visit visit) {
  absl::StatusOr<Statement> statement = database.Prepare(sql);
  if (!statement.ok()) return statement.status();
  for (;;) {
    const absl::StatusOr<bool> row = statement->Step();
    if (!row.ok()) return row.status();
    if (!*row) return absl::OkStatus();
    if (!visit(*statement)) {
      return absl::DataLossError(absl::StrCat("entity ", statement->Int(0), ": bad columns"));
    }
  }
}

// Every query below starts with the entity's id and version.
book::Fact Of(book::Stream stream, const Statement& row, book::FactBody body) {
  return {stream, row.Int(0), row.Int32(1), std::move(body)};
}
book::Fact OfUser(const Statement& row, book::FactBody body) {
  return Of(book::Stream::kUser, row, std::move(body));
}
book::Fact OfKey(const Statement& row, book::FactBody body) {
  return Of(book::Stream::kKey, row, std::move(body));
}

absl::Status ReplayUsers(Database& database, Apply apply) {
  return ForEach(
      database,
      "SELECT id,version,access_hash,phone,first_name,last_name,bot,bot_token_hash,"
      "created_ms,seen_ms FROM users ORDER BY id",
      [apply](const Statement& row) {
        const auto id = row.IdOf<UserId>(0);
        apply(OfUser(row, fact::UserCreated{id, row.IdOf<AccessHash>(2), row.Text(3), row.Text(4),
                                            row.Text(5), row.Bool(6), row.Text(7), row.Int(8)}));
        if (row.Int(9) != 0) apply(OfUser(row, fact::UserSeen{id, row.Int(9)}));
        return true;
      });
}

absl::Status ReplayContacts(Database& database, Apply apply) {
  return ForEach(database,
                 "SELECT owner,users.version,contact,contacts.first_name,contacts.last_name "
                 "FROM contacts JOIN users ON users.id=owner ORDER BY added_seq",
                 [apply](const Statement& row) {
                   apply(OfUser(row, fact::ContactAdded{row.IdOf<UserId>(0), row.IdOf<UserId>(2),
                                                        row.Text(3), row.Text(4)}));
                   return true;
                 });
}

absl::Status ReplayBlocked(Database& database, Apply apply) {
  return ForEach(
      database,
      "SELECT owner,users.version,user FROM blocked JOIN users ON users.id=owner "
      "ORDER BY added_seq",
      [apply](const Statement& row) {
        apply(OfUser(row, fact::BlockedChanged{row.IdOf<UserId>(0), row.IdOf<UserId>(2), true}));
        return true;
      });
}

absl::Status ReplayPrivacy(Database& database, Apply apply) {
  return ForEach(
      database, "SELECT owner,users.version,key,rules FROM privacy JOIN users ON users.id=owner",
      [apply](const Statement& row) {
        auto rules = DecodePrivacyRules(row.Blob(3));
        const std::int64_t key = row.Int(2);
        if (!rules || key < 0 || key > static_cast<std::int64_t>(book::PrivacyKey::kPhoneP2p)) {
          return false;
        }
        apply(OfUser(row, fact::PrivacySet{row.IdOf<UserId>(0), static_cast<book::PrivacyKey>(key),
                                           *std::move(rules)}));
        return true;
      });
}

absl::Status ReplayKeys(Database& database, Apply apply) {
  return ForEach(
      database,
      "SELECT id,version,key,created_ms,expires_ms,dc,layer,api_id,device_model,system_version,"
      "app_version,system_lang_code,lang_pack,lang_code FROM auth_keys ORDER BY created_seq",
      [apply](const Statement& row) {
        const auto id = row.IdOf<AuthKeyId>(0);
        const ByteView key = row.Blob(2);
        if (key.size() != 256) return false;
        apply(OfKey(row, fact::KeyCreated{id, AuthKey(key.first<256>()), row.Int(3), row.Int(4),
                                          row.Int32(5)}));
        if (row.Null(6)) return true;
        apply(OfKey(
            row, fact::KeyInitialised{id, book::ClientInfo{row.Int32(6), row.Int32(7), row.Text(8),
                                                           row.Text(9), row.Text(10), row.Text(11),
                                                           row.Text(12), row.Text(13)}}));
        return true;
      });
}

absl::Status ReplayBindings(Database& database, Apply apply) {
  return ForEach(database,
                 "SELECT id,version,bound_to,bound_until_ms FROM auth_keys "
                 "WHERE bound_seq IS NOT NULL ORDER BY bound_seq",
                 [apply](const Statement& row) {
                   apply(OfKey(row, fact::KeyBound{row.IdOf<AuthKeyId>(0), row.IdOf<AuthKeyId>(2),
                                                   row.Int(3)}));
                   return true;
                 });
}

absl::Status ReplaySignIns(Database& database, Apply apply) {
  return ForEach(
      database,
      "SELECT id,version,user,signed_in_ms,hash,calls_disabled FROM auth_keys "
      "WHERE signed_in_seq IS NOT NULL ORDER BY signed_in_seq",
      [apply](const Statement& row) {
        const auto key = row.IdOf<AuthKeyId>(0);
        apply(OfKey(row, fact::SignedIn{key, row.IdOf<UserId>(2), row.Int(3), row.Int(4)}));
        if (row.Bool(5)) apply(OfKey(row, fact::CallsDisabled{key, true}));
        return true;
      });
}

absl::Status ReplayCodes(Database& database, Apply apply) {
  return ForEach(database,
                 "SELECT stream_id,version,phone,hash,code,expires_ms,tries,ended FROM codes "
                 "ORDER BY stream_id,issue",
                 [apply](const Statement& row) {
                   const std::string phone = row.Text(2);
                   const auto of_phone = [&row](book::FactBody body) {
                     return Of(book::Stream::kPhone, row, std::move(body));
                   };
                   apply(of_phone(fact::CodeIssued{phone, row.Text(3), row.Text(4), row.Int(5)}));
                   for (std::int64_t i = 0; i < row.Int(6); ++i) {
                     apply(of_phone(fact::CodeTried{phone}));
                   }
                   if (row.Bool(7)) apply(of_phone(fact::CodeEnded{phone}));
                   return true;
                 });
}

}  // namespace

absl::Status ReplayEntities(Database& database, Apply apply) {
  constexpr absl::Status (*kInOrder[])(Database&, Apply) = {
      ReplayUsers, ReplayContacts, ReplayBlocked, ReplayPrivacy,
      ReplayKeys,  ReplayBindings, ReplaySignIns, ReplayCodes};
  for (const auto replay : kInOrder) {
    if (absl::Status status = replay(database, apply); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace trunkline::store
