#include "testkit/elf_core.h"

namespace inquest::testkit {
namespace {

/// Words of pr_reg and whether pr_fpvalid is followed by padding.
size_t register_words(ElfArch arch) {
  switch (arch) {
    case ElfArch::x64:
      return 27;
    case ElfArch::arm64:
      return 34;
    case ElfArch::x86:
      return 17;
    case ElfArch::arm:
      return 18;
  }
  return 0;
}

void fixed_text(ByteBuilder& out, std::string_view text, size_t size) {
  text = text.substr(0, size);
  out.text(text).zeros(size - text.size());
}

}  // namespace

CoreBuilder& CoreBuilder::note(std::string_view owner, uint32_t type,
                               std::span<const std::byte> description) {
  put_elf_note(notes_, owner, type, description);
  return *this;
}

CoreBuilder& CoreBuilder::thread(const ThreadSpec& spec) {
  ByteBuilder out;
  out.u32(spec.signal).u32(0).u32(0);     // pr_info
  out.u16(spec.signal).u16(0);            // pr_cursig
  put_elf_word(out, arch_, 0);            // pr_sigpend
  put_elf_word(out, arch_, 0);            // pr_sighold
  out.u32(spec.id).u32(0).u32(0).u32(0);  // pr_pid, ppid, pgrp, sid
  out.zeros(4 * 2 * elf_word(arch_));     // four times
  for (size_t i = 0; i < register_words(arch_); ++i) {
    put_elf_word(out, arch_, i < spec.registers.size() ? spec.registers[i] : 0);
  }
  out.u32(0).align(elf_word(arch_));  // pr_fpvalid
  return note("CORE", 1, out.view());
}

CoreBuilder& CoreBuilder::signal(const SignalSpec& spec) {
  ByteBuilder out;
  out.u32(static_cast<uint32_t>(spec.number)).u32(0).u32(static_cast<uint32_t>(spec.code));
  out.align(elf_word(arch_));
  if (spec.sender) {
    out.u32(spec.sender->first).u32(spec.sender->second);
  } else {
    put_elf_word(out, arch_, spec.address);
  }
  out.zeros(128 - out.size());
  return note("CORE", 0x53494749, out.view());
}

CoreBuilder& CoreBuilder::process(uint32_t pid, std::string_view name, std::string_view arguments) {
  ByteBuilder out;
  out.u8(0).u8('R').u8(0).u8(0).align(elf_word(arch_));
  put_elf_word(out, arch_, 0);  // pr_flag
  if (elf_word(arch_) == 8) {
    out.u32(1000).u32(1000);
  } else {
    out.u16(1000).u16(1000);
  }
  out.u32(pid).u32(1).u32(pid).u32(pid);
  fixed_text(out, name, 16);
  fixed_text(out, arguments, 80);
  return note("CORE", 3, out.view());
}

CoreBuilder& CoreBuilder::auxv(const std::vector<std::pair<uint64_t, uint64_t>>& entries) {
  ByteBuilder out;
  for (auto [key, value] : entries) {
    put_elf_word(out, arch_, key);
    put_elf_word(out, arch_, value);
  }
  out.zeros(2 * elf_word(arch_));
  return note("CORE", 6, out.view());
}

CoreBuilder& CoreBuilder::files(const std::vector<MappedSpec>& mappings) {
  ByteBuilder out;
  put_elf_word(out, arch_, mappings.size());
  put_elf_word(out, arch_, 4096);
  for (const MappedSpec& mapping : mappings) {
    put_elf_word(out, arch_, mapping.begin);
    put_elf_word(out, arch_, mapping.end);
    put_elf_word(out, arch_, mapping.page_offset);
  }
  for (const MappedSpec& mapping : mappings) out.c_string(mapping.path);
  return note("CORE", 0x46494c45, out.view());
}

CoreBuilder& CoreBuilder::memory(uint64_t address, std::vector<std::byte> bytes, uint32_t flags,
                                 uint64_t memory_size) {
  if (memory_size == 0) memory_size = bytes.size();
  pieces_.push_back({address, std::move(bytes), flags, memory_size});
  return *this;
}

std::vector<std::byte> CoreBuilder::build() const {
  const bool is_64 = elf_word(arch_) == 8;
  const uint64_t head = is_64 ? 64 : 52;
  const uint64_t stride = is_64 ? 56 : 32;
  const uint64_t count = pieces_.size() + 1;
  const uint64_t notes_at = head + count * stride;
  ByteBuilder tables, data;
  put_elf_segment(
      tables, arch_,
      {.type = 4, .flags = 0, .offset = notes_at, .file_size = notes_.size(), .align = 4});
  data.bytes(notes_.view());
  uint64_t data_at = notes_at;
  for (const Piece& piece : pieces_) {
    data.align(16);
    put_elf_segment(tables, arch_,
                    {.type = 1,
                     .flags = piece.flags,
                     .offset = data_at + data.size(),
                     .vaddr = piece.address,
                     .file_size = piece.bytes.size(),
                     .memory_size = piece.memory_size,
                     .align = 4096});
    data.bytes(piece.bytes);
  }
  ByteBuilder file;
  uint64_t end = data_at + data.size();
  put_elf_header(file, {.arch = arch_,
                        .type = 4,
                        .segments_at = head,
                        .segment_count = static_cast<uint16_t>(extended_ ? 0xffff : count),
                        .sections_at = extended_ ? end : 0,
                        .section_count = static_cast<uint16_t>(extended_ ? 1 : 0)});
  file.bytes(tables.view()).bytes(data.view());
  if (extended_) {
    file.u32(0).u32(0);
    for (int i = 0; i < 3; ++i) put_elf_word(file, arch_, 0);  // flags, address, offset
    put_elf_word(file, arch_, 1);                              // sh_size: sections
    file.u32(0).u32(static_cast<uint32_t>(count));             // sh_link, sh_info: segments
    put_elf_word(file, arch_, 0);
    put_elf_word(file, arch_, 0);
  }
  return file.take();
}

}  // namespace inquest::testkit
