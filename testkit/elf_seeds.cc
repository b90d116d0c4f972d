#include "testkit/elf_seeds.h"

#include <filesystem>
#include <fstream>

#include "testkit/elf_core.h"

namespace inquest::testkit {
namespace {

std::vector<std::byte> bytes_of(std::string_view text) {
  auto raw = std::as_bytes(std::span(text.data(), text.size()));
  return {raw.begin(), raw.end()};
}

const std::pair<ElfArch, const char*> kArches[] = {
    {ElfArch::x64, "x64"}, {ElfArch::arm64, "arm64"}, {ElfArch::x86, "x86"}, {ElfArch::arm, "arm"}};

/// Everything that elf::File knows, once.
ElfBuilder rich_image(ElfArch arch, uint64_t base) {
  ElfBuilder builder(arch, 3, base);
  builder.add_section({.name = ".text", .flags = 6, .data = bytes_of("\x90\x90\xc3")});
  builder.add_build_id(bytes_of("12345678901234567890"));
  auto table = builder.add_symbols({{.name = "first", .value = 0x400, .size = 2},
                                    {.name = "second@@V_1", .value = 0x402, .size = 1}},
                                   true);
  ByteBuilder hash;
  hash.u32(1).u32(1).u32(1).u32(0);
  put_elf_word(hash, arch, ~uint64_t{0});
  hash.u32(1).u32(0x10).u32(0x21);
  auto gnu = builder.add_section({.name = ".gnu.hash", .data = hash.take()});
  builder.add_dynamic({{6, table.address},
                       {5, table.address - 24},
                       {10, 24},
                       {0x6ffffef5, gnu.address},
                       {21, 0x20000000}});
  builder.add_symbols({{.name = "local", .value = 0x400}});
  ByteBuilder link;
  link.c_string("a.debug").align(4).u32(1);
  builder.add_section({.name = ".gnu_debuglink", .flags = 0, .data = link.take()});
  ByteBuilder alt;
  alt.c_string("a.dwz").text("12345678901234567890");
  builder.add_section({.name = ".gnu_debugaltlink", .flags = 0, .data = alt.take()});
  // zlib's stored block: "hello" with its Adler-32.
  const std::string_view stored(
      "\x78\x01\x01\x05\x00\xfa\xff"
      "hello\x06\x2c\x02\x15",
      16);
  ByteBuilder old;
  old.text("ZLIB").u32(0).u8(0).u8(0).u8(0).u8(5).text(stored);
  builder.add_section({.name = ".zdebug_str", .flags = 0, .data = old.take()});
  ByteBuilder packed;
  packed.u32(1);
  if (elf_word(arch) == 8) packed.u32(0);
  put_elf_word(packed, arch, 5);
  put_elf_word(packed, arch, 1);
  packed.text(stored);
  builder.add_section({.name = ".debug_info", .flags = 0x800, .data = packed.take()});
  return builder;
}

CoreBuilder rich_core(ElfArch arch) {
  CoreBuilder builder(arch);
  std::vector<uint64_t> registers(27, 0x400400);
  builder.thread({.id = 5, .signal = 11, .registers = registers});
  builder.process(5, "lobby", "./lobby --all");
  builder.signal({.number = 11, .code = 1, .address = 0x19});
  builder.auxv({{3, 0x400040}, {5, 4}, {9, 0x400400}, {33, 0x70000000}, {31, 0x30000010}});
  builder.files(
      {{0x400000, 0x401000, 0, "/opt/lobby"}, {0x50000000, 0x50001000, 0, "/lib/a.so (deleted)"}});
  builder.note("CORE", 2, std::vector<std::byte>(64));
  builder.thread({.id = 6, .registers = registers});
  builder.note("INQUEST", 1,
               bytes_of(R"({"threads":[{"id":6,"name":"w"}],"executable":"/x","stopped_us":1})"));
  builder.memory(0x400000, rich_image(arch, 0).build(), 5, 0x1000);
  builder.memory(0x30000000, bytes_of("stack stack stack stack"), 6);
  builder.memory(0x50000000, {}, 5, 0x1000);
  builder.memory(0x70000000, ElfBuilder(arch).build(false), 5, 0x1000);
  return builder;
}

}  // namespace

Seeds elf_seeds() {
  Seeds seeds;
  for (auto [arch, name] : kArches) {
    seeds[std::string("image-") + name] = rich_image(arch, 0x10000).build();
    seeds[std::string("loaded-") + name] = rich_image(arch, 0).build(false);
  }
  return seeds;
}

Seeds elf_core_seeds() {
  Seeds seeds;
  for (auto [arch, name] : kArches) {
    seeds[std::string("core-") + name] = rich_core(arch).build();
  }
  seeds["core-extended"] = rich_core(ElfArch::x64).extended_count().build();
  auto cut = rich_core(ElfArch::x64).build();
  cut.resize(cut.size() / 2);
  seeds["core-cut"] = cut;
  return seeds;
}

void write_seeds(const Seeds& seeds, const std::string& folder) {
  std::filesystem::create_directories(folder);
  for (const auto& [name, bytes] : seeds) {
    std::ofstream out(folder + "/" + name, std::ios::binary);
    out.write(reinterpret_cast<const char*>(bytes.data()),
              static_cast<std::streamsize>(bytes.size()));
  }
}

}  // namespace inquest::testkit
