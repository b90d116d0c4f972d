#include <algorithm>
#include <fmt/format.h>
#include <sys/resource.h>

#include "app/investigate.h"
#include "app/symbols.h"
#include "symbols/symbols.h"

namespace inquest::app {
namespace {

ExitStatus compile(const DumpOptions& options, const std::vector<std::string>& modules) {
  ::setpriority(PRIO_PROCESS, 0, 10);
  auto process = open_process(options);
  if (!process) return report_error(process.error());
  const auto& snapshot = (*process)->snapshot();
  ExitStatus status = kDone;
  bool found = modules.empty();
  for (const auto& module : snapshot.modules) {
    bool wanted = modules.empty() || std::ranges::any_of(modules, [&](const std::string& m) {
                    return m == module.file_name() || m == module.path ||
                           m == fmt::format("{:#x}", module.range.begin.value);
                  });
    if (!wanted) continue;
    found = true;
    const locate::ModuleFiles& files = (*process)->files(module);
    // Of all modules those without symbols are no failure; of those asked for they are.
    if (modules.empty() && files.availability == locate::Availability::none) continue;
    auto done = symbols::compile_cache(files, snapshot.arch, analysis_options(options).symbols);
    if (done) continue;
    Error error = done.error();
    if (error.file.empty()) error.file = module.file_name();
    ExitStatus failed = report_error(error);
    if (!modules.empty()) status = failed;
  }
  if (!found) {
    return report_error({.what = fmt::format("has no module {}", fmt::join(modules, " or ")),
                         .file = snapshot.path,
                         .advice = "`inquest show DUMP` lists its modules"});
  }
  return status;
}

}  // namespace

void add_symbols_compile(CLI::App& verb, ExitStatus& status) {
  auto* part = verb.add_subcommand(
      "compile",
      "Compile the symbol caches of a dump's modules, so that every later look is quick");
  auto options = std::make_shared<DumpOptions>();
  auto modules = std::make_shared<std::vector<std::string>>();
  add_dump_options(*part, *options, false);
  part->add_option("--module", *modules, "Only this module: its name, path or base address")
      ->type_name("MODULE")
      ->allow_extra_args(false);
  part->footer(
      "`why` and `stack` start this by themselves, in the background, after they answered.\n\n"
      "Examples:\n"
      "  inquest symbols compile core.4711\n"
      "  inquest symbols compile core.4711 --module lobby");
  part->callback([options, modules, &status] { status = compile(*options, *modules); });
}

}  // namespace inquest::app
