// Memory that is there but protected: a write to what may only be read, execution of what holds
// data.
#include <algorithm>

#include "cause/detectors/detectors.h"
#include "cause/fault/fault.h"
#include "cause/fault/story.h"

namespace inquest::cause {
namespace {

using answer::Finding;
using answer::Kind;

/// "`kTariffs` + 0x8 in patient", "the mapped file /etc/passwd", "the heap".
std::string name_place(const Process& process, Address at) {
  const auto& snapshot = process.snapshot();
  if (const auto* module = snapshot.module_at(at)) {
    auto nearest = process.symbols(*module).symbol_at(Rva{at - module->range.begin});
    if (nearest && (nearest->size == 0 || nearest->offset < nearest->size) &&
        !nearest->is_function) {
      return fmt::format("`{}` + {} in {}", nearest->name, nearest->offset, module->file_name());
    }
    return fmt::format("the image of {} (at +{:#x})", module->file_name(),
                       at - module->range.begin);
  }
  const auto* region = snapshot.region_at(at);
  if (!region) return "unmapped memory";
  if (region->file == "[heap]") return "the heap";
  if (region->file.starts_with("[stack")) return "a stack";
  if (!region->file.empty()) return fmt::format("the mapped file {}", region->file);
  auto brk_like = [&](const snapshot::Thread& t) {
    auto sp = t.registers.sp();
    return sp && region->range.contains(*sp);
  };
  if (std::any_of(snapshot.threads.begin(), snapshot.threads.end(), brk_like)) return "a stack";
  return "anonymous memory (heap or mmap)";
}

/// The section of the module's file that holds the address: ".rodata".
std::string section_at(const Process& process, Address at) {
  const auto* module = process.snapshot().module_at(at);
  const auto image = module ? process.files(*module).image : nullptr;
  if (!image) return {};
  uint64_t vaddr = at.value - module->bias;
  for (const auto& section : image->sections()) {
    if (section.address != 0 && vaddr - section.address < section.size) {
      return std::string(section.name);
    }
  }
  return {};
}

std::string region_text(const snapshot::Region& region) {
  const auto access = region.access.value_or(snapshot::Access{});
  return fmt::format("{}-{} is mapped {}{}{}", region.range.begin, region.range.end,
                     access.read ? 'r' : '-', access.write ? 'w' : '-', access.execute ? 'x' : '-');
}

}  // namespace

Findings detect_write_to_readonly(const Process& process) {
  auto site = fault_site(process);
  if (!site || !site->is(sig::segv) || !site->address || !site->address_from_system) return {};
  if (site->access != AccessKind::write || site->address->value < kNullPages) return {};
  const auto* region = process.snapshot().region_at(*site->address);
  if (!region || !region->access || region->access->write || !region->access->read) return {};

  Story story = tell(process, *site);
  Finding finding{.kind = Kind::write_to_readonly, .confidence = 0.95};
  // The kernel said "not mapped": the picture of the mappings does not fit.
  if (site->code == sig::segv_maperr) finding.confidence = 0.6;
  std::string section = section_at(process, *site->address);
  std::string through = story.pointer_name.empty() ? "" : " through " + story.pointer_name;
  if (!story.held.empty()) through += ", " + story.held;
  finding.summary =
      fmt::format("Write to read-only memory at {}: {}{}{}{}.", *site->address,
                  name_place(process, *site->address), section.empty() ? "" : " (" + section + ")",
                  through, story.where.empty() ? "" : ", " + story.where);
  finding.evidence.push_back(instruction_evidence(process, *site));
  finding.evidence.push_back(
      {.what = region_text(*region) + ": read-only", .address = site->address});
  if (auto text = process.memory().read_string(*site->address, 64);
      text && text->size() >= 4 && section.starts_with(".rodata") &&
      std::all_of(text->begin(), text->end(),
                  [](unsigned char c) { return c >= 0x20 && c < 0x7f; })) {
    finding.evidence.push_back({.what = fmt::format("the bytes there are the text \"{}\"", *text)});
  }
  std::copy(story.evidence.begin(), story.evidence.end(), std::back_inserter(finding.evidence));
  finding.next = {"look for a cast that took away const, or a mapping without PROT_WRITE"};
  return {std::move(finding)};
}

Findings detect_execute_nonexecutable(const Process& process) {
  auto site = fault_site(process);
  if (!site || !site->is(sig::segv) || site->access != AccessKind::execute) return {};
  if (!site->address || site->address->value < kNullPages) return {};
  const auto* region = process.snapshot().region_at(*site->address);
  if (!region || (region->access && region->access->execute)) return {};

  Story story = tell(process, *site);
  Finding finding{.kind = Kind::execute_nonexecutable,
                  .confidence = region->access && site->address_from_system ? 0.95 : 0.7};
  std::string through = story.pointer_name.empty() ? "" : " through " + story.pointer_name;
  if (!story.held.empty()) through += ", " + story.held;
  finding.summary = fmt::format("Execution of data at {}: {} was called as a function{}{}.",
                                *site->address, name_place(process, *site->address), through,
                                story.where.empty() ? "" : ", " + story.where);
  finding.evidence.push_back({.what = region_text(*region) + ": not executable",
                              .thread = site->thread_id,
                              .frame = 0,
                              .address = site->address});
  std::copy(story.evidence.begin(), story.evidence.end(), std::back_inserter(finding.evidence));
  finding.next = {
      "look where the called pointer comes from; a return address on a damaged stack "
      "leads here too"};
  return {std::move(finding)};
}

}  // namespace inquest::cause
