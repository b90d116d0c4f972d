#include "testkit/pe.h"

namespace inquest::testkit {
namespace {

constexpr uint32_t kHeaders = 0x400, kFileAlignment = 0x200, kPage = 0x1000;

uint32_t round_up(uint32_t value, uint32_t to) { return (value + to - 1) / to * to; }

void put_name(ByteBuilder& out, std::string_view name) {
  std::string field(name);
  field.resize(8);
  out.text(field);
}

}  // namespace

uint32_t PeBuilder::add_section(std::string_view name, std::span<const std::byte> bytes,
                                uint32_t flags, uint32_t virtual_size) {
  auto size = static_cast<uint32_t>(bytes.size());
  if (virtual_size == 0) virtual_size = size;
  uint32_t rva = next_rva_;
  sections_.push_back({std::string(name), {bytes.begin(), bytes.end()}, rva, virtual_size, flags});
  next_rva_ = round_up(rva + std::max(virtual_size, 1u), kPage);
  return rva;
}

PeBuilder& PeBuilder::directory(Directory index, uint32_t rva, uint32_t size) {
  directories_[index] = {rva, size};
  return *this;
}

void PeBuilder::add_exports(const std::vector<ExportSpec>& exports) {
  uint32_t base = next_rva_;
  auto count = static_cast<uint32_t>(exports.size());
  uint32_t names = 0;
  for (const auto& spec : exports) names += !spec.name.empty();
  uint32_t functions_at = 40, names_at = functions_at + 4 * count,
           ordinals_at = names_at + 4 * names, strings_at = ordinals_at + 2 * names;
  ByteBuilder strings, functions, name_table, ordinals;
  for (uint32_t i = 0; i < count; ++i) {
    const ExportSpec& spec = exports[i];
    auto text_rva = [&] { return base + strings_at + static_cast<uint32_t>(strings.size()); };
    functions.u32(spec.forwarder.empty() ? spec.rva : text_rva());
    if (!spec.forwarder.empty()) strings.c_string(spec.forwarder);
    if (spec.name.empty()) continue;
    name_table.u32(text_rva());
    ordinals.u16(static_cast<uint16_t>(i));
    strings.c_string(spec.name);
  }
  ByteBuilder out;
  out.u32(0).u32(0).u32(0).u32(base).u32(1).u32(count).u32(names);
  out.u32(base + functions_at).u32(base + names_at).u32(base + ordinals_at);
  out.bytes(functions.view()).bytes(name_table.view()).bytes(ordinals.view()).bytes(strings.view());
  directory(Directory::exports, base, static_cast<uint32_t>(out.size()));
  add_section(".edata", out.view(), data);
}

void PeBuilder::add_codeview(std::span<const uint8_t> guid, uint32_t age, std::string_view pdb) {
  ByteBuilder record;
  record.text("RSDS").bytes(std::as_bytes(guid)).u32(age).c_string(pdb);
  auto size = static_cast<uint32_t>(record.size());
  uint32_t base = next_rva_;
  ByteBuilder out;
  out.u32(0).u32(0).u32(0).u32(2).u32(size).u32(base + 28).u32(0).bytes(record.view());
  directory(Directory::debug, base, 28);
  add_section(".debug", out.view(), data);
}

void PeBuilder::add_version(uint16_t a, uint16_t b, uint16_t c, uint16_t d) {
  uint32_t base = next_rva_;
  ByteBuilder out;
  auto table = [&](uint32_t id, uint32_t offset) {
    out.u32(0).u32(0).u32(0).u16(0).u16(1).u32(id).u32(offset);
  };
  table(16, 0x80000000 | 24);
  table(1, 0x80000000 | 48);
  table(0x409, 72);
  out.u32(base + 88).u32(92).u32(0).u32(0);
  out.u16(92).u16(52).u16(0);
  for (char ch : std::string_view("VS_VERSION_INFO")) out.u16(static_cast<uint16_t>(ch));
  out.u16(0).u16(0);
  out.u32(0xfeef04bd).u32(0x10000);
  out.u32(static_cast<uint32_t>(a) << 16 | b).u32(static_cast<uint32_t>(c) << 16 | d);
  out.zeros(36);
  directory(Directory::resources, base, static_cast<uint32_t>(out.size()));
  add_section(".rsrc", out.view(), data);
}

void PeBuilder::add_functions(const std::vector<std::vector<uint32_t>>& entries) {
  ByteBuilder out;
  for (const auto& entry : entries) {
    for (uint32_t word : entry) out.u32(word);
  }
  directory(Directory::exceptions, next_rva_, static_cast<uint32_t>(out.size()));
  add_section(".pdata", out.view(), data);
}

void PeBuilder::put_headers(ByteBuilder& out, const std::vector<uint32_t>& offsets,
                            uint32_t symbol_table) const {
  bool wide = machine_ != x86;
  out.text("MZ").zeros(0x3a).u32(0x80).zeros(0x40).text("PE").u16(0);
  out.u16(machine_).u16(static_cast<uint16_t>(sections_.size())).u32(timestamp_);
  out.u32(symbol_table).u32(0).u16(wide ? 240 : 224).u16(0x22);
  out.u16(wide ? 0x20b : 0x10b).u16(14).u32(0).u32(0).u32(0).u32(0x1000).u32(0x1000);
  if (wide) {
    out.u64(image_base_);
  } else {
    out.u32(0).u32(static_cast<uint32_t>(image_base_));
  }
  out.u32(kPage).u32(kFileAlignment).u32(6).u32(0).u32(6).u32(0);
  out.u32(next_rva_).u32(kHeaders).u32(0x1234).u16(3).u16(0);
  out.zeros(wide ? 32 : 16).u32(0).u32(16);
  for (unsigned i = 0; i < 16; ++i) {
    auto found = directories_.find(i);
    auto [rva, size] = found == directories_.end() ? std::pair(0u, 0u) : found->second;
    out.u32(rva).u32(size);
  }
  uint32_t name_at = 4;
  for (size_t i = 0; i < sections_.size(); ++i) {
    const Section& section = sections_[i];
    if (section.name.size() > 8) {
      put_name(out, "/" + std::to_string(name_at));
      name_at += static_cast<uint32_t>(section.name.size()) + 1;
    } else {
      put_name(out, section.name);
    }
    out.u32(section.virtual_size).u32(section.rva);
    out.u32(round_up(static_cast<uint32_t>(section.bytes.size()), kFileAlignment)).u32(offsets[i]);
    out.u32(0).u32(0).u32(0).u32(section.flags);
  }
}

std::vector<std::byte> PeBuilder::build(bool mapped) const {
  std::vector<uint32_t> offsets;
  uint32_t at = kHeaders;
  for (const Section& section : sections_) {
    offsets.push_back(at);
    at += round_up(static_cast<uint32_t>(section.bytes.size()), kFileAlignment);
  }
  ByteBuilder names;
  for (const Section& section : sections_) {
    if (section.name.size() > 8) names.c_string(section.name);
  }
  ByteBuilder out;
  put_headers(out, offsets, names.size() == 0 ? 0 : at);
  for (size_t i = 0; i < sections_.size(); ++i) {
    uint32_t begin = mapped ? sections_[i].rva : offsets[i];
    if (begin < out.size()) continue;  // more sections than the headers have room for
    out.zeros(begin - out.size()).bytes(sections_[i].bytes);
  }
  out.align(mapped ? kPage : kFileAlignment);
  if (!mapped && names.size() != 0) {
    out.u32(static_cast<uint32_t>(names.size()) + 4).bytes(names.view());
  }
  return out.take();
}

std::vector<std::byte> unwind_info(const UnwindInfoSpec& spec) {
  ByteBuilder out;
  out.u8(static_cast<uint8_t>(spec.version | spec.flags << 3)).u8(spec.prologue);
  out.u8(static_cast<uint8_t>(spec.slots.size()));
  out.u8(static_cast<uint8_t>(spec.frame_register | spec.frame_offset << 4));
  for (uint16_t slot : spec.slots) out.u16(slot);
  out.align(4);
  for (uint32_t word : spec.tail) out.u32(word);
  return out.take();
}

}  // namespace inquest::testkit
