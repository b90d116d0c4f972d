#include "locate/symbol_path.h"

#include <algorithm>
#include <cctype>
#include <strings.h>

namespace inquest::locate {
namespace {

constexpr std::string_view kMicrosoft = "https://msdl.microsoft.com/download/symbols";

bool same_word(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> parts;
  while (true) {
    size_t end = text.find_first_of(separators);
    parts.push_back(text.substr(0, end));
    if (end == text.npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string without_slash(std::string_view text) {
  while (text.size() > 1 && text.ends_with('/')) text.remove_suffix(1);
  return std::string(text);
}

bool on_windows_drive(std::string_view text) {
  return (text.size() >= 2 && std::isalpha(static_cast<unsigned char>(text[0])) && text[1] == ':' &&
          (text.size() == 2 || text[2] == '\\')) ||
         text.starts_with("\\\\");
}

class Reader {
 public:
  explicit Reader(const std::string& default_cache) : default_cache_(default_cache) {}

  void add(const std::string& entry) {
    auto parts = split(entry, "*");
    if (parts.size() == 1) return add_plain(entry);
    if (same_word(parts[0], "cache")) {
      cache_ = parts[1].empty() ? default_cache_ : without_slash(parts[1]);
      add_folder(cache_);
      return;
    }
    size_t first = 0;
    if (same_word(parts[0], "srv")) first = 1;
    if (same_word(parts[0], "symsrv")) first = 2;  // then the name of a DLL
    if (first == 0) return add_folder(entry);      // a '*' in a folder's name
    parts.erase(parts.begin(), parts.begin() + static_cast<long>(std::min(first, parts.size())));
    add_chain(parts);
  }
  SymbolPath take() { return std::move(path_); }

 private:
  void add_plain(const std::string& entry) {
    if (!is_url(entry)) return add_folder(without_slash(entry));
    ServerEntry server{.url = without_slash(entry), .plain = true};
    add_server(std::move(server));
  }

  /// The parts of a srv*: caches, nearest first, then the server or the store behind them.
  void add_chain(const std::vector<std::string_view>& parts) {
    ServerEntry server;
    bool asks_microsoft = std::ranges::all_of(parts, [](auto part) { return part.empty(); });
    for (std::string_view part : parts) {
      if (is_url(part)) {
        server.url = without_slash(part);
        add_server(server);
      } else if (!on_windows_drive(part)) {
        std::string folder = part.empty() ? default_cache_ : without_slash(part);
        if (folder.empty()) continue;
        add_folder(folder);
        if (std::ranges::find(server.caches, folder) == server.caches.end()) {
          server.caches.push_back(folder);
        }
      }
    }
    if (asks_microsoft) {
      server.url = kMicrosoft;
      add_server(server);
    }
  }

  void add_server(ServerEntry server) {
    if (!cache_.empty()) server.caches.insert(server.caches.begin(), cache_);
    if (server.caches.empty() && !default_cache_.empty()) {
      server.caches.push_back(default_cache_);
      add_folder(default_cache_);
    }
    auto known = std::ranges::find(path_.servers, server.url, &ServerEntry::url);
    if (known == path_.servers.end()) {
      path_.servers.push_back(std::move(server));
    } else {
      known->plain |= server.plain;
    }
  }

  void add_folder(const std::string& folder) {
    if (folder.empty() || std::ranges::find(path_.folders, folder) != path_.folders.end()) return;
    path_.folders.push_back(folder);
  }

  const std::string& default_cache_;
  std::string cache_;  // of the last cache*
  SymbolPath path_;
};

}  // namespace

bool is_url(std::string_view text) {
  return text.starts_with("http://") || text.starts_with("https://");
}

SymbolPath parse_symbol_path(const std::vector<std::string>& entries,
                             const std::string& default_cache) {
  Reader reader(default_cache);
  for (const std::string& entry : entries) {
    if (!entry.empty()) reader.add(entry);
  }
  return reader.take();
}

std::vector<std::string> split_symbol_path(std::string_view text) {
  constexpr std::string_view kEnds = " \t\n;";
  std::vector<std::string> entries;
  while (!text.empty()) {
    size_t end = text.find_first_of(kEnds);
    // The ':' of a URL is its own, and a chain holds URLs.
    bool whole = is_url(text) || text.substr(0, end).find('*') != text.npos;
    if (!whole) end = std::min(end, text.find(':'));
    if (end != 0) entries.emplace_back(text.substr(0, end));
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
  }
  return entries;
}

std::vector<std::string> split_windows_symbol_path(std::string_view text) {
  std::vector<std::string> entries;
  for (std::string_view part : split(text, ";")) {
    while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
    while (!part.empty() && part.back() == ' ') part.remove_suffix(1);
    if (!part.empty() && !on_windows_drive(part)) entries.emplace_back(part);
  }
  return entries;
}

}  // namespace inquest::locate
