// SIGBUS: a mapped file that became shorter, memory that the system could not supply, a misaligned
// access where the processor insists. And SIGSEGV from aligned vector instructions.
#include <algorithm>
#include <sys/stat.h>

#include "cause/detectors/detectors.h"
#include "cause/fault/fault.h"
#include "cause/fault/story.h"

namespace inquest::cause {
namespace {

using answer::Finding;
using answer::Kind;

}  // namespace

Findings detect_misaligned_access(const Process& process) {
  auto site = fault_site(process);
  if (!site) return {};
  bool refused = site->is(sig::segv) && site->code == sig::si_kernel;
  bool reported = site->is(sig::bus) && site->code == sig::bus_adraln;
  if (!refused && !reported) return {};
  const Operand* operand = site->memory_operand();
  unsigned need = operand ? operand->alignment : 0;
  if (refused && (!site->address || !is_canonical(*site->address) || need == 0 ||
                  site->address->value % need == 0)) {
    return {};
  }
  Story story = tell(process, *site);
  Finding finding{.kind = Kind::misaligned_access, .confidence = refused ? 0.95 : 0.9};
  std::string access = site->access == AccessKind::write ? "writes" : "reads";
  std::string held = story.held.empty() ? "" : ", " + story.held;
  std::string demand = need ? fmt::format("that must be aligned to {} bytes", need) : "";
  finding.summary =
      fmt::format("`{}` {} memory {} at {}, which is not aligned{}{}{}.",
                  site->text.empty() ? "the instruction" : site->text, access, demand,
                  site->address ? fmt::format("{}", *site->address) : "an address not known",
                  story.pointer_name.empty() ? "" : "; the pointer is " + story.pointer_name, held,
                  story.where.empty() ? "" : ", " + story.where);
  finding.evidence.push_back(instruction_evidence(process, *site));
  if (refused) {
    finding.evidence.push_back(
        {.what = fmt::format("{} mod {} is {}: the processor refuses that with a general "
                             "protection fault, which names "
                             "no address",
                             *site->address, need, site->address->value % need)});
  }
  std::copy(story.evidence.begin(), story.evidence.end(), std::back_inserter(finding.evidence));
  finding.next = {
      "look for a cast to a type of larger alignment, memory from an allocator that "
      "aligns less, or a stack that foreign code left misaligned"};
  return {std::move(finding)};
}

Findings detect_bus_error(const Process& process) {
  auto site = fault_site(process);
  if (!site || !site->is(sig::bus) || !site->address || site->code == sig::bus_adraln) return {};
  const auto* region = process.snapshot().region_at(*site->address);
  if (!region || region->file.empty() || region->file.front() != '/') return {};
  // There is no kind for this: the program did nothing wrong at this place.
  Finding finding{.kind = Kind::unknown, .confidence = 0.85};
  uint64_t wanted =
      (*site->address - region->range.begin) + region->file_offset.value_or(FileOffset{}).value;
  // What the kernel names the pages of MAP_HUGETLB (fs/hugetlbfs/inode.c), and where shmget's are.
  const bool huge =
      region->file.starts_with("/anon_hugepage") || region->file.starts_with("/dev/hugepages/");
  if (huge) {
    finding.summary = fmt::format(
        "The system had no huge page left for {} when it was first touched: they were mapped "
        "without being reserved (MAP_NORESERVE), or a child of fork() needed its own copy.",
        *site->address);
    finding.next = {"raise vm.nr_hugepages, or map without MAP_HUGETLB where that fails"};
  } else {
    finding.summary = fmt::format(
        "The mapped file {} ended before offset {:#x}, which was accessed: it was cut short while "
        "mapped, or the disk could not be read.",
        region->file, wanted);
  }
  finding.evidence.push_back(instruction_evidence(process, *site));
  finding.evidence.push_back(
      {.what =
           fmt::format("{}-{} maps {} from offset {:#x}", region->range.begin, region->range.end,
                       region->file, region->file_offset.value_or(FileOffset{}).value),
       .address = site->address});
  struct stat now{};
  if (!huge && process.snapshot().os == snapshot::Os::linux &&
      ::stat(region->file.c_str(), &now) == 0) {
    finding.evidence.push_back(
        {.what = fmt::format("on this machine, the file now has {} bytes", now.st_size)});
  }
  return {std::move(finding)};
}

}  // namespace inquest::cause
