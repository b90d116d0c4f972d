#include "locate/folder.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <elf.h>
#include <fcntl.h>
#include <filesystem>
#include <thread>
#include <unistd.h>

#include "format/elf/file.h"
#include "locate/identity.h"

namespace inquest::locate {
namespace {

namespace fs = std::filesystem;

/// A user who names "/" by mistake waits seconds, not hours.
constexpr size_t kIndexedFiles = 200'000;
constexpr int kIndexedDepth = 32;

struct Indexed {
  std::string id;  ///< empty for what is no ELF file
  bool is_elf = false;
};

/// Reads four bytes before anything is mapped: most files of a build folder are no ELF files.
bool starts_as_elf(const std::string& path) {
  int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return false;
  char magic[SELFMAG] = {};
  bool is_elf = pread(descriptor, magic, SELFMAG, 0) == SELFMAG && !memcmp(magic, ELFMAG, SELFMAG);
  close(descriptor);
  return is_elf;
}

Indexed look_into(const std::string& path) {
  if (!starts_as_elf(path)) return {};
  auto file = elf::File::open(path);
  if (!file || (*file)->type() == ET_CORE) return {};
  return {hex((*file)->build_id()), true};
}

std::vector<std::string> files_below(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code error;
  fs::recursive_directory_iterator walk(folder, fs::directory_options::skip_permission_denied,
                                        error);
  while (!error && walk != fs::recursive_directory_iterator() && files.size() < kIndexedFiles) {
    if (walk.depth() >= kIndexedDepth) walk.disable_recursion_pending();
    std::error_code status_error;
    if (walk->is_regular_file(status_error)) files.push_back(walk->path().string());
    walk.increment(error);
  }
  // The order of a folder is the file system's whim; ours decides which of two equals is taken.
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

std::string build_id_path(const std::string& root, Bytes build_id) {
  if (build_id.size() < 2) return {};
  std::string id = hex(build_id);
  return root + "/.build-id/" + id.substr(0, 2) + "/" + id.substr(2);
}

std::vector<std::string> Folder::image_places(const Wanted& wanted) const {
  std::vector<std::string> places;
  if (wanted.build_id.size() >= 2) {
    places.push_back(build_id_path(path_, wanted.build_id));
    places.push_back(path_ + "/" + hex(wanted.build_id) + "/executable");
  }
  if (wanted.path.starts_with('/')) places.push_back(path_ + std::string(wanted.path));
  if (!wanted.file_name.empty()) places.push_back(path_ + "/" + std::string(wanted.file_name));
  return places;
}

std::vector<std::string> Folder::debug_places(const Wanted& wanted) const {
  std::vector<std::string> places;
  if (wanted.build_id.size() >= 2) {
    std::string id = hex(wanted.build_id);
    places.push_back(build_id_path(path_, wanted.build_id) + ".debug");
    places.push_back(path_ + "/" + id.substr(0, 2) + "/" + id.substr(2) + ".debug");
    places.push_back(path_ + "/" + id + "/debuginfo");
  }
  for (std::string_view name : {wanted.link_name, wanted.file_name}) {
    if (name.empty() || name.find('/') != name.npos) continue;
    std::string place = path_ + "/" + std::string(name);
    places.push_back(place + ".debug");
    places.push_back(place);
  }
  if (wanted.path.starts_with('/')) {
    std::string place = path_ + std::string(wanted.path);
    places.push_back(place + ".debug");
    places.push_back(place);
    size_t slash = place.rfind('/');
    if (!wanted.link_name.empty() && wanted.link_name.find('/') == wanted.link_name.npos) {
      places.push_back(place.substr(0, slash + 1) + std::string(wanted.link_name));
    }
  }
  return places;
}

std::vector<std::string> Folder::with_build_id(Bytes build_id) const {
  if (build_id.empty()) return {};
  std::call_once(indexed_, [this] { make_index(); });
  auto found = by_id_.find(hex(build_id));
  return found == by_id_.end() ? std::vector<std::string>{} : found->second;
}

std::vector<std::string> Folder::without_build_id(std::string_view file_name) const {
  if (file_name.empty()) return {};
  std::call_once(indexed_, [this] { make_index(); });
  auto found = by_name_.find(std::string(file_name));
  return found == by_name_.end() ? std::vector<std::string>{} : found->second;
}

void Folder::make_index() const {
  std::vector<std::string> files = files_below(path_);
  std::vector<Indexed> looked(files.size());
  std::atomic<size_t> next = 0;
  auto work = [&] {
    for (size_t i; (i = next++) < files.size();) looked[i] = look_into(files[i]);
  };
  std::vector<std::jthread> helpers;
  // Threads cost more than they save for a handful of files.
  size_t count = std::min<size_t>(std::thread::hardware_concurrency(), files.size() / 64);
  for (size_t i = 1; i < count; ++i) helpers.emplace_back(work);
  work();
  helpers.clear();
  for (size_t i = 0; i < files.size(); ++i) {
    if (!looked[i].id.empty()) {
      by_id_[looked[i].id].push_back(files[i]);
    } else if (looked[i].is_elf) {
      by_name_[fs::path(files[i]).filename().string()].push_back(files[i]);
    }
  }
}

}  // namespace inquest::locate
