#include "locate/windows_search.h"

#include <algorithm>
#include <filesystem>

namespace inquest::locate {
namespace {

constexpr size_t kRelativesListed = 64;

uint16_t coff_machine_of(snapshot::Arch arch) {
  switch (arch) {
    case snapshot::Arch::x86:
      return 0x14c;
    case snapshot::Arch::x86_64:
      return 0x8664;
    case snapshot::Arch::arm:
      return 0x1c4;
    case snapshot::Arch::aarch64:
      return 0xaa64;
  }
  return 0;
}

Check check_pdb(const std::string& path, const std::string& id) {
  FileFacts facts = read_facts(path);
  if (facts.kind != FileKind::pdb) return {};
  if (!facts.damage.empty()) return {Match::refused, "cannot be used: " + facts.damage};
  if (facts.pdb.matches(id)) return {Match::proven};
  return {Match::refused, "is of build " + facts.pdb.debug_id()};
}

Check check_sym(const std::string& path, const std::string& id) {
  FileFacts facts = read_facts(path);
  if (facts.kind != FileKind::sym) return {};
  if (!facts.damage.empty()) return {Match::refused, "cannot be used: " + facts.damage};
  if (same_id(facts.sym.id, id)) return {Match::proven};
  return {Match::refused, "is of build " + facts.sym.id};
}

std::string folder_of(const std::string& path) {
  return std::filesystem::path(path).parent_path().string();
}

}  // namespace

Quest sym_quest(std::string_view debug_file, const std::string& id) {
  std::string name(base_name(debug_file));
  Quest quest{.key = sym_key(name, id),
              .index_keys = {"sym:" + lower_case(id)},
              .check = [id](const std::string& path) { return check_sym(path, id); }};
  quest.names.push_back(name + ".sym");
  if (quest.key && quest.key->file != quest.names[0])
    quest.names.insert(quest.names.begin(), quest.key->file);
  return quest;
}

WindowsSearch::WindowsSearch(const Places& places, bool ask_servers,
                             const snapshot::Snapshot& snapshot, const snapshot::Module& module)
    : places_(places),
      module_(module),
      finder_(places, ask_servers, snapshot),
      image_name_(base_name(module.path)),
      wanted_id_(module.identity.debug_id.value_or("")),
      machine_(coff_machine_of(snapshot.arch)) {}

ModuleFiles WindowsSearch::run() {
  find_image();
  std::string id = wanted_id_.empty() ? image_id_ : wanted_id_;
  if (!id.empty()) find_symbols(id);
  if (!found_.pdb && !found_.sym) pair_with_relative();
  if (!found_.pdb && !found_.sym) find_map();
  conclude();
  return std::move(found_);
}

std::vector<std::string> WindowsSearch::beside(const std::vector<std::string>& names) const {
  std::vector<std::string> paths;
  auto add = [&](std::vector<std::string> more) {
    paths.insert(paths.end(), more.begin(), more.end());
  };
  if (!image_from_.empty() && found_.pe)
    add(files_named(places_.listings, folder_of(found_.pe->path()), names));
  if (places_.options.system_paths) {
    std::string recorded = local_path(module_.path);
    if (!recorded.empty()) add(files_named(places_.listings, folder_of(recorded), names));
  }
  add(finder_.beside_dump(names));
  return paths;
}

// ---- the image ----------------------------------------------------------------------------------

void WindowsSearch::find_image() {
  if (image_name_.empty()) return;
  Quest quest{.names = {image_name_},
              .in_image_folders = true,
              .check = [this](const std::string& path) { return check_image_file(path); }};
  if (module_.identity.timestamp) {
    uint32_t size = static_cast<uint32_t>(module_.range.size());
    quest.key = image_key(image_name_, *module_.identity.timestamp, size);
    quest.index_keys.push_back(fmt::format("pe:{:08x}{:x}", *module_.identity.timestamp, size));
  }
  if (!wanted_id_.empty()) quest.index_keys.push_back("id:" + lower_case(wanted_id_));
  quest.paths = beside({image_name_});
  auto hit = finder_.find(quest);
  if (!hit) return;
  image_from_ = hit->from;
  if (hit->check.match == Match::plausible) finder_.remarks().push_back(hit->check.why);
  open_image(hit->path);
}

void WindowsSearch::open_image(const std::string& path) {
  FileFacts facts = read_facts(path);
  image_id_ = facts.pe.debug_id;
  image_pdb_ = facts.pe.pdb;
  auto file = pe::File::open(path);
  if (file) {
    found_.pe = *file;
  } else {
    finder_.remarks().push_back(path + " cannot be used: " + file.error().what);
  }
}

Check WindowsSearch::check_image_file(const std::string& path) {
  FileFacts facts = read_facts(path);
  if (facts.kind != FileKind::pe) return {};
  if (!facts.damage.empty()) return {Match::refused, "cannot be used: " + facts.damage};
  if (facts.pe.machine != machine_) return {Match::refused, "is of another processor"};
  return check_identity(path, facts.pe);
}

Check WindowsSearch::check_identity(const std::string& path, const pe::Identity& identity) {
  const auto& stamp = module_.identity.timestamp;
  bool same_size = identity.image_size == module_.range.size();
  bool both_ids = !wanted_id_.empty() && !identity.debug_id.empty();
  if (both_ids && same_id(wanted_id_, identity.debug_id)) return {Match::proven};
  if (stamp && *stamp == identity.timestamp) {
    if (same_size && !both_ids) return {Match::proven};
    Relative relative{path, identity, same_size};
    if (std::ranges::find(relatives_, relative) == relatives_.end()) relatives_.push_back(relative);
    // Its turn comes when nothing has the dump's GUID.
    return {};
  }
  if (!stamp && !both_ids && same_size) {
    return {Match::plausible, path + " was not verified: the dump has no time stamp of it"};
  }
  std::string build = identity.debug_id.empty() ? "" : " (" + identity.debug_id + ")";
  return {Match::refused, fmt::format("is of build {}{}", identity.store_id(), build)};
}

// ---- its symbols --------------------------------------------------------------------------------

std::string WindowsSearch::pdb_name() const {
  for (const std::string* recorded : {&module_.identity.debug_file, &image_pdb_}) {
    std::string name(base_name(*recorded));
    if (!name.empty()) return name;
  }
  return image_name_.empty() ? "" : std::string(stem(image_name_)) + ".pdb";
}

void WindowsSearch::find_symbols(const std::string& id) {
  if (!find_pdb(id)) find_sym(id);
}

bool WindowsSearch::find_pdb(const std::string& id) {
  std::string name = pdb_name();
  Quest quest{.key = pdb_key(name, id),
              .index_keys = {"pdb:" + lower_case(id)},
              .names = {name},
              .in_image_folders = true,
              .check = [id](const std::string& path) { return check_pdb(path, id); }};
  // The executable may have been renamed after it was linked, the PDB with it.
  std::string by_image = std::string(stem(image_name_)) + ".pdb";
  if (!image_name_.empty() && !same_file_name(by_image, name)) quest.names.push_back(by_image);
  if (places_.options.system_paths) {
    quest.paths.push_back(local_path(module_.identity.debug_file));
    quest.paths.push_back(local_path(image_pdb_));
  }
  for (std::string& path : beside(quest.names)) quest.paths.push_back(std::move(path));
  auto hit = finder_.find(quest);
  if (!hit) return false;
  auto mapped = MappedFile::open(hit->path);
  if (!mapped) {
    finder_.remarks().push_back(mapped.error().line());
    return false;
  }
  found_.pdb = *mapped;
  symbols_from_ = hit->from;
  return true;
}

bool WindowsSearch::find_sym(const std::string& id) {
  Quest quest = sym_quest(pdb_name(), id);
  quest.in_image_folders = true;
  quest.paths = beside(quest.names);
  auto hit = finder_.find(quest);
  if (!hit) return false;
  auto mapped = MappedFile::open(hit->path);
  if (!mapped) {
    finder_.remarks().push_back(mapped.error().line());
    return false;
  }
  found_.sym = *mapped;
  symbols_from_ = hit->from;
  public_only_ = !sym_has_functions((*mapped)->bytes());
  return true;
}

// ---- a build whose GUID was overwritten ---------------------------------------------------------

/// All images of the time stamp that folders and stores have, whatever their size.
void WindowsSearch::find_relatives() {
  const auto& stamp = module_.identity.timestamp;
  auto consider = [&](const std::string& path) {
    if (relatives_.size() < kRelativesListed) (void)check_image_file(path);
  };
  for (const auto* folders : {&places_.images, &places_.symbols}) {
    for (const auto& folder : *folders) {
      for (const std::string& path : folder->with_key(fmt::format("stamp:{:08x}", *stamp))) {
        consider(path);
      }
      std::error_code error;
      std::string above = folder->is_three_level() ? image_name_.substr(0, 2) + "/" : "";
      const std::string builds = folder->path() + "/" + above + image_name_;
      if (!places_.listings.has_folder(folder->path()) || !places_.listings.has_folder(builds)) {
        continue;
      }
      std::filesystem::directory_iterator entry(builds, error);
      for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
        std::string id = lower_case(entry->path().filename().string());
        if (!id.starts_with(fmt::format("{:08x}", *stamp))) continue;
        for (const std::string& path :
             files_named(places_.listings, entry->path().string(), {image_name_})) {
          consider(path);
        }
      }
    }
  }
}

void WindowsSearch::pair_with_relative() {
  const auto& dumped = module_.identity.timestamp;
  // Zero and the like are in every image of some linkers: they pair nothing.
  if (!dumped || *dumped == 0 || *dumped == UINT32_MAX) return;
  find_relatives();
  // The image that ran, if it was found, is no relative of itself.
  std::erase_if(relatives_, [&](const Relative& r) {
    return r.identity.debug_id.empty() || same_id(r.identity.debug_id, wanted_id_);
  });
  bool any_same_size = std::ranges::any_of(relatives_, &Relative::same_size);
  if (any_same_size) std::erase_if(relatives_, [](const Relative& r) { return !r.same_size; });
  std::set<std::string> builds;
  for (const Relative& relative : relatives_) builds.insert(lower_case(relative.identity.debug_id));
  if (builds.empty()) return;
  std::string stamp = fmt::format("{:08X}", *dumped);
  if (builds.size() > 1) {
    finder_.remarks().push_back(fmt::format(
        "{} known builds have its time stamp {}: none was taken", builds.size(), stamp));
    return;
  }
  const Relative& relative = relatives_[0];
  if (image_pdb_.empty() || !found_.pe) image_pdb_ = relative.identity.pdb;
  find_symbols(relative.identity.debug_id);
  if (!found_.pdb && !found_.sym) return;
  bool image_taken = false;
  if (!found_.pe && relative.same_size) {
    open_image(relative.path);
    image_from_ = relative.path;
    image_taken = found_.pe != nullptr;
  }
  std::string which = relative.same_size
                          ? fmt::format("time stamp {} and size", stamp)
                          : fmt::format("time stamp {} only (the size differs: less sure)", stamp);
  std::string id = wanted_id_.empty() ? "has no GUID" : "has GUID " + wanted_id_;
  finder_.remarks().push_back(fmt::format(
      "the image in the dump {}, which no symbols have; paired by {} with {} (GUID {}){}, as "
      "protectors rewrite executables",
      id, which, relative.path, relative.identity.debug_id,
      image_taken ? ", whose code may differ" : ""));
  if (!relative.same_size) {
    found_.warnings.push_back(
        {fmt::format(
             "the symbols of {} were paired by its time stamp alone; they may be of another "
             "build",
             who()),
         "check one function that you know"});
  }
}

// ---- a linker's map -----------------------------------------------------------------------------

void WindowsSearch::find_map() {
  if (image_name_.empty()) return;
  const auto stamp = module_.identity.timestamp;
  Quest quest{.names = {std::string(stem(image_name_)) + ".map", image_name_ + ".map"},
              .in_image_folders = true,
              .check = [&](const std::string& path) -> Check {
                FileFacts facts = read_facts(path);
                if (facts.kind != FileKind::map) return {};
                if (!facts.map_timestamp || !stamp) {
                  return {Match::plausible,
                          path + " was taken by its name: it has no time stamp to verify"};
                }
                if (*facts.map_timestamp == *stamp) return {Match::proven};
                return {Match::refused, fmt::format("has time stamp {:08X}, not {:08X}",
                                                    *facts.map_timestamp, *stamp)};
              }};
  quest.paths = beside(quest.names);
  auto hit = finder_.find(quest);
  if (!hit) return;
  auto mapped = MappedFile::open(hit->path);
  if (!mapped) return;
  found_.map = *mapped;
  symbols_from_ = hit->from;
  public_only_ = true;
  finder_.remarks().push_back(hit->check.match == Match::plausible
                                  ? hit->check.why
                                  : hit->path +
                                        " is a linker's map, paired by its time stamp: "
                                        "names of functions, no lines");
}

}  // namespace inquest::locate
