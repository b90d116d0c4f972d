// pe::File over any bytes, as a file or as memory: every question that the other rooms ask of it,
// and the rows that unwinding makes of its functions.
// Seeds: testkit/pe_seeds.cc, written by `INQUEST_WRITE_SEEDS=fuzz/corpus inquest_unwind_test`.
#include <algorithm>
#include <cstdint>

#include "unwind/pe/image_rules.h"

using namespace inquest;

namespace {

uint64_t sum(Bytes bytes) {
  uint64_t total = 0;
  for (std::byte b : bytes) total += static_cast<uint64_t>(b);
  return total;
}

size_t copy(Bytes image, uint64_t rva, std::span<std::byte> out) {
  if (rva >= image.size()) return 0;
  size_t n = std::min<uint64_t>(out.size(), image.size() - rva);
  std::copy_n(image.begin() + static_cast<ptrdiff_t>(rva), n, out.begin());
  return n;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  Bytes image = std::as_bytes(std::span(data, size)).subspan(1);
  auto opened =
      data[0] & 1
          ? pe::File::from_memory(
                [image](Rva rva, std::span<std::byte> out) { return copy(image, rva.value, out); },
                "fuzz")
          : pe::File::parse(image, nullptr, "fuzz");
  if (!opened) return 0;
  const pe::File& file = **opened;
  volatile uint64_t total = file.image_base() + file.damage().size();
  size_t budget = 32;  // sections may all be the same large one
  for (const pe::Section& section : file.sections()) {
    if (budget-- == 0) break;
    total = total + sum(file.section_data(section.name)) + file.from(Rva{section.rva}).size();
  }
  for (const pe::Export& e : file.exports()) total = total + e.name.size() + e.rva.value;
  if (auto codeview = file.codeview()) total = total + codeview->pdb.size();
  total = total + file.version().size();

  unwind::ImageRules rules(*opened, [&](uint64_t rva, std::span<std::byte> out) {
    Bytes code = file.from(Rva{rva});
    size_t n = std::min(code.size(), out.size());
    std::copy_n(code.begin(), n, out.begin());
    return n;
  });
  Bytes pdata = file.exception_directory();
  constexpr size_t kMost = 64 * 8;
  for (size_t i = 0; i + 4 <= std::min(pdata.size(), kMost); i += 4) {
    le32 begin;
    std::memcpy(&begin, pdata.data() + i, 4);
    for (uint64_t offset : {0, 1, 4, 9, 0x3c}) {
      for (bool exact : {true, false}) {
        if (auto row = rules.row(begin + offset, exact)) total = total + row->registers.size();
      }
    }
  }
  return 0;
}
