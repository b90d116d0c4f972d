/// `inquest symbols add|list|check`: a symbol store in SymSrv's layout.
#include <cstdlib>
#include <filesystem>
#include <fmt/core.h>
#include <map>
#include <nlohmann/json.hpp>

#include "app/options.h"
#include "app/symbols.h"
#include "app/terminal.h"
#include "locate/store.h"

namespace inquest::app {
namespace {

using StoreJson = nlohmann::ordered_json;
using locate::StoredFile;

struct StoreOptions {
  std::string store = {};
  std::vector<std::string> folders = {};
  Output output = Output::text;
};

void add_store_options(CLI::App& part, StoreOptions& options) {
  part.add_option("--store", options.store, "The folder of the store")
      ->type_name("DIR")
      ->envname("INQUEST_SYMBOL_STORE")
      ->required();
  std::map<std::string, Output> outputs{{"text", Output::text}, {"json", Output::json}};
  part.add_option("--format", options.output, "How to print the answer")
      ->transform(one_of(outputs))
      ->type_name("text|json");
}

locate::Store open_store(const StoreOptions& options) {
  std::string root = options.store;
  while (root.size() > 1 && root.ends_with('/')) root.pop_back();
  return locate::Store(root);
}

StoreJson json_of(const std::vector<StoredFile>& files) {
  StoreJson all = StoreJson::array();
  for (const StoredFile& file : files) {
    StoreJson one{{"kind", name(file.kind)}, {"name", file.name},      {"id", file.id},
                  {"path", file.path},       {"place", file.relative}, {"bytes", file.bytes}};
    if (!file.problem.empty()) one["problem"] = file.problem;
    all.push_back(std::move(one));
  }
  return all;
}

void print(const StoreJson& json) {
  print_line(json.dump(2, ' ', false, StoreJson::error_handler_t::replace));
}

ExitStatus add(const StoreOptions& options) {
  locate::Store store = open_store(options);
  locate::Store::Added all;
  auto append = [](auto& to, auto& from) { to.insert(to.end(), from.begin(), from.end()); };
  Progress::shared().stage("copying symbols");
  for (const std::string& folder : options.folders) {
    auto added = store.add(folder);
    if (!added) return report_error(added.error());
    append(all.added, added->added);
    append(all.present, added->present);
    append(all.refused, added->refused);
  }
  Progress::shared().stop();
  if (options.output == Output::json) {
    print({{"schema", "inquest.symbols-add/1"},
           {"store", store.root()},
           {"added", json_of(all.added)},
           {"present", json_of(all.present)},
           {"refused", json_of(all.refused)}});
    return kDone;
  }
  for (const StoredFile& file : all.added) fmt::print("added {}\n", file.relative);
  for (const StoredFile& file : all.refused)
    fmt::print("left out {}: {}\n", file.path, file.problem);
  fmt::print("{} added, {} were there, {} left out\n", all.added.size(), all.present.size(),
             all.refused.size());
  return kDone;
}

ExitStatus list(const StoreOptions& options) {
  locate::Store store = open_store(options);
  auto files = store.list();
  if (!files) return report_error(files.error());
  if (options.output == Output::json) {
    print({{"schema", "inquest.symbols-list/1"},
           {"store", store.root()},
           {"files", json_of(*files)}});
    return kDone;
  }
  uint64_t bytes = 0;
  for (const StoredFile& file : *files) {
    fmt::print("{:>12}  {}\n", file.bytes, file.relative);
    bytes += file.bytes;
  }
  fmt::print("{} files, {} bytes\n", files->size(), bytes);
  return kDone;
}

ExitStatus check(const StoreOptions& options) {
  locate::Store store = open_store(options);
  Progress::shared().stage("checking the store");
  auto bad = store.check();
  auto files = store.list();
  Progress::shared().stop();
  if (!bad) return report_error(bad.error());
  if (!files) return report_error(files.error());
  if (files->empty() && bad->empty()) {
    return report_error({.what = "holds no file at a store's place",
                         .file = store.root(),
                         .advice = "`inquest symbols add --store DIR BUILD` fills a store"});
  }
  if (options.output == Output::json) {
    print({{"schema", "inquest.symbols-check/1"}, {"store", store.root()}, {"bad", json_of(*bad)}});
  } else {
    for (const StoredFile& file : *bad) fmt::print("{} {}\n", file.path, file.problem);
    fmt::print("{}\n", bad->empty()
                           ? fmt::format("each of {} files is what its place says", files->size())
                           : fmt::format("{} of {} files are not", bad->size(), files->size()));
  }
  return bad->empty() ? kDone : kUnusableInput;
}

CLI::App* add_part(CLI::App& verb, const char* name, const char* what, ExitStatus& status,
                   ExitStatus (*run)(const StoreOptions&), bool takes_folders) {
  auto* part = verb.add_subcommand(name, what);
  auto options = std::make_shared<StoreOptions>();
  add_store_options(*part, *options);
  if (takes_folders) {
    part->add_option("DIR", options->folders, "Folders of builds, searched to the bottom; or files")
        ->required();
  }
  part->callback([options, run, &status] { status = run(*options); });
  return part;
}

}  // namespace

void add_symbols_add(CLI::App& verb, ExitStatus& status) {
  add_part(verb, "add", "Copy the images, PDBs, .sym and ELF files of a build into a store", status,
           add, true)
      ->footer(
          "The store has SymSrv's layout (NAME/ID/NAME), ELF files lie in .build-id: WinDbg, gdb "
          "and\n"
          "a plain web server can use it. Nothing that is there is changed.\n\n"
          "Examples:\n"
          "  inquest symbols add --store /srv/symbols build/release\n"
          "  inquest why crash.dmp --symbols /srv/symbols");
}

void add_symbols_list(CLI::App& verb, ExitStatus& status) {
  add_part(verb, "list", "List what a store holds", status, list, false);
}

void add_symbols_check(CLI::App& verb, ExitStatus& status) {
  add_part(verb, "check", "Read every file of a store: is each what its place says? Exit 1 if not",
           status, check, false);
}

}  // namespace inquest::app
