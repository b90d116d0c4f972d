// Call frame information: a section (and perhaps its search table) from the input, rows decoded all
// over it and executed on a stack that is the input too.
//
// Input: a byte of choices, two bytes of the table's size, the table, the section.
#include <algorithm>
#include <cstdint>

#include "unwind/cfi/execute.h"
#include "unwind/rules.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace inquest;
  using namespace inquest::unwind;
  if (size < 3) return 0;
  Bytes input = std::as_bytes(std::span(data, size));
  constexpr snapshot::Arch kArchs[] = {snapshot::Arch::x86_64, snapshot::Arch::x86,
                                       snapshot::Arch::aarch64, snapshot::Arch::arm};
  snapshot::Arch arch = kArchs[data[0] & 3];
  bool eh = data[0] & 4;
  size_t table_size = std::min<size_t>(data[1] | data[2] << 8, size - 3);
  Bytes table = input.subspan(3, table_size), section = input.subspan(3 + table_size);
  constexpr uint64_t kTable = 0x3000, kSection = 0x4000, kStack = 0x10000;
  Rules rules(
      {.bytes = section, .vaddr = kSection, .eh = eh, .pointer_size = snapshot::pointer_size(arch)},
      table, kTable, arch);

  snapshot::Memory memory;
  memory.add(Address{kStack}, input, snapshot::Origin::dump, nullptr);
  Words words(memory, snapshot::pointer_size(arch));
  snapshot::Registers registers(arch);
  for (unsigned n = 0; n < snapshot::roles(arch).count; ++n) {
    registers.set(static_cast<snapshot::Register>(n), kStack + n * 8);
  }
  for (uint64_t at = 0x1000; at < 0x1400; at += 7) {
    if (auto row = rules.row(at)) execute(*row, registers, words);
  }
  return 0;
}
