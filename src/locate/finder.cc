#include "locate/finder.h"

#include <algorithm>
#include <filesystem>
#include <sys/stat.h>
#include <tuple>

namespace inquest::locate {
namespace {

namespace fs = std::filesystem;

constexpr size_t kListedBeside = 20'000;  // of the folder beside a dump, which may be /tmp

}  // namespace

bool is_file(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

bool is_folder(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

std::shared_ptr<const std::vector<std::string>> Listings::names(const std::string& folder) const {
  std::lock_guard lock(mutex_);
  auto& known = known_[folder];
  if (known) return known;
  auto names = std::make_shared<std::vector<std::string>>();
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    if (names->size() == kListedBeside) break;
    names->push_back(entry->path().filename().string());
  }
  return known = std::move(names);
}

bool Listings::has_folder(const std::string& folder) const {
  std::lock_guard lock(mutex_);
  auto [known, is_new] = folders_.try_emplace(folder, false);
  if (is_new) known->second = is_folder(folder);
  return known->second;
}

std::vector<std::string> files_named(const Listings& listings, const std::string& folder,
                                     const std::vector<std::string>& names) {
  // Each name's turn is where the caller put it, an exact match before one that case tells apart.
  std::vector<std::tuple<size_t, bool, std::string>> found;
  const std::string within = folder.ends_with('/') ? folder : folder + "/";
  const auto listed = listings.names(folder);
  for (const std::string& name : *listed) {
    for (size_t rank = 0; rank < names.size(); ++rank) {
      if (!same_file_name(name, names[rank])) continue;
      found.emplace_back(rank, name != names[rank], within + name);
      break;
    }
  }
  std::sort(found.begin(), found.end());
  std::vector<std::string> paths;
  for (auto& one : found) paths.push_back(std::move(std::get<std::string>(one)));
  return paths;
}

std::string local_path(std::string_view recorded) {
  if (recorded.starts_with('/')) return std::string(recorded);
  if (recorded.size() < 3 || (recorded[0] != 'Z' && recorded[0] != 'z') || recorded[1] != ':') {
    return {};
  }
  std::string path(recorded.substr(2));
  std::ranges::replace(path, '\\', '/');
  return path.starts_with('/') ? path : std::string();
}

Finder::Finder(const Places& places, bool ask_servers, const snapshot::Snapshot& snapshot)
    : places_(places), ask_servers_(ask_servers) {
  if (snapshot.path.empty()) return;
  std::string parent = fs::path(snapshot.path).parent_path().string();
  dump_folder_ = parent.empty() ? "." : parent;
}

std::vector<std::string> Finder::beside_dump(const std::vector<std::string>& names) const {
  if (dump_folder_.empty() || !places_.options.system_paths) return {};
  return files_named(places_.listings, dump_folder_, names);
}

void Finder::refuse(const std::string& path, const std::string& why) {
  std::string text = path + " " + why;
  if (std::ranges::find(refused_, text) == refused_.end()) refused_.push_back(std::move(text));
}

std::vector<const Folder*> Finder::folders(const Quest& quest) const {
  std::vector<const Folder*> all;
  if (quest.in_image_folders) {
    for (const auto& folder : places_.images) all.push_back(folder.get());
  }
  for (const auto& folder : places_.symbols) all.push_back(folder.get());
  return all;
}

std::optional<Hit> Finder::find(const Quest& quest) {
  tried_.clear();
  const auto all = folders(quest);
  // By key first, everywhere: it costs a few look-ups and is never wrong.
  if (quest.key) {
    const std::string& cache = places_.options.symbol_cache;
    for (const Folder* folder : all) {
      std::vector<std::string> problems;
      auto paths = files_in_store(folder->path(), folder->is_three_level(), *quest.key, cache,
                                  problems, &places_.listings);
      problems_.insert(problems_.end(), problems.begin(), problems.end());
      if (auto hit = try_all(quest, paths)) return hit;
      looked_.push_back(folder->path() + "/" + quest.key->relative());
    }
  }
  if (auto hit = try_all(quest, quest.paths)) return hit;
  for (const std::string& path : quest.paths) {
    if (!path.empty()) looked_.push_back(path);
  }
  if (!dump_folder_.empty() && places_.options.system_paths && !quest.names.empty()) {
    looked_.push_back(dump_folder_ + "/" + quest.names[0]);
  }
  for (const Folder* folder : all) {
    if (folder->is_store()) continue;
    if (auto hit = try_all(quest, files_named(places_.listings, folder->path(), quest.names)))
      return hit;
    for (const std::string& key : quest.index_keys) {
      if (auto hit = try_all(quest, folder->with_key(key))) return hit;
    }
    for (const std::string& name : quest.names) {
      if (auto hit = try_all(quest, folder->with_name(name))) return hit;
    }
    looked_.push_back(folder->path() + " (every file)");
  }
  return ask_servers(quest);
}

std::optional<Hit> Finder::try_all(const Quest& quest, const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    if (auto hit = try_path(quest, path)) return hit;
  }
  return {};
}

std::optional<Hit> Finder::try_path(const Quest& quest, const std::string& path) {
  if (path.empty() || !tried_.insert(path).second) return {};
  if (!is_file(path)) return {};
  Check check = quest.check(path);
  if (check.match == Match::refused) {
    // An empty reason: a file of another kind, not worth a word.
    if (!check.why.empty()) refuse(path, check.why);
    return {};
  }
  return Hit{path, path, std::move(check)};
}

std::optional<Hit> Finder::ask_servers(const Quest& quest) {
  if (!ask_servers_ || !quest.key) return {};
  Check last;
  auto fetched = places_.symbol_servers->fetch(*quest.key, [&](const std::string& path) {
    last = quest.check(path);
    if (last.match != Match::refused) return std::string();
    return last.why.empty() ? std::string("is of another kind") : last.why;
  });
  problems_.insert(problems_.end(), fetched.problems.begin(), fetched.problems.end());
  asked_.insert(fetched.asked.begin(), fetched.asked.end());
  for (const std::string& url : fetched.asked) {
    looked_.push_back(url + "/" + quest.key->relative());
  }
  if (fetched.path.empty()) return {};
  return Hit{fetched.path, fetched.from, last};
}

}  // namespace inquest::locate
