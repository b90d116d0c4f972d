#include "locate/search.h"

#include <algorithm>
#include <elf.h>
#include <filesystem>
#include <sys/stat.h>

#include "locate/debug_link.h"
#include "locate/file_facts.h"
#include "locate/windows_search.h"

namespace inquest::locate {
namespace {

/// What is wrong with a file that a server gave for a build id; empty when it is the one.
std::string why_not_of_build(const std::string& path, Bytes build_id, bool needs_code) {
  auto file = elf::File::open(path);
  if (!file) return "cannot be used: " + file.error().what;
  if (!std::ranges::equal((*file)->build_id(), build_id)) {
    return (*file)->build_id().empty() ? "has no build id"
                                       : "has build id " + hex((*file)->build_id());
  }
  return needs_code && !has_code(**file) ? "has no code" : "";
}

}  // namespace

Search::Search(const Places& places, bool ask_servers, const snapshot::Snapshot& snapshot,
               const snapshot::Module& module)
    : places_(places),
      debuginfod_(ask_servers ? *places.servers : *places.cache_only),
      snapshot_(snapshot),
      module_(module),
      ask_servers_(ask_servers) {
  wanted_ = {.build_id = module.identity.build_id,
             .path = module.path,
             .file_name = module.file_name(),
             .link_name = {}};
}

ModuleFiles Search::run() {
  find_image();
  if (found_.image) {
    if (auto link = found_.image->debug_link()) {
      wanted_.link_name = link->name;
      link_crc_ = link->crc;
    }
  }
  find_debug();
  if (!found_.debug) find_sym();
  find_mini_debug();
  find_alternate();
  conclude();
  return std::move(found_);
}

Search::FilePtr Search::open(const std::string& path) {
  if (path.empty()) return nullptr;
  // A path in a dump is a claim: it may name a device or a pipe, which must not be opened.
  if (!is_file(path)) return nullptr;
  auto file = elf::File::open(path);
  if (!file) {
    remarks_.push_back(path + " cannot be used: " + file.error().what);
    return nullptr;
  }
  return *file;
}

void Search::refuse(const std::string& path, const std::string& why) {
  // The same file may be asked about as an image and as a debug file.
  std::string text = path + " " + why;
  if (std::ranges::find(refused_, text) == refused_.end()) refused_.push_back(std::move(text));
}

void Search::take_problems(const std::vector<std::string>& problems) {
  problems_.insert(problems_.end(), problems.begin(), problems.end());
}

Bytes Search::build_id() const {
  if (!wanted_.build_id.empty()) return wanted_.build_id;
  return found_.image ? found_.image->build_id() : Bytes{};
}

// ---- the image ----------------------------------------------------------------------------------

void Search::find_image() {
  // With a build id the order is only a matter of speed. Without one, the folder that the user
  // named is a better witness than whatever this machine has at the recorded path.
  bool recorded_first = !wanted_.build_id.empty();
  auto try_recorded = [&] {
    return places_.options.system_paths && wanted_.path.starts_with('/') &&
           try_image(std::string(wanted_.path));
  };
  if (recorded_first && try_recorded()) return;
  for (const auto* folders : {&places_.images, &places_.symbols}) {
    for (const auto& folder : *folders) {
      for (const std::string& path : folder->image_places(wanted_)) {
        if (try_image(path)) return;
      }
      for (const std::string& path : folder->with_build_id(wanted_.build_id)) {
        if (try_image(path)) return;
      }
      if (!wanted_.build_id.empty()) continue;
      if (const auto& id = module_.identity.debug_id) {
        for (const std::string& path : folder->with_key("bp:" + lower_case(*id))) {
          if (try_image(path)) return;
        }
      }
      for (const std::string& path : folder->without_build_id(wanted_.file_name)) {
        if (try_image(path)) return;
      }
    }
  }
  if (!recorded_first && try_recorded()) return;
  if (places_.options.system_paths) {
    if (try_image(build_id_path(places_.options.debug_root, wanted_.build_id))) return;
  }
  fetch_image();
}

bool Search::try_image(const std::string& path) {
  if (!tried_.insert(path).second) return false;
  if (!path.empty()) found_.looked.push_back(path);
  FilePtr file = open(path);
  if (!file) return false;
  // `strip --only-keep-debug` files carry the right name and build id, but no code: not refused,
  // their turn comes as debug files.
  if (!has_code(*file)) {
    tried_.erase(path);
    return false;
  }
  Check check = check_image(snapshot_, module_, *file);
  if (check.match == Match::refused) {
    refuse(path, check.why);
    return false;
  }
  if (check.match == Match::plausible) remarks_.push_back(check.why);
  found_.image = std::move(file);
  image_from_ = path;
  return true;
}

void Search::fetch_image() {
  auto fetched = debuginfod_.fetch(
      wanted_.build_id, Debuginfod::Kind::executable, [this](const std::string& path) {
        return why_not_of_build(path, wanted_.build_id, /*needs_code=*/true);
      });
  take_problems(fetched.problems);
  if (!fetched.path.empty() && try_image(fetched.path)) image_from_ = fetched.from;
}

// ---- its debug file -----------------------------------------------------------------------------

void Search::find_debug() {
  tried_.clear();
  if (found_.image && has_symbol_table(*found_.image)) {
    found_.symtab = found_.image;
    symtab_from_ = image_from_;
  }
  if (found_.image && has_debug_info(*found_.image)) {
    accept_debug(found_.image, image_from_);
    return;
  }
  Bytes id = build_id();
  wanted_.build_id = id;
  for (const auto& folder : places_.symbols) {
    for (const std::string& path : folder->debug_places(wanted_)) {
      if (try_debug(path)) return;
    }
    for (const std::string& path : folder->with_build_id(id)) {
      if (try_debug(path)) return;
    }
  }
  if (places_.options.system_paths) {
    const std::string& root = places_.options.debug_root;
    std::string by_id = build_id_path(root, id);
    if (!by_id.empty() && try_debug(by_id + ".debug")) return;
    if (found_.image) {
      for (const std::string& path :
           debug_link_places(wanted_.link_name, found_.image->path(), root)) {
        if (try_debug(path)) return;
      }
    }
    if (wanted_.path.starts_with('/') && try_debug(root + std::string(wanted_.path) + ".debug")) {
      return;
    }
  }
  fetch_debug();
}

bool Search::try_debug(const std::string& path) {
  if (!tried_.insert(path).second) return false;
  if (!path.empty()) found_.looked.push_back(path);
  FilePtr file = open(path);
  if (!file) return false;
  Check check = check_debug(wanted_.build_id, found_.image.get(), *file);
  // Where a build id is missing, the link's CRC proves as much, at the cost of reading the file.
  bool both_have_ids = !wanted_.build_id.empty() && !file->build_id().empty();
  if (!both_have_ids && link_crc_ && path.ends_with("/" + std::string(wanted_.link_name))) {
    check = crc_matches(*file, *link_crc_)
                ? Check{Match::proven}
                : Check{Match::refused, "has another CRC than .gnu_debuglink says"};
  }
  if (check.match == Match::refused) {
    refuse(path, check.why);
    return false;
  }
  if (!accept_debug(std::move(file), path)) return false;
  if (check.match == Match::plausible) remarks_.push_back(check.why);
  return true;
}

void Search::fetch_debug() {
  auto fetched = debuginfod_.fetch(
      wanted_.build_id, Debuginfod::Kind::debuginfo,
      [this](const std::string& path) { return why_not_of_build(path, wanted_.build_id, false); });
  take_problems(fetched.problems);
  if (FilePtr file = open(fetched.path)) accept_debug(std::move(file), fetched.from);
}

/// True when the search for debug information is over. A file with no more than a symbol table is
/// kept, and the search goes on.
bool Search::accept_debug(FilePtr file, const std::string& from) {
  if (has_symbol_table(*file) && !found_.symtab) {
    found_.symtab = file;
    symtab_from_ = from;
  }
  // An unstripped image in the symbols' folder is an image too.
  if (!found_.image && has_code(*file)) {
    found_.image = file;
    image_from_ = from;
  }
  if (!has_debug_info(*file)) return false;
  found_.debug = std::move(file);
  debug_from_ = from;
  return true;
}

void Search::find_mini_debug() {
  if (found_.symtab || !found_.image) return;
  auto mini = mini_debug_file(*found_.image);
  if (!mini) {
    remarks_.push_back("its .gnu_debugdata is damaged: " + mini.error().what);
    return;
  }
  if (!*mini || !has_symbol_table(**mini)) return;
  found_.symtab = *mini;
  symtab_from_ = (*mini)->path();
}

/// Breakpad's text, by the id that it makes of the build id.
void Search::find_sym() {
  std::string id = breakpad_id(build_id());
  if (id.empty()) id = module_.identity.debug_id.value_or("");
  if (id.empty()) return;
  std::string name = module_.identity.debug_file;
  if (name.empty()) name = wanted_.file_name;
  Finder finder(places_, ask_servers_, snapshot_);
  Quest quest = sym_quest(name, id);
  quest.paths = finder.beside_dump(quest.names);
  auto hit = finder.find(quest);
  take_problems(finder.problems());
  found_.looked.insert(found_.looked.end(), finder.looked().begin(), finder.looked().end());
  refused_.insert(refused_.end(), finder.refused().begin(), finder.refused().end());
  if (!hit) return;
  auto mapped = MappedFile::open(hit->path);
  if (!mapped) return;
  found_.sym = *mapped;
  sym_from_ = hit->from;
  sym_is_public_ = !sym_has_functions((*mapped)->bytes());
}

// ---- dwz's alternate file -----------------------------------------------------------------------

void Search::find_alternate() {
  if (!found_.debug) return;
  auto link = found_.debug->alt_link();
  if (!link) return;
  std::string id = hex(link->build_id);
  {
    std::lock_guard lock(places_.mutex);
    auto known = places_.alternates.find(id);
    if (known != places_.alternates.end()) {
      found_.alt = known->second;
      return;
    }
  }
  tried_.clear();
  std::filesystem::path named = std::string(link->path);
  std::string file_name = named.filename().string();
  std::vector<std::string> paths;
  // Relative to the debug file itself, not to a link to it; so dwz writes it.
  std::error_code error;
  auto real = std::filesystem::canonical(found_.debug->path(), error);
  if (named.is_relative() && !error) {
    paths.push_back((real.parent_path() / named).lexically_normal().string());
  }
  if (named.is_absolute() && places_.options.system_paths) paths.push_back(named.string());
  for (const auto& folder : places_.symbols) {
    paths.push_back(build_id_path(folder->path(), link->build_id) + ".debug");
    paths.push_back(folder->path() + "/.dwz/" + file_name);
    paths.push_back(folder->path() + "/" + file_name);
    for (std::string& path : folder->with_build_id(link->build_id))
      paths.push_back(std::move(path));
  }
  if (places_.options.system_paths) {
    const std::string& root = places_.options.debug_root;
    paths.push_back(build_id_path(root, link->build_id) + ".debug");
    paths.push_back(root + "/.dwz/" + file_name);
    // Debian files them by architecture.
    paths.push_back(root + "/.dwz/x86_64-linux-gnu/" + file_name);
    paths.push_back(root + "/.dwz/aarch64-linux-gnu/" + file_name);
  }
  for (const std::string& path : paths) {
    if (try_alternate(path, link->build_id)) break;
  }
  if (!found_.alt) {
    auto fetched = debuginfod_.fetch(
        link->build_id, Debuginfod::Kind::debuginfo,
        [&](const std::string& path) { return why_not_of_build(path, link->build_id, false); });
    take_problems(fetched.problems);
    if (!fetched.path.empty()) try_alternate(fetched.path, link->build_id);
  }
  if (found_.alt) {
    std::lock_guard lock(places_.mutex);
    places_.alternates.emplace(id, found_.alt);
    return;
  }
  found_.warnings.push_back(
      {fmt::format("part of the debug information of {} is missing: the dwz file {} (build id {})",
                   module_.file_name(), link->path, id),
       "install the package that holds it, or give --symbols DIR with it"});
}

bool Search::try_alternate(const std::string& path, Bytes build_id) {
  if (!tried_.insert(path).second) return false;
  if (!is_file(path)) return false;
  auto file = elf::File::open(path);
  if (!file || !std::ranges::equal((*file)->build_id(), build_id)) return false;
  found_.alt = *file;
  return true;
}

}  // namespace inquest::locate
