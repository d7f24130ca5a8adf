#pragma once
// MTProto's and the API's tables together, for texts of values: from the schema that the program
// carries, or from a folder.
#include <memory>
#include <string>

#include "tl/compiler/diagnostics.h"
#include "tl/compiler/tables.h"

namespace trunkline::tlc {

class TextSchema {
 public:
  // Of `folder`; empty: the schema that the program was built with. Null when it has faults.
  static std::unique_ptr<const TextSchema> Load(const std::string& folder,
                                                Diagnostics& diagnostics);

  TextSchema(const TextSchema&) = delete;
  TextSchema& operator=(const TextSchema&) = delete;

  // MTProto's, with the API's behind it.
  const tl::Schema& schema() const { return mt_view_; }
  const tl::Schema& api() const { return api_view_; }

 private:
  TextSchema(Tables mt, Tables api);

  Tables mt_;
  Tables api_;
  tl::Schema api_view_;
  tl::Schema mt_view_;
};

}  // namespace trunkline::tlc
