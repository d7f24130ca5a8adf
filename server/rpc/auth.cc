// Signing in and out, devices, and binding of temporary keys.
#include <string>

#include "server/rpc/limits.h"
#include "server/rpc/requests.h"

namespace trunkline::rpc {
namespace {

namespace cmd = book::cmd;

bool CodeFits(std::string_view phone, std::string_view hash) {
  return phone.size() <= kPhoneBytesMax && hash.size() <= kCodeHashBytesMax;
}

}  // namespace

// auth.bindTempAuthKey: the inner message is checked by the engine that has the permanent key.
Outcome Run(const fn::auth::BindTempAuthKey& request, const Context& context) {
  if (request.expires_at <= UnixSeconds(context.now)) return Refuse(ErrorType::kExpiresAtInvalid);
  constexpr std::size_t kEncryptedBytes = 104;
  if (request.encrypted_message.size() != kEncryptedBytes || request.perm_auth_key_id == 0) {
    return Refuse(ErrorType::kEncryptedMessageInvalid);
  }
  const ByteView encrypted = AsBytes(request.encrypted_message);
  CheckBinding check;
  check.perm_key = AuthKeyId(request.perm_auth_key_id);
  check.nonce = request.nonce;
  check.expires_at = request.expires_at;
  check.encrypted_message.assign(encrypted.begin(), encrypted.end());
  return check;
}

Outcome Run(const fn::auth::DropTempAuthKeys& request, const Context&) {
  if (request.except_auth_keys.size() > kExceptKeysMax) return Refuse(ErrorType::kLimitInvalid);
  cmd::DropTempKeys drop;
  for (const std::int64_t key : request.except_auth_keys) drop.except.emplace_back(key);
  return Ask(std::move(drop));
}

Outcome Run(const fn::auth::SendCode& request, const Context&) {
  if (request.api_id <= 0) return Refuse(ErrorType::kApiIdInvalid);
  if (request.phone_number.size() > kPhoneBytesMax) return Refuse(ErrorType::kPhoneNumberInvalid);
  return Ask(cmd::SendCode{std::string(request.phone_number)});
}

Outcome Run(const fn::auth::ResendCode& request, const Context&) {
  if (!CodeFits(request.phone_number, request.phone_code_hash)) {
    return Refuse(ErrorType::kPhoneCodeExpired);
  }
  return Ask(
      cmd::ResendCode{std::string(request.phone_number), std::string(request.phone_code_hash)});
}

Outcome Run(const fn::auth::CancelCode& request, const Context&) {
  if (!CodeFits(request.phone_number, request.phone_code_hash)) {
    return Refuse(ErrorType::kPhoneCodeExpired);
  }
  return Ask(
      cmd::CancelCode{std::string(request.phone_number), std::string(request.phone_code_hash)});
}

Outcome Run(const fn::auth::SignIn& request, const Context&) {
  const std::string_view code = request.phone_code();
  if (!CodeFits(request.phone_number, request.phone_code_hash)) {
    return Refuse(ErrorType::kPhoneCodeExpired);
  }
  if (code.size() > kCodeBytesMax) return Refuse(ErrorType::kPhoneCodeInvalid);
  return Ask(cmd::SignIn{std::string(request.phone_number), std::string(request.phone_code_hash),
                         std::string(code)});
}

Outcome Run(const fn::auth::SignUp& request, const Context&) {
  if (!CodeFits(request.phone_number, request.phone_code_hash)) {
    return Refuse(ErrorType::kPhoneCodeExpired);
  }
  if (request.first_name.size() > kNameBytesMax) return Refuse(ErrorType::kFirstnameInvalid);
  if (request.last_name.size() > kNameBytesMax) return Refuse(ErrorType::kLastnameInvalid);
  return Ask(cmd::SignUp{std::string(request.phone_number), std::string(request.phone_code_hash),
                         std::string(request.first_name), std::string(request.last_name)});
}

Outcome Run(const fn::auth::ImportBotAuthorization& request, const Context&) {
  if (request.api_id <= 0) return Refuse(ErrorType::kApiIdInvalid);
  if (request.bot_auth_token.size() > kTokenBytesMax) return Refuse(ErrorType::kAccessTokenInvalid);
  return Ask(cmd::ImportBot{std::string(request.bot_auth_token)});
}

Outcome Run(const fn::auth::LogOut&, const Context&) {
  return Ask(cmd::LogOut{});
}

// There is one data centre, so nothing can be taken to another or come from there.
Outcome Run(const fn::auth::ExportAuthorization&, const Context&) {
  return Refuse(ErrorType::kDcIdInvalid);
}
Outcome Run(const fn::auth::ImportAuthorization&, const Context&) {
  return Refuse(ErrorType::kAuthBytesInvalid);
}

Outcome Run(const fn::account::UpdateStatus& request, const Context&) {
  return Ask(cmd::UpdateStatus{request.offline});
}

Outcome Run(const fn::account::GetAuthorizations&, const Context&) {
  return Ask(cmd::GetAuthorizations{});
}

Outcome Run(const fn::account::ChangeAuthorizationSettings& request, const Context&) {
  cmd::ChangeAuthorizationSettings change;
  change.hash = request.hash;
  change.set_calls = request.has_call_requests_disabled();
  change.calls_disabled = request.call_requests_disabled();
  return Ask(change);
}

}  // namespace trunkline::rpc
