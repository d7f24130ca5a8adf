#include "server/store/record_functions.h"

#include <tuple>

namespace trunkline::store {
namespace {

ByteView BlobOf(sqlite3_value* value) {
  const auto* data = static_cast<const std::uint8_t*>(sqlite3_value_blob(value));
  return {data, static_cast<std::size_t>(sqlite3_value_bytes(value))};
}

template <class Result>
void GiveBlob(sqlite3_context* context, const Result& bytes) {
  sqlite3_result_blob64(context, bytes.empty() ? "" : static_cast<const void*>(bytes.data()),
                        bytes.size(), SQLITE_TRANSIENT);
}

// A function's result is NULL unless one is given.
bool IsNull(sqlite3_value* value) {
  return sqlite3_value_type(value) == SQLITE_NULL;
}

void Seal(sqlite3_context* context, int, sqlite3_value** given) {
  if (IsNull(given[3])) return;
  auto& keys = *static_cast<RecordKeys*>(sqlite3_user_data(context));
  Bytes sealed;
  const int code = keys.Seal(BlobOf(given[0]), AsText(BlobOf(given[1])), BlobOf(given[2]),
                             AsText(BlobOf(given[3])), sealed);
  if (code != SQLITE_OK) return sqlite3_result_error_code(context, code);
  GiveBlob(context, sealed);
}

void Unseal(sqlite3_context* context, int, sqlite3_value** given) {
  if (IsNull(given[2])) return;
  const auto& keys = *static_cast<const RecordKeys*>(sqlite3_user_data(context));
  const auto text = keys.Open(AsText(BlobOf(given[0])), BlobOf(given[1]), BlobOf(given[2]));
  if (!text) return sqlite3_result_null(context);
  sqlite3_result_text64(context, text->data(), text->size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

void Blind(sqlite3_context* context, int, sqlite3_value** given) {
  if (IsNull(given[1])) return;
  const auto& keys = *static_cast<const RecordKeys*>(sqlite3_user_data(context));
  GiveBlob(context, keys.Blind(sqlite3_value_int64(given[0]), AsText(BlobOf(given[1]))));
}

void PhoneOwner(sqlite3_context* context, int, sqlite3_value** given) {
  GiveBlob(context, KeyOwner::OfPhone(CallId(sqlite3_value_int64(given[0])),
                                      UserId(sqlite3_value_int64(given[1]))));
}

using Function = void (*)(sqlite3_context*, int, sqlite3_value**);

absl::Status Make(Database& database, const char* name, int arguments, int flags, Function function,
                  void* keys) {
  const int code = sqlite3_create_function_v2(database.raw(), name, arguments, SQLITE_UTF8 | flags,
                                              keys, function, nullptr, nullptr, nullptr);
  return ToStatus(database.raw(), code, name);
}

}  // namespace

absl::Status UseKeysToRead(Database& database, const RecordKeys& keys) {
  // SQLite hands the pointer back as it is; these functions read.
  void* const raw = const_cast<RecordKeys*>(&keys);
  for (const auto& [name, arguments, flags, function] :
       {std::tuple("unseal", 3, 0, &Unseal), std::tuple("blind", 2, SQLITE_DETERMINISTIC, &Blind),
        std::tuple("phone_owner", 2, SQLITE_DETERMINISTIC, &PhoneOwner)}) {
    absl::Status made = Make(database, name, arguments, flags, function, raw);
    if (!made.ok()) return made;
  }
  return absl::OkStatus();
}

absl::Status UseKeys(Database& database, RecordKeys& keys) {
  if (absl::Status read = UseKeysToRead(database, keys); !read.ok()) return read;
  return Make(database, "seal", 4, 0, &Seal, &keys);
}

}  // namespace trunkline::store
