// A source server's index: sections of NAME=VALUE lines, then a line a file, whose fields between
// '*' are %var1%, %var2%... %var1% is the name of the file; SRCSRVTRG is where it comes to lie (a
// URL, for servers of HTTP), SRCSRVCMD what gets it there.
// Source: Microsoft "Source Server", "Language Specification 1" to 3.
#include <algorithm>
#include <unordered_map>

#include "format/pdb/source_links.h"

namespace inquest::pdb {
namespace {

constexpr size_t kMostVariables = 4096;
constexpr size_t kMostFiles = 1 << 20;
constexpr size_t kLongestText = 8192;  // of what variables expand to
constexpr unsigned kMostSteps = 256;   // variables and functions in one text
constexpr unsigned kDeepest = 16;

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string_view next_line(std::string_view& text) {
  size_t end = text.find_first_of("\r\n");
  std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(text.size(), line.size() + 1));
  return line;
}

using Variables = std::unordered_map<std::string, std::string>;  // by lower-case name

/// One text with its variables replaced; a hostile index cannot make it long.
class Expansion {
 public:
  Expansion(const Variables& common, std::string_view fields) : common_(common), fields_(fields) {}

  std::string expand(std::string_view text, unsigned depth = 0);
  /// Whether every variable was known and nothing was cut.
  bool is_whole() const { return whole_; }

 private:
  std::string replaced(std::string_view name, std::string_view& rest, unsigned depth);
  std::string variable(std::string_view name, unsigned depth);
  std::string_view field(std::string_view number) const;
  std::string unknown(std::string_view name) {
    whole_ = false;
    return fmt::format("%{}%", name);
  }

  const Variables& common_;
  std::string_view fields_;
  unsigned steps_ = 0;
  bool whole_ = true;
};

std::string_view Expansion::field(std::string_view number) const {
  uint64_t n = 0;
  for (char c : number.substr(0, 4)) {
    if (c < '0' || c > '9') return {};
    n = n * 10 + static_cast<unsigned>(c - '0');
  }
  std::string_view rest = fields_;
  for (uint64_t i = 1; i < n; ++i) {
    size_t star = rest.find('*');
    if (star == rest.npos) return {};
    rest.remove_prefix(star + 1);
  }
  return rest.substr(0, rest.find('*'));
}

std::string Expansion::variable(std::string_view name, unsigned depth) {
  std::string key = lower(name);
  // The fields are texts, not patterns.
  if (key.starts_with("var") && key.size() > 3 && key[3] >= '1' && key[3] <= '9') {
    return std::string(field(std::string_view(key).substr(3)));
  }
  auto found = common_.find(key);
  if (found == common_.end()) return unknown(name);
  return expand(found->second, depth + 1);
}

/// `rest` begins behind the name's second '%'; a function takes its parentheses from it.
std::string Expansion::replaced(std::string_view name, std::string_view& rest, unsigned depth) {
  const std::string key = lower(name);
  const bool is_function = key == "fnvar" || key == "fnbksl" || key == "fnfile";
  if (!is_function || !rest.starts_with('(')) return variable(name, depth);
  size_t end = 0;
  int open = 0;
  for (; end < rest.size(); ++end) {
    if (rest[end] == '(') ++open;
    if (rest[end] == ')' && --open == 0) break;
  }
  if (end == rest.size()) return unknown(name);
  std::string argument = expand(trimmed(rest.substr(1, end - 1)), depth + 1);
  rest.remove_prefix(end + 1);
  if (key == "fnvar") return variable(trimmed(argument), depth);
  if (key == "fnbksl") {
    std::ranges::replace(argument, '/', '\\');
    return argument;
  }
  size_t slash = argument.find_last_of("/\\");
  return slash == argument.npos ? argument : argument.substr(slash + 1);
}

std::string Expansion::expand(std::string_view text, unsigned depth) {
  std::string out;
  while (!text.empty()) {
    size_t begin = text.find('%');
    out += text.substr(0, begin);
    if (begin == text.npos) break;
    size_t end = text.find('%', begin + 1);
    if (end == text.npos || ++steps_ > kMostSteps || depth > kDeepest ||
        out.size() > kLongestText) {
      whole_ = false;
      out += text.substr(begin);
      break;
    }
    std::string_view name = text.substr(begin + 1, end - begin - 1);
    text.remove_prefix(end + 1);
    out += replaced(name, text, depth);
  }
  if (out.size() > kLongestText) {
    whole_ = false;
    out.resize(kLongestText);
  }
  return out;
}

/// The address that a command gets a file from, where it names just one.
std::string url_in(std::string_view command) {
  size_t begin = std::min(command.find("https://"), command.find("http://"));
  if (begin == command.npos) return {};
  std::string_view url = command.substr(begin);
  url = url.substr(0, url.find_first_of(" \t\"'\\<>"));
  std::string_view rest = command.substr(begin + url.size());
  bool another = rest.find("https://") != rest.npos || rest.find("http://") != rest.npos;
  return another || !is_shown_url(url) ? std::string{} : std::string(url);
}

class SourceServer final : public SourceLinks {
 public:
  /// False when it is no such index.
  bool read(std::string_view stream);
  SourcePlace find(std::string_view file) const override;

 private:
  std::string value(const char* name, Expansion& expansion) const {
    auto found = variables_.find(name);
    return found == variables_.end() ? std::string{} : expansion.expand(found->second);
  }

  Variables variables_;
  std::string lines_;  // of the files, copied
  struct Run {
    size_t begin, size;
  };
  std::unordered_map<std::string, Run> files_;  // by comparable path
};

bool SourceServer::read(std::string_view stream) {
  constexpr std::string_view kSection = "SRCSRV:";
  enum class Part : uint8_t { none, variables, files };
  Part part = Part::none;
  bool any = false;
  while (!stream.empty()) {
    std::string_view line = next_line(stream);
    if (line.starts_with(kSection)) {
      any = true;
      std::string name = lower(trimmed(line.substr(kSection.size())));
      part = name.starts_with("variables") || name.starts_with("ini") ? Part::variables
             : name.starts_with("source files")                       ? Part::files
                                                                      : Part::none;
      if (name.starts_with("end")) break;
      continue;
    }
    if (part == Part::variables && variables_.size() < kMostVariables) {
      size_t equals = line.find('=');
      if (equals == line.npos || equals == 0) continue;
      variables_.try_emplace(lower(trimmed(line.substr(0, equals))), line.substr(equals + 1));
    }
    if (part == Part::files && !line.empty() && files_.size() < kMostFiles) {
      Run run{lines_.size(), line.size()};
      if (files_.try_emplace(comparable_path(line.substr(0, line.find('*'))), run).second) {
        lines_ += line;
      }
    }
  }
  return any && !files_.empty();
}

SourcePlace SourceServer::find(std::string_view file) const {
  auto found = files_.find(comparable_path(file));
  if (found == files_.end()) return {};
  std::string_view fields =
      std::string_view(lines_).substr(found->second.begin, found->second.size);
  Expansion target(variables_, fields);
  std::string place = value("srcsrvtrg", target);
  if (is_shown_url(place)) {
    if (target.is_whole()) return {.url = std::move(place)};
    return {};
  }
  Expansion command(variables_, fields);
  std::string text = value("srcsrvcmd", command);
  return {.url = url_in(text), .command = std::move(text)};
}

}  // namespace

std::unique_ptr<const SourceLinks> parse_srcsrv(std::string_view stream) {
  auto server = std::make_unique<SourceServer>();
  if (!server->read(stream)) return nullptr;
  return server;
}

}  // namespace inquest::pdb
