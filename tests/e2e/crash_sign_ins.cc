#include "tests/e2e/crash_sign_ins.h"

#include <algorithm>

namespace trunkline::e2e {
namespace {

constexpr int kOlderChecked = 2;
// More say nothing new, and a key exchange is the dearest thing here.
constexpr std::size_t kPeopleMax = 2'000;

}  // namespace

CrashSignIns::CrashSignIns(std::uint64_t seed, load::ClientOptions options, CrashTotals* totals)
    : choices_(seed), options_(std::move(options)), totals_(totals) {}

bool CrashSignIns::Lost(Device& device, const std::string& number, const std::string& what) {
  if (!device.client().connected()) {
    totals_->ConnectionLost(number, device.failure());
  } else {
    totals_->Wrong(number + ' ' + what);
    broken_ = true;
  }
  return false;
}

void CrashSignIns::Run() {
  while (!broken_ && signed_in_.size() < kPeopleMax && SignInOne()) {
  }
}

// Each number twice, as two devices of one user.
bool CrashSignIns::SignInOne() {
  const std::string number = "+99966" + std::to_string(5'000'000 + numbers_);
  Device device(io_, options_, &entropy_);
  if (!device.Connect()) return Lost(device, number, "can't make a key: " + device.failure());
  const load::Contact user = device.SignIn(number, "12345");
  if (!user.id) return Lost(device, number, "can't sign in: " + device.failure());
  signed_in_.push_back({*device.client().key(), number, user});
  totals_->Acknowledged(Told::kSignIn);
  if (first_device_ && first_device_->id != user.id) {
    totals_->Doubled(number + " has two users");
  }
  numbers_ += first_device_ ? 1 : 0;
  first_device_ = first_device_ ? std::nullopt : std::optional(user);
  return true;
}

bool CrashSignIns::CheckOne(const SignedIn& one) {
  Device device(io_, options_, &entropy_);
  device.client().UseKey(one.key);
  if (!device.Connect()) return Lost(device, one.number, "can't come back: " + device.failure());
  const api::InputUserSelf self;
  const api::AnyInputUser ids[] = {&self};
  const load::Reply reply = device.Ask(fn::users::GetUsers{.id = ids});
  const auto users = device.Result<fn::users::GetUsers>(reply);
  const auto* user = users && !users->empty() ? users->front().As<api::User>() : nullptr;
  const bool same = user != nullptr && user->id == one.user.id.value() && user->has_access_hash() &&
                    user->access_hash() == one.user.hash.value();
  if (same) {
    totals_->Verified();
  } else {
    totals_->Lost(one.number + " is signed out: " + reply.Text() + ' ' + device.failure());
  }
  return same;
}

void CrashSignIns::Check() {
  for (; checked_ < signed_in_.size(); ++checked_) CheckOne(signed_in_[checked_]);
  for (int i = 0; i < kOlderChecked && !signed_in_.empty(); ++i) {
    CheckOne(signed_in_[choices_.U64() % signed_in_.size()]);
  }
}

void CrashSignIns::CheckAll() {
  checked_ = 0;
  Check();
}

}  // namespace trunkline::e2e
