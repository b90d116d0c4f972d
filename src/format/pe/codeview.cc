// The debug directory's CodeView record: which PDB belongs to the image.
// Source: Microsoft "PE Format", "Debug Directory"; the record itself: LLVM's PDB documentation.
#include <algorithm>

#include "format/pe/directories.h"

namespace inquest::pe {
namespace {

constexpr uint64_t kMostEntries = 64, kLongestRecord = 4096;

std::string path_behind(Bytes record, size_t skip) {
  Bytes rest = record.subspan(skip);
  std::string_view text(reinterpret_cast<const char*>(rest.data()), rest.size());
  return std::string(text.substr(0, text.find('\0')));
}

std::optional<CodeView> parse_record(Bytes record) {
  if (auto rsds = peek<layout::CodeViewRsds>(record); rsds && rsds->signature == layout::kRsds) {
    std::string id = fmt::format("{:08X}{:04X}{:04X}", uint32_t{rsds->guid1}, uint16_t{rsds->guid2},
                                 uint16_t{rsds->guid3});
    for (uint8_t byte : rsds->guid4) id += fmt::format("{:02X}", byte);
    id += fmt::format("{:X}", uint32_t{rsds->age});
    return CodeView{.debug_id = id, .pdb = path_behind(record, sizeof(*rsds))};
  }
  if (auto nb10 = peek<layout::CodeViewNb10>(record); nb10 && nb10->signature == layout::kNb10) {
    return CodeView{
        .debug_id = fmt::format("{:08X}{:X}", uint32_t{nb10->timestamp}, uint32_t{nb10->age}),
        .pdb = path_behind(record, sizeof(*nb10))};
  }
  return {};
}

}  // namespace

std::optional<CodeView> read_codeview(const Headers& headers, const Source& source) {
  const auto& directory = headers.directories[layout::kDebug];
  uint64_t count = std::min<uint64_t>(directory.size / sizeof(layout::DebugEntry), kMostEntries);
  Bytes table = source.run(directory.rva, count * sizeof(layout::DebugEntry));
  for (uint64_t i = 0; i < count; ++i) {
    auto entry = peek<layout::DebugEntry>(table, i * sizeof(layout::DebugEntry));
    if (!entry) break;
    if (entry->type != layout::kDebugCodeView) continue;
    uint64_t size = std::min<uint64_t>(entry->size, kLongestRecord);
    Bytes record = entry->rva != 0 ? source.run(entry->rva, size) : Bytes{};
    if (record.empty()) record = source.stored(entry->file_offset, size);
    if (auto found = parse_record(record)) return found;
  }
  return {};
}

}  // namespace inquest::pe
