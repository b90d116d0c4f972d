#include "locate/search.h"

namespace inquest::locate {
namespace {

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

bool is_url(std::string_view text) {
  return text.starts_with("http://") || text.starts_with("https://");
}

}  // namespace

struct Locator::Impl {
  Places places;
};

Locator::Locator(Options options) : impl_(new Impl) {
  Places& places = impl_->places;
  std::vector<std::string> servers;
  for (const std::string& entry : options.symbols) {
    if (is_url(entry)) {
      servers.push_back(entry);
    } else {
      places.symbols.push_back(std::make_unique<Folder>(entry));
    }
  }
  for (const std::string& folder : options.images) {
    places.images.push_back(std::make_unique<Folder>(folder));
  }
  servers.insert(servers.end(), options.servers.begin(), options.servers.end());
  places.cache_only = std::make_unique<Debuginfod>(std::vector<std::string>{}, options.cache,
                                                   Debuginfod::Progress{});
  places.servers =
      std::make_unique<Debuginfod>(std::move(servers), options.cache, options.progress);
  places.options = std::move(options);
}

Locator::~Locator() = default;

ModuleFiles Locator::find(const snapshot::Snapshot& snapshot,
                          const snapshot::Module& module) const {
  if (module.is_vdso) return vdso_files(snapshot, module);
  return Search(impl_->places, *impl_->places.servers, snapshot, module).run();
}

ModuleFiles Locator::find_local(const snapshot::Snapshot& snapshot,
                                const snapshot::Module& module) const {
  if (module.is_vdso) return vdso_files(snapshot, module);
  ModuleFiles files = Search(impl_->places, *impl_->places.cache_only, snapshot, module).run();
  if (impl_->places.servers->has_servers()) files.warnings.clear();
  return files;
}

}  // namespace inquest::locate
