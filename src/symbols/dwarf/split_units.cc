#include "symbols/dwarf/split_units.h"

#include "symbols/dwarf/dies.h"
#include "symbols/dwarf/object.h"

namespace inquest::symbols {

using namespace llvm::dwarf;

SplitUnits::SplitUnits(const locate::ModuleFiles& files) {
  for (const auto& file : {files.image, files.debug}) {
    if (!file || file->path().empty()) continue;
    if (image_folder_.empty()) {
      image_folder_ = file->path().substr(0, file->path().find_last_of('/') + 1);
    }
    packages_.push_back(file->path() + ".dwp");
  }
}

std::unique_ptr<llvm::DWARFContext> SplitUnits::open(const std::string& path) const {
  auto file = elf::File::open(path);
  if (!file || !(*file)->section(".debug_info.dwo")) return {};
  auto context = std::make_unique<llvm::DWARFContext>(
      std::make_unique<LazyObject>(DwarfFile(std::move(*file)), LazyObject::Kind::split), "",
      ignore, ignore);
  // To find a unit by its id where there is no index, LLVM reads the heads of them all.
  if (!context->getCUIndex().getRows().empty()) return context;
  for (const auto& unit : context->dwo_compile_units()) {
    if (!lies_inside(*unit, UnitPart::head)) return {};
  }
  return context;
}

llvm::DWARFUnit* SplitUnits::in_package(uint64_t id) {
  if (!package_tried_) {
    package_tried_ = true;
    for (const std::string& path : packages_) {
      if (!package_) package_ = open(path);
    }
  }
  return package_ ? package_->getDWOCompileUnitForHash(id) : nullptr;
}

llvm::DWARFUnit* SplitUnits::full(llvm::DWARFUnit& skeleton, std::string_view name,
                                  std::string_view folder) {
  auto [slot, is_new] = units_.try_emplace(&skeleton);
  Split& split = slot->second;
  if (!is_new) return split.unit;
  llvm::DWARFDie die = skeleton.getUnitDIE(true);
  std::optional<uint64_t> id = skeleton.getDWOId();
  if (!id) id = toUnsigned(die.find(DW_AT_GNU_dwo_id));
  if (!id) return nullptr;

  split.unit = in_package(*id);
  if (!split.unit) {
    const std::string file(name), base = file.substr(file.find_last_of('/') + 1);
    std::vector<std::string> places;
    if (file.starts_with('/')) {
      places.push_back(file);
    } else {
      places.push_back(std::string(folder) + "/" + file);
      places.push_back(image_folder_ + file);
    }
    places.push_back(image_folder_ + base);
    for (const std::string& path : places) {
      split.context = open(path);
      // A file of another build has another id.
      if (split.context) split.unit = split.context->getDWOCompileUnitForHash(*id);
      if (split.unit) break;
    }
  }
  if (!split.unit) return nullptr;
  if (!lies_inside(*split.unit, UnitPart::head)) return split.unit = nullptr;
  // See Dies::sound.
  split.unit->clear();
  if (llvm::Error error = split.unit->tryExtractDIEsIfNeeded(true)) {
    ignore(std::move(error));
    return split.unit = nullptr;
  }
  // The full unit uses its skeleton's tables of addresses and, before DWARF 5, of ranges.
  const llvm::DWARFObject& main = skeleton.getContext().getDWARFObj();
  split.unit->setSkeletonUnit(&skeleton);
  if (auto base = skeleton.getAddrOffsetSectionBase()) {
    split.unit->setAddrOffsetSection(&main.getAddrSection(), *base);
  }
  if (skeleton.getVersion() == 4) {
    split.unit->setRangesSection(&main.getRangesSection(),
                                 die.getRangesBaseAttribute().value_or(0));
  }
  return split.unit;
}

void SplitUnits::release() {
  for (auto& [skeleton, split] : units_) {
    if (split.unit && !split.context) split.unit->clear();
  }
  units_.clear();
}

}  // namespace inquest::symbols
