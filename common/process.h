// What a daemon does before it starts a thread.
#pragma once

#include <signal.h>

namespace trunkline {

// SIGTERM and SIGINT, now blocked in this thread and those it will start: for sigwait. SIGPIPE is
// ignored.
sigset_t BlockSignals();

// Each connection is a descriptor; the soft limit is often 1024 for no reason of today.
void RaiseDescriptorLimit();

}  // namespace trunkline
