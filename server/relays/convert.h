// Between the words of the control channel and those of the picker.
#pragma once

#include "relay/control/messages.h"
#include "server/relays/relay_control.h"

namespace trunkline::relays {

Joined JoinedOf(const relay::control::Registration& registration);
Flow FlowOf(const relay::FlowSummary& summary);
// How a receiver's refusal is told to the relay.
relay::control::RefusalReason ReasonOf(const absl::Status& status);

}  // namespace trunkline::relays
