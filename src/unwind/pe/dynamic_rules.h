/// The unwind data of code that was made at run time, and that lies in no module: a JIT compiler's.
///
/// Source: Microsoft RtlAddFunctionTable, RtlInstallFunctionTableCallback; the records are those of
/// images. Borrows the Snapshot. Safe from any thread.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "snapshot/snapshot.h"
#include "unwind/pe/image_rules.h"

namespace inquest::unwind {

class DynamicRules {
 public:
  explicit DynamicRules(const snapshot::Snapshot& snapshot) : snapshot_(snapshot) {}

  /// The rules at an address; `begin`, `end` and `entry` of the row are addresses too. Absent when
  /// no table describes it. `exact` as for ImageRules.
  std::optional<Row> row(Address at, bool exact) const;
  /// Whether a table covers the address: code is there, whatever the map of memory says.
  bool describes(Address at) const { return snapshot_.function_table_at(at) != nullptr; }

 private:
  const ImageRules& rules(const snapshot::FunctionTable& table) const;

  const snapshot::Snapshot& snapshot_;
  mutable std::mutex mutex_;
  mutable std::unordered_map<const snapshot::FunctionTable*, std::unique_ptr<ImageRules>> rules_;
};

}  // namespace inquest::unwind
