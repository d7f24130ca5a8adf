#include "tests/server/store/power_image.h"

#include "common/check.h"
#include "server/store/store.h"

namespace trunkline::store {

const PowerDisk::Image& JustMade() {
  static const PowerDisk::Image image = [] {
    PowerDisk disk(1);
    CHECK(Store::Open(kPowerDir, {.vfs = disk.vfs()}).ok());
    return disk.TakeImage();
  }();
  return image;
}

}  // namespace trunkline::store
