#include "capture/memory_map.h"

#include <algorithm>
#include <charconv>

namespace inquest::capture {
namespace {

constexpr std::string_view kDeleted = " (deleted)";

class Line {
 public:
  explicit Line(std::string_view text) : text_(text) {}

  bool number(uint64_t& value, int base) {
    auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), value, base);
    if (error != std::errc{}) return false;
    text_.remove_prefix(static_cast<size_t>(end - text_.data()));
    return true;
  }
  bool literal(char c) {
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  std::string_view take(size_t n) {
    std::string_view taken = text_.substr(0, n);
    text_.remove_prefix(taken.size());
    return taken;
  }
  void spaces() {
    while (!text_.empty() && text_.front() == ' ') text_.remove_prefix(1);
  }
  std::string_view rest() const { return text_; }

 private:
  std::string_view text_;
};

/// A newline in a path is written as \012; nothing else is escaped.
std::string path_of(std::string_view text) {
  std::string path;
  for (size_t at = 0; at < text.size();) {
    if (text.substr(at, 4) == "\\012") {
      path += '\n';
      at += 4;
    } else {
      path += text[at++];
    }
  }
  return path;
}

/// "55d0c0000000-55d0c0021000 rw-p 00001000 fe:00 1234    /usr/bin/x"
bool parse_header(std::string_view text, Mapping& mapping) {
  Line line(text);
  if (!line.number(mapping.range.begin.value, 16) || !line.literal('-') ||
      !line.number(mapping.range.end.value, 16) || !line.literal(' ')) {
    return false;
  }
  std::string_view access = line.take(4);
  if (access.size() < 4 || mapping.range.empty()) return false;
  mapping.read = access[0] == 'r';
  mapping.write = access[1] == 'w';
  mapping.execute = access[2] == 'x';
  mapping.shared = access[3] == 's';
  uint64_t device = 0;
  if (!line.literal(' ') || !line.number(mapping.offset, 16) || !line.literal(' ') ||
      !line.number(device, 16) || !line.literal(':') || !line.number(device, 16) ||
      !line.literal(' ') || !line.number(mapping.inode, 10)) {
    return false;
  }
  line.spaces();
  std::string_view name = line.rest();
  if (name.ends_with(kDeleted) && name.starts_with('/')) {
    mapping.deleted = true;
    name.remove_suffix(kDeleted.size());
  }
  mapping.name = path_of(name);
  return true;
}

void parse_flags(std::string_view flags, Mapping& mapping) {
  while (!flags.empty()) {
    size_t end = std::min(flags.find(' '), flags.size());
    std::string_view flag = flags.substr(0, end);
    if (flag == "io" || flag == "pf") mapping.device = true;
    if (flag == "dd") mapping.not_dumped = true;
    if (flag == "ht") mapping.huge_pages = true;
    flags.remove_prefix(std::min(end + 1, flags.size()));
  }
}

void parse_detail(std::string_view line, Mapping& mapping) {
  size_t colon = line.find(':');
  if (colon == line.npos) return;
  std::string_view key = line.substr(0, colon);
  if (key == "VmFlags") {
    mapping.detailed = true;
    return parse_flags(line.substr(colon + 1), mapping);
  }
  uint64_t* field = key == "Rss"         ? &mapping.resident
                    : key == "Anonymous" ? &mapping.anonymous
                    : key == "Swap"      ? &mapping.swapped
                                         : nullptr;
  if (!field) return;
  Line value(line.substr(colon + 1));
  value.spaces();
  uint64_t kilobytes = 0;
  if (value.number(kilobytes, 10)) *field = kilobytes * 1024;
}

}  // namespace

std::vector<Mapping> parse_memory_map(std::string_view text) {
  std::vector<Mapping> mappings;
  while (!text.empty()) {
    size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty()) continue;
    // A detail's key begins with a capital letter; a mapping begins with a hexadecimal digit.
    if (line.front() >= 'A' && line.front() <= 'Z') {
      if (!mappings.empty()) parse_detail(line, mappings.back());
      continue;
    }
    Mapping mapping;
    if (parse_header(line, mapping)) mappings.push_back(std::move(mapping));
  }
  return mappings;
}

}  // namespace inquest::capture
