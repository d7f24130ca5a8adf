#pragma once
// TL names as C++ names.
#include <string>
#include <string_view>
#include <utility>

namespace trunkline::tlc {

// `updates.getState` -> {"updates", "getState"}; no dot: {"", name}.
std::pair<std::string, std::string> SplitNamespace(std::string_view name);

// `phoneCall` -> PhoneCall, `p_q_inner_data` -> PQInnerData, `server_DH_params_ok` ->
// ServerDHParamsOk.
std::string StructName(std::string_view name_without_namespace);

// A field's name as spelt; words of C++ get an underscore behind.
std::string MemberName(std::string_view name);

// CALL_PEER_INVALID -> CallPeerInvalid, FLOOD_WAIT_%d -> FloodWait, Timeout -> Timeout.
std::string ErrorName(std::string_view type);

}  // namespace trunkline::tlc
