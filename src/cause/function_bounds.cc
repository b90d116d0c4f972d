#include "cause/function_bounds.h"

#include "base/cursor.h"

namespace inquest::cause {
namespace {

/// The run of code that .eh_frame_hdr's search table holds for `vaddr`: from the greatest start
/// that is not above it to the next start. Source: LSB 5, section 10.6.2. Only the encoding that
/// linkers write (sdata4, relative to the header) is read.
std::optional<std::pair<uint64_t, uint64_t>> search_table(const elf::File& image, uint64_t vaddr) {
  constexpr uint32_t kEhFrameHeader = 0x6474e550;
  constexpr uint8_t kPcrelSdata4 = 0x1b, kUdata4 = 0x03, kDatarelSdata4 = 0x3b;
  for (const auto& segment : image.segments()) {
    if (segment.type != kEhFrameHeader) continue;
    Cursor header(image.segment_data(segment), ".eh_frame_hdr");
    uint8_t version = header.read<u8>(), pointer = header.read<u8>();
    uint8_t count_form = header.read<u8>(), table_form = header.read<u8>();
    if (version != 1 || pointer != kPcrelSdata4 || count_form != kUdata4 ||
        table_form != kDatarelSdata4) {
      return {};
    }
    header.skip(4);
    uint32_t count = header.count(8);
    Bytes table = header.take(uint64_t{count} * 8);
    if (header.failed() || count == 0) return {};
    auto start = [&](size_t row) {
      Cursor cell(table.subspan(row * 8, 4));
      return segment.vaddr + static_cast<uint64_t>(static_cast<int64_t>(cell.read<sle32>()));
    };
    size_t low = 0, high = count;  // first row that starts above vaddr
    while (low < high) {
      size_t middle = low + (high - low) / 2;
      if (start(middle) <= vaddr)
        low = middle + 1;
      else
        high = middle;
    }
    if (low == 0) return {};
    uint64_t end = low < count ? start(low) : start(low - 1) + (64 << 10);
    return std::pair{start(low - 1), end};
  }
  return {};
}

bool is_split_part(std::string_view linkage) {
  return linkage.find(".cold") != std::string_view::npos ||
         linkage.find(".part.") != std::string_view::npos;
}

}  // namespace

std::optional<FunctionBounds> function_bounds(const Process& process, Address at) {
  const auto* module = process.snapshot().module_at(at);
  if (!module) return {};
  Rva rva{at - module->range.begin};
  auto range = [&](uint64_t begin, uint64_t size) {
    Address first = module->range.begin + begin;
    return AddressRange{first, first + size};
  };
  if (auto symbol = process.symbols(*module).symbol_at(rva);
      symbol && symbol->is_function && symbol->size > 0 && symbol->offset < symbol->size) {
    return FunctionBounds{range(rva.value - symbol->offset, symbol->size),
                          symbol->linkage.find(".cold") == std::string::npos};
  }
  Located place = process.locate(at);
  if (!place.source.empty()) {
    const auto& outer = place.source.back();
    if (outer.size > 0 && rva - outer.begin < outer.size) {
      return FunctionBounds{range(outer.begin.value, outer.size), !is_split_part(outer.linkage)};
    }
  }
  const auto& image = process.files(*module).image;
  if (!image) return {};
  auto found = search_table(*image, at.value - module->bias);
  if (!found) return {};
  AddressRange all{Address{found->first + module->bias}, Address{found->second + module->bias}};
  if (!all.contains(at)) return {};
  return FunctionBounds{all, true};
}

}  // namespace inquest::cause
