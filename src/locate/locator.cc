#include <algorithm>
#include <set>

#include "locate/search.h"
#include "locate/windows_search.h"

namespace inquest::locate {
namespace {

void add_once(std::vector<std::string>& all, const std::string& one) {
  if (std::ranges::find(all, one) == all.end()) all.push_back(one);
}

/// Kernels' vDSOs have two to four pages; more is a damaged record.
constexpr uint64_t kLargestVdso = 1 << 20;

/// The vDSO is no file: its bytes are in the dump.
ModuleFiles vdso_files(const snapshot::Snapshot& snapshot, const snapshot::Module& module) {
  ModuleFiles files;
  auto bytes = std::make_shared<std::vector<std::byte>>(
      std::min<uint64_t>(module.range.size(), kLargestVdso));
  bytes->resize(snapshot.memory.read(module.range.begin, *bytes));
  auto file = elf::File::parse(*bytes, bytes, "[vdso]");
  if (!file) {
    files.note = bytes->empty() ? "the dump does not hold it" : file.error().what;
    return files;
  }
  files.image = *file;
  if (has_symbol_table(**file)) files.symtab = *file;
  if (has_debug_info(**file)) files.debug = *file;
  files.availability = files.debug                                 ? Availability::full
                       : files.symtab || exports_functions(**file) ? Availability::public_only
                                                                   : Availability::none;
  files.from = "the dump";
  return files;
}

/// A module of Windows, or of a dump whose writer was not told of ELF: it has a PDB's name or a
/// COFF time stamp, and no build id.
bool is_of_windows(const snapshot::Snapshot& snapshot, const snapshot::Module& module) {
  if (!module.identity.build_id.empty()) return false;
  return snapshot.os == snapshot::Os::windows;
}

}  // namespace

struct Locator::Impl {
  Places places;

  ModuleFiles find(const snapshot::Snapshot& snapshot, const snapshot::Module& module,
                   bool ask) const;
};

Locator::Locator(Options options) : impl_(new Impl) {
  Places& places = impl_->places;
  SymbolPath path = parse_symbol_path(options.symbols, options.symbol_cache);
  std::vector<std::string> servers;
  std::set<std::string> caches{options.symbol_cache};
  for (const ServerEntry& server : path.servers) {
    if (server.plain) servers.push_back(server.url);
    caches.insert(server.caches.begin(), server.caches.end());
  }
  // What a server gave once is found without it too.
  if (!options.symbol_cache.empty()) add_once(path.folders, options.symbol_cache);
  for (const std::string& folder : path.folders) {
    places.symbols.push_back(std::make_unique<Folder>(folder, caches.contains(folder)));
  }
  for (const std::string& folder : options.images) {
    places.images.push_back(std::make_unique<Folder>(folder));
  }
  servers.insert(servers.end(), options.servers.begin(), options.servers.end());
  places.cache_only = std::make_unique<Debuginfod>(std::vector<std::string>{}, options.cache,
                                                   Debuginfod::Progress{});
  places.servers =
      std::make_unique<Debuginfod>(std::move(servers), options.cache, options.progress);
  places.symbol_servers = std::make_unique<SymbolServers>(std::move(path.servers),
                                                          options.miss_seconds, options.progress);
  places.options = std::move(options);
}

Locator::~Locator() = default;

ModuleFiles Locator::Impl::find(const snapshot::Snapshot& snapshot, const snapshot::Module& module,
                                bool ask) const {
  if (module.is_vdso) return vdso_files(snapshot, module);
  if (is_of_windows(snapshot, module)) return WindowsSearch(places, ask, snapshot, module).run();
  return Search(places, ask, snapshot, module).run();
}

ModuleFiles Locator::find(const snapshot::Snapshot& snapshot,
                          const snapshot::Module& module) const {
  return impl_->find(snapshot, module, true);
}

ModuleFiles Locator::find_local(const snapshot::Snapshot& snapshot,
                                const snapshot::Module& module) const {
  ModuleFiles files = impl_->find(snapshot, module, false);
  if (has_servers()) files.warnings.clear();
  return files;
}

bool Locator::has_servers() const {
  return impl_->places.servers->has_servers() || !impl_->places.symbol_servers->empty();
}

}  // namespace inquest::locate
