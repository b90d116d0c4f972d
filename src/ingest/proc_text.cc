#include "ingest/proc_text.h"

#include <algorithm>
#include <charconv>

#include "base/limits.h"

namespace inquest::ingest {
namespace {

using snapshot::Region;

constexpr std::string_view kBlanks = " \t\r";

/// Takes the next line off `text`.
std::string_view next_line(std::string_view& text) {
  size_t end = std::min(text.find('\n'), text.size());
  std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

std::string_view next_word(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
  size_t end = std::min(line.find_first_of(kBlanks), line.size());
  std::string_view word = line.substr(0, end);
  line.remove_prefix(end);
  return word;
}

std::string_view trimmed(std::string_view text, std::string_view marks) {
  text.remove_prefix(std::min(text.find_first_not_of(marks), text.size()));
  return text.substr(0, text.find_last_not_of(marks) + 1);
}

std::optional<uint64_t> hex(std::string_view text) {
  uint64_t value = 0;
  auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (problem != std::errc{} || end != text.data() + text.size()) return {};
  return value;
}

/// "7f69-7f6a r-xp 00000000 fc:01 1442309   /lib/libm.so"
std::optional<Region> region_of(std::string_view line) {
  std::string_view range = next_word(line);
  std::string_view rights = next_word(line);
  auto offset = hex(next_word(line));
  next_word(line);  // device
  next_word(line);  // inode
  size_t dash = range.find('-');
  if (dash == range.npos || rights.size() < 4 || !offset) return {};
  auto begin = hex(range.substr(0, dash)), end = hex(range.substr(dash + 1));
  if (!begin || !end || *begin >= *end) return {};
  Region region{.range = {Address{*begin}, Address{*end}},
                .access = snapshot::Access{.read = rights[0] == 'r',
                                           .write = rights[1] == 'w',
                                           .execute = rights[2] == 'x'},
                .file = std::string(trimmed(line, kBlanks)),
                .shared = rights[3] == 's'};
  // Of `inquest cut`: the source of the dump did not say.
  if (rights[0] == '?') region.access.reset();
  if (region.file.starts_with('/')) region.file_offset = FileOffset{*offset};
  return region;
}

/// The text behind the key and its separator; nothing when the line is another's.
std::optional<std::string_view> value_in(std::string_view line, std::string_view key,
                                         char separator) {
  size_t at = line.find(separator);
  if (at == line.npos || trimmed(line.substr(0, at), kBlanks) != key) return {};
  return trimmed(line.substr(at + 1), " \t\r\"");
}

}  // namespace

std::vector<Region> read_proc_maps(std::string_view text) {
  std::vector<Region> regions;
  while (!text.empty() && regions.size() < kLimits.regions) {
    if (auto region = region_of(next_line(text))) regions.push_back(std::move(*region));
  }
  std::ranges::stable_sort(regions, {}, [](const Region& r) { return r.range.begin; });
  // The kernel's own do not overlap.
  Address covered{0};
  std::erase_if(regions, [&](const Region& r) {
    bool overlaps = r.range.begin < covered;
    if (!overlaps) covered = r.range.end;
    return overlaps;
  });
  return regions;
}

std::string proc_value(std::string_view text, std::string_view key, char separator) {
  while (!text.empty()) {
    if (auto value = value_in(next_line(text), key, separator)) {
      return std::string(value->substr(0, kLimits.string_bytes));
    }
  }
  return {};
}

uint32_t count_proc_lines(std::string_view text, std::string_view key, char separator) {
  uint32_t count = 0;
  while (!text.empty()) count += value_in(next_line(text), key, separator).has_value();
  return count;
}

std::string joined_arguments(std::string_view text) {
  std::string all(text.substr(0, kLimits.string_bytes));
  while (all.ends_with('\0')) all.pop_back();
  std::ranges::replace(all, '\0', ' ');
  return all;
}

}  // namespace inquest::ingest
