#include "unwind/rules.h"

#include <algorithm>
#include <elf.h>

#include "unwind/cfi/program.h"

namespace inquest::unwind {
namespace {

/// Where .eh_frame begins, as .eh_frame_hdr says: the way in when there is no section table.
std::optional<uint64_t> eh_frame_of(Bytes header, uint64_t vaddr, unsigned pointer_size) {
  FrameSection table{
      .bytes = header, .vaddr = vaddr, .pointer_size = pointer_size, .data_base = vaddr};
  Cursor cursor(header, ".eh_frame_hdr");
  auto version = static_cast<uint8_t>(cursor.read<u8>());
  auto encoding = static_cast<uint8_t>(cursor.read<u8>());
  cursor.skip(2);
  auto at = read_pointer(cursor, encoding, table);
  if (version != 1 || cursor.failed() || (encoding & pointer::indirect)) return {};
  return at;
}

pe::Machine machine(snapshot::Arch arch) {
  switch (arch) {
    case snapshot::Arch::x86_64:
      return pe::Machine::x64;
    case snapshot::Arch::aarch64:
      return pe::Machine::arm64;
    case snapshot::Arch::x86:
      return pe::Machine::x86;
    case snapshot::Arch::arm:
      return pe::Machine::arm;
  }
  return pe::Machine::x64;
}

/// A live process's image is copied; only the vDSO has no file, and it has two pages or so.
constexpr size_t kLargestCopy = 1 << 20;

Bytes image_bytes(const snapshot::Memory& memory, Address at, Address end,
                  std::vector<std::vector<std::byte>>& copies) {
  if (end <= at) return {};
  if (Bytes run = memory.view(at, end - at); !run.empty()) return run;
  // Most modules' images are in no small dump: no megabyte is cleared to find that out.
  std::byte first{};
  if (memory.read(at, {&first, 1}) == 0) return {};
  std::vector<std::byte> copy(std::min<uint64_t>(end - at, kLargestCopy));
  copy.resize(memory.read(at, copy));
  copies.push_back(std::move(copy));
  return copies.back();
}

}  // namespace

Rules::Rules(RuleSource source, const snapshot::Module& module, snapshot::Arch arch,
             const snapshot::Memory& memory)
    : source_(std::move(source)), arch_(arch), pointer_size_(snapshot::pointer_size(arch)) {
  if (source_.image) open_eh_frame(*source_.image);
  if (!eh_ && source_.debug) open_eh_frame(*source_.debug);
  if (!eh_) open_eh_frame_in_memory(module, memory);
  if (source_.image) open_debug_frame(*source_.image);
  if (source_.debug && source_.debug != source_.image) open_debug_frame(*source_.debug);
  if (!source_.image) open_pe(module, memory);
}

Rules::Rules(FrameSection section, Bytes header, uint64_t header_vaddr, snapshot::Arch arch)
    : arch_(arch), pointer_size_(snapshot::pointer_size(arch)) {
  if (section.eh) {
    eh_ = std::make_unique<FdeIndex>(section, header, header_vaddr);
  } else {
    debug_.push_back(std::make_unique<FdeIndex>(section, Bytes{}, 0));
  }
}

bool Rules::may_be_code(uint64_t rva, uint64_t vaddr) const {
  if (pe_) return pe_->executable(rva);
  if (!source_.image) return true;
  bool has_segments = false;
  for (const elf::Segment& s : source_.image->segments()) {
    if (s.type != PT_LOAD) continue;
    has_segments = true;
    if ((s.flags & PF_X) && vaddr >= s.vaddr && vaddr - s.vaddr < s.memory_size) return true;
  }
  return !has_segments;
}

void Rules::open_eh_frame(const elf::File& file) {
  FrameSection section{.pointer_size = pointer_size_};
  Bytes header;
  uint64_t header_vaddr = 0;
  if (const elf::Section* found = file.section(".eh_frame")) {
    section.bytes = file.section_data(*found).value_or(Bytes{});
    section.vaddr = found->address;
    if (const elf::Section* table = file.section(".eh_frame_hdr")) {
      header = file.section_data(*table).value_or(Bytes{});
      header_vaddr = table->address;
    }
  } else if (file.sections().empty()) {
    for (const elf::Segment& segment : file.segments()) {
      if (segment.type != PT_GNU_EH_FRAME) continue;
      header = file.at_vaddr(segment.vaddr);
      header = header.first(std::min<uint64_t>(header.size(), segment.file_size));
      header_vaddr = segment.vaddr;
      auto at = eh_frame_of(header, header_vaddr, pointer_size_);
      if (!at) return;
      section.bytes = file.at_vaddr(*at);
      section.vaddr = *at;
    }
  }
  if (section.bytes.empty()) return;
  if (const elf::Section* text = file.section(".text")) section.text_base = text->address;
  if (const elf::Section* got = file.section(".got")) section.data_base = got->address;
  eh_ = std::make_unique<FdeIndex>(section, header, header_vaddr);
  budget_ += section.bytes.size() * 16;
}

void Rules::open_eh_frame_in_memory(const snapshot::Module& module,
                                    const snapshot::Memory& memory) {
  // Program headers lie in the first page, at the same place as in the file.
  Bytes start = image_bytes(memory, module.range.begin, module.range.end, copies_);
  if (start.empty()) return;
  auto image = elf::File::parse(start, nullptr, module.path);
  if (!image) return;
  for (const elf::Segment& segment : (*image)->segments()) {
    if (segment.type != PT_GNU_EH_FRAME) continue;
    Address at{segment.vaddr + module.bias};
    if (!module.range.contains(at, segment.memory_size)) return;
    Bytes header = image_bytes(memory, at, at + segment.memory_size, copies_);
    auto frames = eh_frame_of(header, segment.vaddr, pointer_size_);
    if (!frames) return;
    Address frames_at{*frames + module.bias};
    if (!module.range.contains(frames_at)) return;
    FrameSection section{.bytes = image_bytes(memory, frames_at, module.range.end, copies_),
                         .vaddr = *frames,
                         .pointer_size = pointer_size_};
    if (section.bytes.empty()) return;
    eh_ = std::make_unique<FdeIndex>(section, header, segment.vaddr);
    return;
  }
}

void Rules::open_debug_frame(const elf::File& file) {
  const elf::Section* found = file.section(".debug_frame");
  if (!found) return;
  FrameSection section{.bytes = file.section_data(*found).value_or(Bytes{}),
                       .eh = false,
                       .pointer_size = pointer_size_};
  if (section.bytes.empty()) return;
  budget_ += section.bytes.size() * 16;
  debug_.push_back(std::make_unique<FdeIndex>(section, Bytes{}, 0));
}

void Rules::open_pe(const snapshot::Module& module, const snapshot::Memory& memory) {
  std::shared_ptr<const pe::File> file = source_.pe;
  AddressRange range = module.range;
  auto read = [&memory, range](uint64_t rva, std::span<std::byte> out) -> size_t {
    if (rva >= range.size()) return 0;
    return memory.read(range.begin + rva, out.first(std::min(out.size(), range.size() - rva)));
  };
  auto usable = [&](const pe::File& candidate) { return candidate.machine() == machine(arch_); };
  if (!file || !usable(*file)) {
    file = nullptr;
    auto in_memory = pe::File::from_memory(
        [read](Rva rva, std::span<std::byte> out) { return read(rva.value, out); }, module.path);
    if (in_memory && usable(**in_memory)) file = *in_memory;
  }
  if (!file) return;
  // The process's own code goes before the file's: it may have been patched.
  auto code = [read, file](uint64_t rva, std::span<std::byte> out) {
    size_t got = read(rva, out);
    if (got == out.size()) return got;
    Bytes stored = file->from(Rva{rva});
    size_t n = std::min(stored.size(), out.size());
    if (n > got) std::copy_n(stored.begin(), n, out.begin());
    return std::max(n, got);
  };
  open_dwarf_of_pe(*file);
  pe_ = std::make_unique<ImageRules>(std::move(file), code);
}

/// mingw's: its 32-bit images have no other unwind data. Addresses count from the preferred base,
/// which the loader corrects in memory as it corrects the addresses.
void Rules::open_dwarf_of_pe(const pe::File& file) {
  for (const pe::Section& section : file.sections()) {
    bool eh = section.name == ".eh_frame";
    if (!eh && section.name != ".debug_frame") continue;
    Bytes bytes = file.section_data(section.name);
    if (bytes.empty()) continue;
    dwarf_base_ = file.image_base();
    FrameSection frames{.bytes = bytes,
                        .vaddr = dwarf_base_ + section.rva,
                        .eh = eh,
                        .pointer_size = pointer_size_};
    budget_ += bytes.size() * 16;
    auto index = std::make_unique<FdeIndex>(frames, Bytes{}, 0);
    if (eh && !eh_) {
      eh_ = std::move(index);
    } else if (!eh) {
      debug_.push_back(std::move(index));
    }
  }
}

std::optional<TextRow> Rules::text(uint64_t rva) const {
  if (!source_.frame_rules || spent_.load(std::memory_order_relaxed) > budget_) return {};
  auto row = text_row(*source_.frame_rules, rva, arch_);
  if (row) spent_.fetch_add(row->cost, std::memory_order_relaxed);
  return row;
}

const breakpad::WinFrame* Rules::win(uint64_t rva) const {
  if (!source_.frame_rules || arch_ != snapshot::Arch::x86) return nullptr;
  return source_.frame_rules->win_at(rva);
}

std::optional<Row> Rules::row(uint64_t vaddr, bool exact) const {
  if (pe_) {
    if (auto row = pe_->row(vaddr, exact)) return row;
  }
  if (eh_) {
    if (auto row = row_in(*eh_, vaddr)) return row;
  }
  for (const auto& index : debug_) {
    if (auto row = row_in(*index, vaddr)) return row;
  }
  return {};
}

std::optional<Row> Rules::row_in(const FdeIndex& index, uint64_t vaddr) const {
  auto entry = index.find(vaddr + dwarf_base_);
  if (!entry) return {};
  uint64_t cost = entry->cie.program.size() + entry->fde.program.size();
  if (spent_.fetch_add(cost, std::memory_order_relaxed) > budget_) return {};
  auto row = decode_row(index.section(), *entry, arch_, vaddr + dwarf_base_);
  if (!row) return {};
  row->begin -= dwarf_base_;
  row->end -= dwarf_base_;
  return std::move(*row);
}

}  // namespace inquest::unwind
