// elf::File over any bytes: every question that the other rooms ask of it.
// Seeds: testkit/elf_seeds.cc, written by `INQUEST_WRITE_SEEDS=fuzz/corpus inquest_ingest_test`.
#include <cstdint>

#include "format/elf/file.h"

using namespace inquest;

namespace {

uint64_t sum(Bytes bytes) {
  uint64_t total = 0;
  for (std::byte b : bytes) total += static_cast<uint64_t>(b);
  return total;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto opened = elf::File::parse(std::as_bytes(std::span(data, size)), nullptr, "fuzz");
  if (!opened) return 0;
  const elf::File& file = **opened;
  volatile uint64_t total = file.load_base();
  for (const elf::Segment& s : file.segments()) {
    total = total + sum(file.segment_data(s)) + file.at_vaddr(s.vaddr).size();
  }
  size_t budget = 32;  // sections may all be the same large one
  for (const elf::Section& s : file.sections()) {
    if (budget-- == 0) break;
    auto content = file.section_data(s);
    if (content) total = total + sum(*content);
    total = total + (file.section(s.name) != nullptr);
  }
  for (uint32_t type : {2u, 11u}) {
    for (const elf::Symbol& symbol : file.symbols(type)) total = total + symbol.name.size();
  }
  for (const elf::Note& note : file.notes()) total = total + sum(note.description);
  total = total + sum(file.build_id());
  if (auto link = file.debug_link()) total = total + link->name.size();
  if (auto link = file.alt_link()) total = total + link->path.size() + sum(link->build_id);
  return 0;
}
