/// A store on this machine's disks: plain files, packed ones, pointers.
#include "base/mapped_file.h"
#include "locate/new_file.h"
#include "locate/packed_file.h"
#include "locate/places.h"
#include "locate/symbol_servers.h"

namespace inquest::locate {
namespace {

constexpr uint64_t kLargestUnpacked = uint64_t{8} << 30;

/// Unpacked once: the next look finds it in the cache.
std::string unpacked(const std::string& packed, const StoreKey& key, const std::string& cache,
                     std::vector<std::string>& problems) {
  std::string path = cache + "/" + key.relative();
  if (is_file(path)) return path;
  auto write = [&]() -> Result<> {
    if (cache.empty()) return fail("there is no folder to unpack to", "set XDG_CACHE_HOME");
    auto mapped = TRY(MappedFile::open(packed));
    auto file = TRY(NewFile::begin(path, "set XDG_CACHE_HOME to a folder that can be written"));
    TRY(unpack_file(mapped->bytes(), key.file, file.descriptor(), kLargestUnpacked, packed));
    return file.keep(0444);
  };
  if (auto done = write(); !done) {
    problems.push_back(done.error().line());
    return {};
  }
  return path;
}

std::string pointed_to(const std::string& pointer, const std::string& root,
                       std::vector<std::string>& problems) {
  auto mapped = MappedFile::open(pointer);
  if (!mapped) return {};
  Pointer target = read_pointer((*mapped)->bytes());
  if (!target.message.empty()) {
    problems.push_back(pointer + " says: " + target.message);
    return {};
  }
  std::string path = target.path.starts_with('/') ? target.path : root + "/" + target.path;
  if (!target.path.empty() && is_file(path)) return path;
  problems.push_back(fmt::format("{} points to {}, which is not there", pointer, target.path));
  return {};
}

}  // namespace

std::vector<std::string> files_in_store(const std::string& root, bool three_level,
                                        const StoreKey& key, const std::string& cache,
                                        std::vector<std::string>& problems,
                                        const Listings* listings) {
  std::vector<std::string> found;
  if (listings && !listings->has_folder(root)) return found;
  for (const std::string& relative : store_paths(key, three_level)) {
    std::string path = root + "/" + relative;
    std::string folder = path.substr(0, path.rfind('/') + 1);
    // Most stores know nothing of most modules: the folder of all builds tells that.
    if (listings && !listings->has_folder(path.substr(0, path.rfind('/', folder.size() - 2)))) {
      continue;
    }
    if (!is_folder(folder)) continue;
    if (is_file(path)) {
      found.push_back(path);
      continue;
    }
    std::string packed = folder + packed_name(relative.substr(relative.rfind('/') + 1));
    std::string other;
    if (is_file(packed)) {
      other = unpacked(packed, key, cache, problems);
    } else if (is_file(folder + "file.ptr")) {
      other = pointed_to(folder + "file.ptr", root, problems);
    }
    if (!other.empty()) found.push_back(other);
  }
  return found;
}

}  // namespace inquest::locate
