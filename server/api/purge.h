// /purge/v1: erase all that is kept of calls, by call, session or customer, or only say what would
// be erased; how far that is; and /Token, where its clients get their tokens.
#pragma once

#include "server/api/exchange.h"

namespace trunkline::api {

void PurgeCalls(const ExchangePtr& exchange);
void PurgeSessions(const ExchangePtr& exchange);
void PurgeCustomer(const ExchangePtr& exchange);
void GetPurgeJob(const ExchangePtr& exchange);  // params: job
void GetPurgeStatus(const ExchangePtr& exchange);
// Asked without a token.
http::Answer IssueToken(const http::Request& request, const Keyring& keyring, std::int64_t now_ms);

}  // namespace trunkline::api
