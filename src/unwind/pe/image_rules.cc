#include "unwind/pe/image_rules.h"

#include <algorithm>

#include "format/pe/x64_unwind.h"

namespace inquest::unwind {

namespace x64 = snapshot::x64;
namespace arm64 = snapshot::arm64;

ImageRules::ImageRules(std::shared_ptr<const pe::File> file, ReadCode code)
    : file_(std::move(file)), code_(std::move(code)) {}

bool ImageRules::executable(uint64_t rva) const {
  const auto& sections = file_->sections();
  auto after = std::partition_point(sections.begin(), sections.end(),
                                    [&](const pe::Section& s) { return s.rva <= rva; });
  if (after == sections.begin()) return false;
  const pe::Section& section = *std::prev(after);
  uint64_t size = std::max(section.virtual_size, section.file_size);
  return section.executable() && rva - section.rva < size;
}

/// What has no entry changes neither the stack pointer nor a register that a call keeps.
std::optional<Row> ImageRules::leaf(uint64_t rva) const {
  if (!executable(rva) || file_->exception_directory().empty() ||
      !file_->exception_directory_is_whole()) {
    return {};
  }
  Row row{.from_image = true};
  row.begin = rva;
  row.end = rva + 1;
  row.cfa = {.kind = CfaRule::Kind::register_offset};
  if (file_->machine() == pe::Machine::arm64) {
    /// cfa = sp, pc = lr
    row.cfa.reg = arm64::sp;
    row.return_column = arm64::lr;
    return row;
  }
  /// cfa = rsp + 8, rip = *rsp
  row.cfa.reg = x64::rsp;
  row.cfa.offset = 8;
  row.return_column = x64::rip;
  row.registers = {{.kind = RegisterRule::Kind::offset, .reg = x64::rip, .offset = -8}};
  return row;
}

std::optional<Row> ImageRules::row(uint64_t rva, bool exact) const {
  if (rva > UINT32_MAX) return {};
  std::optional<Row> row;
  bool described = false;
  switch (file_->machine()) {
    case pe::Machine::x64:
      described = pe::find_function_x64(file_->exception_directory(), rva).has_value();
      if (described) row = x64_row(*file_, code_, rva, exact);
      break;
    case pe::Machine::arm64: {
      auto function = pe::find_function_arm64(*file_, rva);
      described = !function || function->has_value();
      if (function && *function) row = arm64_row(**function, rva, exact);
      break;
    }
    default:
      return {};
  }
  if (!described && exact) return leaf(rva);
  return row;
}

}  // namespace inquest::unwind
