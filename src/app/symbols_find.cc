/// `inquest symbols find DUMP`: what each module needs, what was found, and where it was looked
/// for.
#include <algorithm>
#include <atomic>
#include <fmt/core.h>
#include <nlohmann/json.hpp>
#include <thread>

#include "app/options.h"
#include "app/symbols.h"
#include "app/terminal.h"
#include "ingest/ingest.h"
#include "locate/locate.h"

namespace inquest::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kAtOnce = 8;  // they wait for servers more than they work

std::vector<locate::ModuleFiles> find_all(const snapshot::Snapshot& snapshot,
                                          const locate::Locator& locator) {
  std::vector<locate::ModuleFiles> files(snapshot.modules.size());
  std::atomic<size_t> next = 0;
  std::vector<std::jthread> threads;
  for (size_t t = 0; t < std::min(kAtOnce, files.size()); ++t) {
    threads.emplace_back([&] {
      for (size_t i; (i = next++) < files.size();) {
        files[i] = locator.find(snapshot, snapshot.modules[i]);
      }
    });
  }
  threads.clear();
  return files;
}

/// The identity in the words of its format, likeliest to be searched for first.
std::vector<std::pair<std::string, std::string>> needs(const snapshot::Module& module) {
  std::vector<std::pair<std::string, std::string>> all;
  const auto& identity = module.identity;
  if (!identity.build_id.empty()) all.emplace_back("build id", identity.text());
  if (identity.debug_id) {
    std::string name = identity.debug_file.empty() ? "" : identity.debug_file + " ";
    all.emplace_back("PDB", name + *identity.debug_id);
  }
  if (identity.timestamp) {
    all.emplace_back("image", fmt::format("{:08X}{:x}", *identity.timestamp, module.range.size()));
  }
  return all;
}

std::vector<std::pair<std::string, std::string>> found_files(const locate::ModuleFiles& files) {
  std::vector<std::pair<std::string, std::string>> all;
  auto add = [&](const char* what, const auto& file) {
    if (file) all.emplace_back(what, file->path());
  };
  add("image", files.image);
  add("image", files.pe);
  if (files.debug != files.image) add("debug file", files.debug);
  if (files.symtab != files.image && files.symtab != files.debug) add("symbols", files.symtab);
  add("dwz file", files.alt);
  add("PDB", files.pdb);
  add("Breakpad symbols", files.sym);
  add("linker map", files.map);
  return all;
}

bool is_whole(const locate::ModuleFiles& files) {
  return files.availability == locate::Availability::full && (files.image || files.pe);
}

/// Each thing to do once, whatever the number of modules; not what was just done.
std::vector<std::string> things_to_do(const std::vector<locate::ModuleFiles>& files) {
  std::vector<std::string> all;
  for (const auto& module : files) {
    if (is_whole(module)) continue;
    for (const Warning& warning : module.warnings) {
      std::string advice = warning.advice.substr(0, warning.advice.find("; `inquest symbols find"));
      if (!advice.empty() && std::ranges::find(all, advice) == all.end()) all.push_back(advice);
    }
  }
  return all;
}

void print_text(const snapshot::Snapshot& snapshot, const std::vector<locate::ModuleFiles>& files) {
  size_t whole = 0;
  for (size_t i = 0; i < files.size(); ++i) {
    const auto& module = snapshot.modules[i];
    whole += is_whole(files[i]);
    fmt::print("{}  symbols: {}\n", module.file_name().empty() ? "(no name)" : module.file_name(),
               name(files[i].availability));
    for (const auto& [what, id] : needs(module)) fmt::print("  needs {} {}\n", what, id);
    for (const auto& [what, path] : found_files(files[i]))
      fmt::print("  found {} {}\n", what, path);
    if (!files[i].note.empty()) fmt::print("  {}\n", files[i].note);
    if (is_whole(files[i]) || module.is_vdso) continue;
    for (const std::string& place : files[i].looked) fmt::print("  looked at {}\n", place);
  }
  for (const std::string& advice : things_to_do(files)) fmt::print("to do: {}\n", advice);
  fmt::print("{} of {} modules have their image and full symbols\n", whole, files.size());
}

void print_json(const snapshot::Snapshot& snapshot, const std::vector<locate::ModuleFiles>& files) {
  Json all{{"schema", "inquest.symbols-find/1"}, {"dump", snapshot.path}};
  all["modules"] = Json::array();
  for (size_t i = 0; i < files.size(); ++i) {
    const auto& module = snapshot.modules[i];
    Json one{{"name", module.file_name()},
             {"path", module.path},
             {"base", fmt::format("{:#x}", module.range.begin.value)},
             {"size", module.range.size()},
             {"symbols", name(files[i].availability)},
             {"needs", Json::array()},
             {"found", Json::array()},
             {"looked", files[i].looked},
             {"note", files[i].note},
             {"warnings", Json::array()}};
    for (const auto& [what, id] : needs(module)) {
      one["needs"].push_back(Json{{"what", what}, {"id", id}});
    }
    for (const auto& [what, path] : found_files(files[i])) {
      one["found"].push_back(Json{{"what", what}, {"path", path}});
    }
    for (const Warning& warning : files[i].warnings) {
      one["warnings"].push_back(Json{{"what", warning.what}, {"advice", warning.advice}});
    }
    all["modules"].push_back(std::move(one));
  }
  // Names come from the dump and may be in any encoding.
  print_line(all.dump(2, ' ', false, Json::error_handler_t::replace));
}

ExitStatus find(const DumpOptions& options) {
  Progress::shared().stage("reading the dump");
  auto snapshot = ingest::open(options.dump);
  if (!snapshot) return report_error(snapshot.error());
  Progress::shared().stage("looking for symbols");
  locate::Locator locator(analysis_options(options).locate);
  auto files = find_all(*snapshot, locator);
  Progress::shared().stop();
  if (options.output == Output::json) {
    print_json(*snapshot, files);
  } else {
    print_text(*snapshot, files);
  }
  return kDone;
}

}  // namespace

void add_symbols_find(CLI::App& verb, ExitStatus& status) {
  auto* part = verb.add_subcommand(
      "find", "Say what each module of a dump needs, where it was looked for, what was found");
  auto options = std::make_shared<DumpOptions>();
  add_dump_options(*part, *options, false);
  part->footer(
      "Servers are asked for every module, and what they give is kept: it also fetches the "
      "symbols\n"
      "of a dump for later.\n\n"
      "Examples:\n"
      "  inquest symbols find crash.dmp --symbols /srv/symbols\n"
      "  inquest symbols find crash.dmp --symbols "
      "'srv*https://msdl.microsoft.com/download/symbols'");
  part->callback([options, &status] { status = find(*options); });
}

}  // namespace inquest::app
