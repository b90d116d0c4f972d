/// What people write to say where symbols are: folders, URLs, and the symbol path of Windows.
///
///   /srv/symbols                          a folder
///   https://symbols.example/               a server; what it gives is kept in the default cache
///   srv*/var/cache/sym*https://a.example/  a server with a cache of its own (several: left is
///   nearest) srv*/srv/store                         a store of SymSrv's layout srv* the default
///   cache, then Microsoft's server cache*/var/cache/sym                   a cache for all servers
///   named after it
///
/// Source: Microsoft "Symbol path for Windows debuggers", "Using SymSrv". Pure; thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace inquest::locate {

struct ServerEntry {
  std::string url = {};                  ///< without a slash at its end
  std::vector<std::string> caches = {};  ///< folders, nearest first; at least one unless no default
  bool plain = false;  ///< written as a bare URL: it may be a debuginfod server as well
  friend bool operator==(const ServerEntry&, const ServerEntry&) = default;
};

struct SymbolPath {
  std::vector<std::string> folders = {};  ///< caches and stores included, in order, each once
  std::vector<ServerEntry> servers = {};
};

bool is_url(std::string_view text);

/// One entry an element: as `split_symbol_path` yields them or as --symbols was given.
SymbolPath parse_symbol_path(const std::vector<std::string>& entries,
                             const std::string& default_cache);

/// INQUEST_SYMBOL_PATH: entries end at ';' or whitespace; folders at ':' too, where no '*' is in
/// them.
std::vector<std::string> split_symbol_path(std::string_view text);
/// _NT_SYMBOL_PATH: entries end at ';'. Folders of Windows' drives ("C:\sym") are left out.
std::vector<std::string> split_windows_symbol_path(std::string_view text);

}  // namespace inquest::locate
