/// Split DWARF: the full unit that a skeleton unit stands for, from a .dwo file or a .dwp package.
///
/// LLVM can find these by itself, but then reads them through an object of its own kind, which
/// does not get on with sections of ours. Includes LLVM: only for the .cc files of this folder.
/// Source: DWARF 5, 7.3.2 and 7.3.5. One thread at a time.
#pragma once

#include <llvm/DebugInfo/DWARF/DWARFCompileUnit.h>
#include <llvm/DebugInfo/DWARF/DWARFContext.h>
#include <map>
#include <memory>
#include <string>

#include "locate/locate.h"

namespace inquest::symbols {

class SplitUnits {
 public:
  explicit SplitUnits(const locate::ModuleFiles& files);

  /// The full unit; null when its file is not there. `name` and `folder` are the skeleton's
  /// DW_AT_dwo_name and DW_AT_comp_dir.
  llvm::DWARFUnit* full(llvm::DWARFUnit& skeleton, std::string_view name, std::string_view folder);

  /// Forgets all units handed out; the package's file stays open.
  void release();

 private:
  std::unique_ptr<llvm::DWARFContext> open(const std::string& path) const;
  llvm::DWARFUnit* in_package(uint64_t id);

  std::string image_folder_;
  std::vector<std::string> packages_;  // where there may be one
  bool package_tried_ = false;
  std::unique_ptr<llvm::DWARFContext> package_;
  struct Split {
    std::unique_ptr<llvm::DWARFContext> context;
    llvm::DWARFUnit* unit = nullptr;
  };
  std::map<llvm::DWARFUnit*, Split> units_;  // by skeleton
};

}  // namespace inquest::symbols
