#include "format/sanitizer/report.h"

#include <algorithm>

namespace inquest::sanitizer {
namespace {

constexpr size_t kMostStacks = 8, kMostFrames = 64, kMostLine = 1000;

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

/// Colours are escape sequences: "\x1b[1m\x1b[31m".
std::string without_colours(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\x1b') {
      out += text[i];
      continue;
    }
    while (i < text.size() && text[i] != 'm') ++i;
  }
  return out;
}

/// "#1 0x7f67 in main /src/a.cc:16" -> "main /src/a.cc:16"; empty for what is no frame.
std::string_view frame_of(std::string_view line) {
  line = trimmed(line);
  if (!line.starts_with('#')) return {};
  size_t in = line.find(" in ");
  if (in != line.npos) return trimmed(line.substr(in + 4));
  size_t module = line.find('(');  // a frame without a name: "#1 0x7f67 (/srv/lobby+0x1234)"
  return module == line.npos ? std::string_view() : line.substr(module);
}

bool is_of_the_sanitizer(std::string_view frame) {
  return frame.find("libsanitizer/") != frame.npos || frame.find("compiler-rt/") != frame.npos ||
         frame.starts_with("__interceptor_") || frame.starts_with("__asan") ||
         frame.starts_with("operator new") || frame.starts_with("operator delete");
}

}  // namespace

std::optional<Report> parse_report(std::string_view raw) {
  const std::string text = without_colours(raw.substr(0, kMostText));
  Report out;
  size_t at = text.find("==ERROR: ");
  if (at == text.npos) return {};
  at += std::string_view("==ERROR: ").size();
  size_t colon = text.find(": ", at);
  if (colon == text.npos || colon - at > 40) return {};
  out.tool = text.substr(at, colon - at);
  if (!out.tool.ends_with("Sanitizer")) return {};
  size_t begin = colon + 2;
  bool is_first = true;
  out.stacks.emplace_back();
  while (begin < text.size()) {
    size_t end = std::min(text.find('\n', begin), text.size());
    std::string_view line = trimmed(std::string_view(text).substr(begin, end - begin));
    line = line.substr(0, kMostLine);
    begin = end + 1;
    if (is_first) {
      out.line = line;
      // "attempting double-free on 0x...", "heap-use-after-free on address ..."
      std::string_view name = line;
      if (name.starts_with("attempting ")) name.remove_prefix(11);
      out.error = name.substr(0, name.find(' '));
      if (name.starts_with("free on address")) out.error = "bad-free";
      if (out.error.ends_with(':')) out.error.pop_back();
      is_first = false;
      continue;
    }
    if (line.starts_with("SUMMARY:") || line.starts_with("Shadow bytes")) break;
    if (auto frame = frame_of(line); !frame.empty()) {
      auto& frames = out.stacks.back().frames;
      if (frames.size() < kMostFrames && !is_of_the_sanitizer(frame)) frames.emplace_back(frame);
    } else if (line.ends_with(" here:") && out.stacks.size() < kMostStacks) {
      out.stacks.push_back({.heading = std::string(line.substr(0, line.size() - 1))});
    } else if (line.find(" is located ") != line.npos || line.starts_with("Hint: ") ||
               line.find("points to the zero page") != line.npos) {
      if (out.place.empty()) out.place = line;
    } else if (line.starts_with("READ of size") || line.starts_with("WRITE of size")) {
      out.access = line;
    }
  }
  if (out.error.empty()) return {};
  return out;
}

}  // namespace inquest::sanitizer
