#include "server/records/numbers.h"

#include <algorithm>

namespace trunkline::records {
namespace {

// E.164 allows 15 digits. Below three nobody is a subscriber anywhere.
constexpr std::size_t kDigitsMax = 15, kDigitsMin = 3;
// National numbers end at ten digits in most plans.
constexpr std::size_t kNationalMax = 10;
constexpr std::string_view kNorthAmerica = "1";

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

bool IsPunctuation(char c) {
  return c == ' ' || c == '-' || c == '.' || c == '(' || c == ')';
}

std::optional<std::string> International(std::string_view digits) {
  if (digits.size() < kDigitsMin || digits.size() > kDigitsMax || digits.front() == '0') {
    return std::nullopt;
  }
  return "+" + std::string(digits);
}

// "+1" and ten digits, whether or not the 1 was dialled; 011 leads out.
std::optional<std::string> NorthAmerican(std::string_view digits) {
  if (digits.starts_with("011")) return International(digits.substr(3));
  if (digits.size() == kNationalMax && digits.front() != '1') return "+1" + std::string(digits);
  if (digits.size() > kNationalMax) return International(digits);
  return std::string(digits);
}

std::optional<std::string> National(std::string_view digits, std::string_view calling_code) {
  if (digits.starts_with("00")) return International(digits.substr(2));
  if (digits.front() == '0') return International(std::string(calling_code).append(digits, 1));
  // Without the trunk prefix: the country is there already, or it's a number inside of it.
  if (digits.starts_with(calling_code) && digits.size() >= kNationalMax) {
    return International(digits);
  }
  if (digits.size() > kNationalMax) return International(digits);
  return International(std::string(calling_code).append(digits));
}

}  // namespace

std::optional<std::string> NormaliseNumber(std::string_view text, std::string_view calling_code) {
  std::string digits;
  bool plus = false;
  for (const char c : text) {
    if (IsPunctuation(c)) continue;
    if (c == '+' && digits.empty() && !plus) {
      plus = true;
    } else if (IsDigit(c)) {
      digits.push_back(c);
    } else {
      return std::nullopt;
    }
  }
  if (plus) return digits.empty() ? std::nullopt : International(digits);
  if (digits.size() < kDigitsMin || digits.size() > kDigitsMax + 3) return std::nullopt;
  std::optional<std::string> number;
  if (calling_code == kNorthAmerica) {
    number = NorthAmerican(digits);
  } else if (!calling_code.empty()) {
    number = National(digits, calling_code);
  } else if (digits.size() > kNationalMax) {
    number = International(digits);
  }
  if (number) return number;
  if (digits.size() > kDigitsMax) return std::nullopt;
  return digits;
}

}  // namespace trunkline::records
