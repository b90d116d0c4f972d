#include "locate/folder.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <thread>

#include "locate/file_facts.h"
#include "locate/identity.h"
#include "locate/store_layout.h"

namespace inquest::locate {
namespace {

namespace fs = std::filesystem;

/// A user who names "/" by mistake waits seconds, not hours.
constexpr size_t kIndexedFiles = 200'000;
constexpr int kIndexedDepth = 32;

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

Folder::Folder(std::string path, bool store) : path_(std::move(path)), store_(store) {
  std::error_code error;
  three_level_ = fs::exists(path_ + "/index2.txt", error);
  store_ = store_ || three_level_ || fs::exists(path_ + "/pingme.txt", error) ||
           fs::exists(path_ + "/000Admin", error);
}

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

std::vector<std::string> Folder::indexed(const Index& index, const std::string& key) const {
  if (store_) return {};
  std::call_once(indexed_, [this] { make_index(); });
  auto found = index.find(key);
  return found == index.end() ? std::vector<std::string>{} : found->second;
}

std::vector<std::string> Folder::with_build_id(Bytes build_id) const {
  if (build_id.empty()) return {};
  return indexed(by_id_, hex(build_id));
}

std::vector<std::string> Folder::without_build_id(std::string_view file_name) const {
  if (file_name.empty()) return {};
  return indexed(by_name_, std::string(file_name));
}

std::vector<std::string> Folder::with_key(const std::string& index_key) const {
  return indexed(by_id_, index_key);
}

std::vector<std::string> Folder::with_name(std::string_view file_name) const {
  if (file_name.empty()) return {};
  return indexed(by_any_name_, lower_case(file_name));
}

void Folder::make_index() const {
  std::vector<std::string> files = files_below(path_);
  std::vector<FileFacts> facts(files.size());
  std::atomic<size_t> next = 0;
  auto work = [&] {
    for (size_t i; (i = next++) < files.size();) facts[i] = read_facts(files[i]);
  };
  std::vector<std::jthread> helpers;
  // Threads cost more than they save for a handful of files.
  size_t count = std::min<size_t>(std::thread::hardware_concurrency(), files.size() / 64);
  for (size_t i = 1; i < count; ++i) helpers.emplace_back(work);
  work();
  helpers.clear();
  for (size_t i = 0; i < files.size(); ++i) {
    if (facts[i].kind == FileKind::other) continue;
    for (const std::string& key : facts[i].index_keys()) by_id_[key].push_back(files[i]);
    std::string name = fs::path(files[i]).filename().string();
    if (facts[i].kind != FileKind::elf) {
      by_any_name_[lower_case(name)].push_back(files[i]);
    } else if (facts[i].build_id.empty()) {
      by_name_[name].push_back(files[i]);
    }
  }
}

}  // namespace inquest::locate
