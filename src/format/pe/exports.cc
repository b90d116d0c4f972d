// The export directory. Source: Microsoft "PE Format", "The .edata Section".
#include <algorithm>

#include "format/pe/directories.h"

namespace inquest::pe {
namespace {

/// Ordinals have 16 bits; several names may stand for one of them.
constexpr uint64_t kMostFunctions = 1 << 16, kMostNames = 1 << 18, kLongestName = 1 << 14;

/// Names by rva, with a cap on what overlapping ones can make us look through.
class Names {
 public:
  Names(const Source& source, const Headers::Directory& directory)
      : source_(source), directory_(directory) {
    run_ = source.run(directory.rva, directory.size);
  }
  std::string_view at(uint32_t rva) {
    Bytes bytes = rva - directory_.rva < run_.size() ? run_.subspan(rva - directory_.rva)
                                                     : source_.run(rva, kLongestName);
    bytes = bytes.first(std::min<uint64_t>({bytes.size(), kLongestName, budget_}));
    if (bytes.empty()) return {};
    const void* nul = std::memchr(bytes.data(), 0, bytes.size());
    size_t length =
        nul ? static_cast<size_t>(static_cast<const std::byte*>(nul) - bytes.data()) : bytes.size();
    budget_ -= length;
    if (!nul) return {};
    return {reinterpret_cast<const char*>(bytes.data()), length};
  }

 private:
  const Source& source_;
  Headers::Directory directory_;
  Bytes run_;
  uint64_t budget_ = uint64_t{64} << 20;
};

}  // namespace

std::vector<Export> read_exports(const Headers& headers, const Source& source) {
  const auto& directory = headers.directories[layout::kExport];
  if (directory.size == 0) return {};
  Names names(source, directory);
  auto raw =
      peek<layout::ExportDirectory>(source.run(directory.rva, sizeof(layout::ExportDirectory)));
  if (!raw) return {};
  uint64_t count = std::min<uint64_t>(raw->function_count, kMostFunctions);
  Bytes functions = source.run(raw->functions, count * sizeof(le32));
  count = functions.size() / sizeof(le32);

  std::vector<bool> named(count);
  std::vector<Export> exports;
  auto add = [&](uint32_t index, std::string_view name) {
    auto rva = uint32_t{*peek<le32>(functions, index * sizeof(le32))};
    bool forwards = rva - directory.rva < directory.size;
    if (rva == 0 || forwards) return;
    exports.push_back({.name = name, .ordinal = raw->ordinal_base + index, .rva = Rva{rva}});
  };
  uint64_t name_count = std::min<uint64_t>(raw->name_count, kMostNames);
  Bytes name_table = source.run(raw->names, name_count * sizeof(le32));
  Bytes ordinals = source.run(raw->ordinals, name_count * sizeof(le16));
  for (uint64_t i = 0; i < name_count; ++i) {
    auto name = peek<le32>(name_table, i * sizeof(le32));
    auto index = peek<le16>(ordinals, i * sizeof(le16));
    if (!name || !index) break;
    if (*index >= count) continue;
    named[*index] = true;
    add(*index, names.at(*name));
  }
  for (uint32_t i = 0; i < count; ++i) {
    if (!named[i]) add(i, {});
  }
  std::stable_sort(exports.begin(), exports.end(),
                   [](const Export& a, const Export& b) { return a.rva < b.rva; });
  return exports;
}

}  // namespace inquest::pe
