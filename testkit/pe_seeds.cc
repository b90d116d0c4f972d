#include "testkit/pe_seeds.h"

#include "testkit/pe.h"

namespace inquest::testkit {
namespace {

void add_x64_functions(PeBuilder& builder) {
  ByteBuilder xdata;
  uint32_t base = builder.next_rva();
  std::vector<std::vector<uint32_t>> entries;
  auto add = [&](const UnwindInfoSpec& spec) {
    uint32_t at = 0x1000 + static_cast<uint32_t>(entries.size()) * 0x10;
    entries.push_back({at, at + 0x10, base + static_cast<uint32_t>(xdata.size())});
    xdata.bytes(unwind_info(spec));
  };
  add({.prologue = 5, .slots = {unwind_slot(5, 2, 3), unwind_slot(1, 0, 3)}});
  add({.flags = 1,
       .prologue = 8,
       .frame_register = 5,
       .frame_offset = 2,
       .slots = {unwind_slot(8, 3, 0), unwind_slot(6, 4, 6), 2, unwind_slot(5, 1, 0), 0x100},
       .tail = {0x1000}});
  add({.version = 2, .slots = {unwind_slot(6, 6, 1), unwind_slot(0, 6, 0), unwind_slot(4, 2, 3)}});
  add({.flags = 4, .slots = {unwind_slot(4, 5, 7), 8, 0}, .tail = {0x1000, 0x1010, base}});
  add({.slots = {unwind_slot(0, 10, 1)}});
  entries.push_back({0x1080, 0x1090, (base + 0x100) | 1});
  builder.add_section(".xdata", xdata.view(), PeBuilder::data);
  builder.add_functions(entries);
}

void add_arm64_functions(PeBuilder& builder) {
  ByteBuilder xdata;
  uint32_t base = builder.next_rva();
  // One epilogue at the end; scopes, extended header, save_next, context.
  xdata.u32(0x40 | 1 << 21 | 2u << 27).u32(0x05cce6e6).u32(0xe4e4e4e1);
  xdata.u32(0x40).u32(1 | 1 << 16).u32(8 | 2u << 22).u32(0xe402e402);
  xdata.u32(0x40 | 1u << 27).u32(0xe4e4e4ea);
  builder.add_section(".xdata", xdata.view(), PeBuilder::data);
  builder.add_functions({{0x1000, base},
                         {0x1100, base + 12},
                         {0x1200, base + 28},
                         {0x1300, 1u | 16u << 2 | 3u << 16 | 3u << 21 | 6u << 23},
                         {0x1400, 1u | 16u << 2 | 2u << 13 | 1u << 20 | 8u << 23},
                         {0x1500, 2u | 16u << 2 | 2u << 16 | 2u << 23}});
}

PeBuilder rich(uint16_t machine) {
  PeBuilder builder(machine);
  std::vector<std::byte> code(0x600, std::byte{0x90});
  code[0x0f] = std::byte{0xc3};
  builder.add_section(".text", code, PeBuilder::code);
  const uint8_t guid[16] = {1, 2, 3, 4};
  builder.add_exports({{"b", 0x1002}, {"a", 0x1000}, {"", 0x1001}, {"f", 0, "N.g"}});
  builder.add_codeview(guid, 1, "a.pdb");
  builder.add_version(1, 2, 3, 4);
  builder.add_section(".debug_frame", std::as_bytes(std::span("dwarf", 5)), PeBuilder::data);
  if (machine == PeBuilder::x64) add_x64_functions(builder);
  if (machine == PeBuilder::arm64) add_arm64_functions(builder);
  return builder;
}

}  // namespace

Seeds pe_seeds() {
  Seeds seeds;
  const std::pair<uint16_t, const char*> kinds[] = {
      {PeBuilder::x64, "x64"}, {PeBuilder::arm64, "arm64"}, {PeBuilder::x86, "x86"}};
  for (auto [machine, name] : kinds) {
    for (bool mapped : {false, true}) {
      ByteBuilder out;
      out.u8(mapped);
      out.bytes(mapped ? rich(machine).mapped() : rich(machine).file());
      seeds[std::string(name) + (mapped ? "-memory" : "-file")] = out.take();
    }
  }
  return seeds;
}

}  // namespace inquest::testkit
