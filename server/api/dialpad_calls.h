// /api/calls: discard a record, look one up, list them, take over one that another system made.
#pragma once

#include "server/api/exchange.h"

namespace trunkline::api {

void DiscardCall(const ExchangePtr& exchange);  // params: call
void GetDialpadCall(const ExchangePtr& exchange);
void GetHistory(const ExchangePtr& exchange);
void IngestCall(const ExchangePtr& exchange);
void VerifyToken(const ExchangePtr& exchange);

}  // namespace trunkline::api
