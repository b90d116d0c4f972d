#include "locate/store.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/sendfile.h>
#include <unistd.h>

#include "base/mapped_file.h"
#include "format/pdb/msf.h"
#include "locate/identity.h"
#include "locate/new_file.h"
#include "locate/store_layout.h"

namespace inquest::locate {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kStoreAdvice = "name a store that can be written";
constexpr size_t kListedFiles = 1'000'000;

bool has_debug_only(const std::string& path) {
  auto file = elf::File::open(path);
  return file && !has_code(**file);
}

std::string place_of_elf(const std::string& path, const std::string& build_id) {
  if (build_id.size() < 4) return {};
  std::string place = ".build-id/" + build_id.substr(0, 2) + "/" + build_id.substr(2);
  return has_debug_only(path) ? place + ".debug" : place;
}

std::string place_of(const std::optional<StoreKey>& key) { return key ? key->relative() : ""; }

/// Where a file belongs, by what it says it is.
StoredFile judge(const std::string& path) {
  FileFacts facts = read_facts(path);
  StoredFile file{.kind = facts.kind, .path = path, .name = std::string(base_name(path))};
  std::error_code error;
  file.bytes = fs::file_size(path, error);
  file.problem = facts.damage;
  if (!facts.damage.empty()) return file;
  switch (facts.kind) {
    case FileKind::pe:
      file.id = facts.pe.store_id();
      file.relative = place_of(image_key(file.name, facts.pe.timestamp, facts.pe.image_size));
      break;
    case FileKind::pdb:
      file.id = facts.pdb.debug_id();
      file.relative = place_of(pdb_key(file.name, file.id));
      break;
    case FileKind::sym:
      file.id = facts.sym.id;
      file.relative = place_of(sym_key(facts.sym.name, file.id));
      break;
    case FileKind::elf:
      file.id = facts.build_id;
      file.relative = place_of_elf(path, facts.build_id);
      if (file.id.empty()) file.problem = "has no build id: link it with -Wl,--build-id";
      break;
    default:
      break;
  }
  if (file.relative.empty() && file.problem.empty())
    file.problem = "has no name or id to keep it by";
  return file;
}

bool is_kept(FileKind kind) {
  return kind == FileKind::pe || kind == FileKind::pdb || kind == FileKind::sym ||
         kind == FileKind::elf;
}

Result<std::vector<std::string>> regular_files(const std::string& folder) {
  std::error_code error;
  if (fs::is_regular_file(folder, error)) return std::vector{folder};
  if (!fs::is_directory(folder, error)) {
    return fail(Error{.what = "is no folder", .file = folder, .advice = "name a folder of builds"});
  }
  std::vector<std::string> files;
  fs::recursive_directory_iterator walk(folder, fs::directory_options::skip_permission_denied,
                                        error);
  for (; !error && walk != fs::recursive_directory_iterator(); walk.increment(error)) {
    std::error_code status;
    if (walk->is_regular_file(status)) files.push_back(walk->path().string());
    if (files.size() >= kListedFiles) break;
  }
  std::ranges::sort(files);
  return files;
}

Result<> copy_file(const std::string& from, const std::string& to) {
  auto file = TRY(NewFile::begin(to, kStoreAdvice));
  int source = open(from.c_str(), O_RDONLY | O_CLOEXEC);
  if (source < 0) return fail(Error{.what = std::strerror(errno), .file = from});
  struct Close {
    int descriptor;
    ~Close() { close(descriptor); }
  } closing{source};
  while (true) {
    ssize_t n = sendfile(file.descriptor(), source, nullptr, 1 << 30);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      return fail(Error{.what = std::string("cannot be copied: ") + std::strerror(errno),
                        .file = from,
                        .advice = std::string(kStoreAdvice)});
    }
    if (n == 0) break;
  }
  return file.keep(0644);
}

/// The mark of a store of two levels: clients look it up by key and do not search it.
Result<> mark_as_store(const std::string& root) {
  std::error_code error;
  if (fs::exists(root + "/pingme.txt", error)) return {};
  return TRY(NewFile::begin(root + "/pingme.txt", kStoreAdvice))
  .keep(0644);
}

bool is_leftover(std::string_view name) {
  // Of NewFile: six characters of mkstemp after a dot.
  size_t dot = name.rfind('.');
  return dot != name.npos && name.size() - dot == 7 && name.substr(0, dot).find('.') != name.npos;
}

/// A file of a store by its place, without reading it.
std::optional<StoredFile> by_place(const std::string& root, const std::string& path) {
  std::string relative = path.substr(root.size() + 1);
  if (relative.starts_with(".missing/") || relative.starts_with("000Admin/")) return {};
  std::vector<std::string> parts;
  for (const fs::path& part : fs::path(relative)) parts.push_back(part.string());
  if (parts.size() < 3) return {};
  StoredFile file{.path = path, .relative = relative};
  std::error_code error;
  file.bytes = fs::file_size(path, error);
  const std::string& last = parts.back();
  if (parts[0] == ".build-id") {
    bool debug = last.ends_with(".debug");
    file.kind = FileKind::elf;
    file.name = debug ? "debug file" : "ELF file";
    file.id = parts[1] + (debug ? last.substr(0, last.size() - 6) : last);
    return file;
  }
  file.name = last;
  file.id = parts[parts.size() - 2];
  std::string lower = lower_case(last);
  if (lower.ends_with(".pdb") || lower.ends_with(".pd_")) {
    file.kind = FileKind::pdb;
  } else if (lower.ends_with(".sym")) {
    file.kind = FileKind::sym;
  } else if (lower != "file.ptr" && lower != "refs.ptr") {
    file.kind = FileKind::pe;
  }
  return file;
}

/// Why a stored file's content is not what its place promises; empty when it is.
std::string problem_of(const StoredFile& stored) {
  if (is_leftover(base_name(stored.path)))
    return "is left over from a copy that broke off: remove it";
  std::string lower = lower_case(stored.name);
  // Packed files and pointers are judged when they are used.
  if (lower.ends_with("_") || lower == "file.ptr" || lower == "refs.ptr") return {};
  FileFacts facts = read_facts(stored.path);
  if (!facts.damage.empty()) return "cannot be used: " + facts.damage;
  if (facts.kind != stored.kind) return fmt::format("is no {}", name(stored.kind));
  StoredFile is = judge(stored.path);
  bool same =
      facts.kind == FileKind::pdb ? facts.pdb.matches(stored.id) : same_id(is.id, stored.id);
  if (!same) return fmt::format("is of build {}", is.id.empty() ? "unknown" : is.id);
  if (facts.kind == FileKind::pdb) {
    auto mapped = MappedFile::open(stored.path);
    uint64_t wanted = mapped ? pdb::claimed_size((*mapped)->bytes()) : 0;
    if (mapped && (*mapped)->bytes().size() < wanted) {
      return fmt::format("is cut: {} of {} bytes are there", (*mapped)->bytes().size(), wanted);
    }
  }
  return {};
}

}  // namespace

Result<Store::Added> Store::add(const std::string& folder) const {
  auto files = TRY(regular_files(folder));
  TRY(mark_as_store(root_));
  Added result;
  for (const std::string& path : files) {
    StoredFile file = judge(path);
    if (!is_kept(file.kind)) continue;
    if (!file.problem.empty()) {
      result.refused.push_back(std::move(file));
      continue;
    }
    std::string to = root_ + "/" + file.relative;
    std::error_code error;
    if (fs::exists(to, error)) {
      result.present.push_back(std::move(file));
      continue;
    }
    TRY(copy_file(path, to));
    result.added.push_back(std::move(file));
  }
  return result;
}

Result<std::vector<StoredFile>> Store::list() const {
  auto paths = TRY(regular_files(root_));
  std::vector<StoredFile> files;
  for (const std::string& path : paths) {
    if (auto file = by_place(root_, path)) files.push_back(*std::move(file));
  }
  return files;
}

Result<std::vector<StoredFile>> Store::check() const {
  auto files = TRY(list());
  std::vector<StoredFile> bad;
  for (StoredFile& file : files) {
    file.problem = problem_of(file);
    if (!file.problem.empty()) bad.push_back(std::move(file));
  }
  return bad;
}

}  // namespace inquest::locate
