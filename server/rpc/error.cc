#include "server/rpc/error.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <string_view>

#include "common/check.h"
#include "tl/mt_types.h"

namespace trunkline::rpc {
namespace {

using book::Refusal;

struct RefusalRow {
  Refusal refusal;
  ErrorType type;
};

// In the order of the enum, so that the place is the index.
constexpr RefusalRow kRows[] = {
    {Refusal::kNone, ErrorType::kRpcCallFail},
    {Refusal::kAuthKeyUnregistered, ErrorType::kAuthKeyUnregistered},
    {Refusal::kBotMethodInvalid, ErrorType::kBotMethodInvalid},
    {Refusal::kPhoneNumberInvalid, ErrorType::kPhoneNumberInvalid},
    {Refusal::kPhoneCodeEmpty, ErrorType::kPhoneCodeEmpty},
    {Refusal::kPhoneCodeInvalid, ErrorType::kPhoneCodeInvalid},
    {Refusal::kPhoneCodeExpired, ErrorType::kPhoneCodeExpired},
    {Refusal::kPhoneNumberOccupied, ErrorType::kPhoneNumberOccupied},
    {Refusal::kPhoneNumberFlood, ErrorType::kPhoneNumberFlood},
    {Refusal::kFirstnameInvalid, ErrorType::kFirstnameInvalid},
    {Refusal::kLastnameInvalid, ErrorType::kLastnameInvalid},
    {Refusal::kAccessTokenInvalid, ErrorType::kAccessTokenInvalid},
    {Refusal::kUserIdInvalid, ErrorType::kUserIdInvalid},
    {Refusal::kInputUserDeactivated, ErrorType::kInputUserDeactivated},
    {Refusal::kPhoneNotOccupied, ErrorType::kPhoneNotOccupied},
    {Refusal::kContactIdInvalid, ErrorType::kContactIdInvalid},
    {Refusal::kPeerIdInvalid, ErrorType::kPeerIdInvalid},
    {Refusal::kPrivacyKeyInvalid, ErrorType::kPrivacyKeyInvalid},
    {Refusal::kPrivacyValueInvalid, ErrorType::kPrivacyValueInvalid},
    {Refusal::kPrivacyTooLong, ErrorType::kPrivacyTooLong},
    {Refusal::kHashInvalid, ErrorType::kHashInvalid},
    {Refusal::kPersistentTimestampInvalid, ErrorType::kPersistentTimestampInvalid},
    {Refusal::kUserIsBlocked, ErrorType::kUserIsBlocked},
    {Refusal::kUserPrivacyRestricted, ErrorType::kUserPrivacyRestricted},
    {Refusal::kParticipantVersionOutdated, ErrorType::kParticipantVersionOutdated},
    {Refusal::kCallPeerInvalid, ErrorType::kCallPeerInvalid},
    {Refusal::kCallAlreadyAccepted, ErrorType::kCallAlreadyAccepted},
    {Refusal::kCallAlreadyDeclined, ErrorType::kCallAlreadyDeclined},
    {Refusal::kCallNotActive, ErrorType::kCallNotActive},
    {Refusal::kCallProtocolFlagsInvalid, ErrorType::kCallProtocolFlagsInvalid},
    {Refusal::kCallProtocolLayerInvalid, ErrorType::kCallProtocolLayerInvalid},
    {Refusal::kCallProtocolCompatLayerInvalid, ErrorType::kCallProtocolCompatLayerInvalid},
    {Refusal::kCallOccupyFailed, ErrorType::kCallOccupyFailed},
    {Refusal::kGAHashInvalid, ErrorType::kGAHashInvalid},
    {Refusal::kGAInvalid, ErrorType::kGAInvalid},
    {Refusal::kGBInvalid, ErrorType::kGBInvalid},
    {Refusal::kDataTooLong, ErrorType::kDataTooLong},
    {Refusal::kDataJsonInvalid, ErrorType::kDataJsonInvalid},
    {Refusal::kFloodWait, ErrorType::kFloodWait},
    {Refusal::kEncryptedMessageInvalid, ErrorType::kEncryptedMessageInvalid},
    {Refusal::kTempAuthKeyAlreadyBound, ErrorType::kTempAuthKeyAlreadyBound},
    {Refusal::kTempAuthKeyEmpty, ErrorType::kTempAuthKeyEmpty},
    {Refusal::kExpiresAtInvalid, ErrorType::kExpiresAtInvalid},
    {Refusal::kInternal, ErrorType::kRpcCallFail},
};

constexpr bool InOrder() {
  for (std::size_t i = 0; i < std::size(kRows); ++i) {
    if (static_cast<std::size_t>(kRows[i].refusal) != i) return false;
  }
  return true;
}
static_assert(InOrder() && std::size(kRows) == static_cast<std::size_t>(Refusal::kInternal) + 1);

std::string Text(const RpcError& error) {
  std::string text(Info(error.type).type);
  const std::size_t place = text.find("%d");
  if (place == std::string::npos) return text;
  std::array<char, 12> number{};
  if (error.type != ErrorType::kInputMethodInvalid) {
    std::snprintf(number.data(), number.size(), "%u", error.argument);
    return text.replace(place, 2, number.data());
  }
  // Constructor ids are hexadecimal everywhere else too.
  if (error.argument == 0) return text.substr(0, place - 1);
  std::snprintf(number.data(), number.size(), "%08x", error.argument);
  return text.replace(place, 2, number.data());
}

}  // namespace

RpcError ErrorOf(book::Refusal refusal, std::int32_t argument) {
  const auto place = static_cast<std::size_t>(refusal);
  CHECK(place != 0 && place < std::size(kRows));
  return {kRows[place].type, static_cast<std::uint32_t>(std::max(argument, 0))};
}

Bytes Serialise(const RpcError& error) {
  const std::string text = Text(error);
  ::tl::mt::RpcError wire;
  wire.error_code = Info(error.type).code;
  wire.error_message = text;
  Bytes out;
  ::tl::AppendTo(out, wire);
  return out;
}

}  // namespace trunkline::rpc
