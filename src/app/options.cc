#include "app/options.h"

#include <cstdio>
#include <fmt/core.h>
#include <map>

#include "app/terminal.h"

namespace inquest::app {

void add_analysis_options(CLI::App& verb, DumpOptions& options, bool html) {
  std::map<std::string, Output> outputs{{"text", Output::text}, {"json", Output::json}};
  if (html) outputs.emplace("html", Output::html);
  verb.add_option("--format", options.output, "How to print the answer")
      ->transform(CLI::CheckedTransformer(outputs, CLI::ignore_case).description(""))
      ->type_name(html ? "text|json|html" : "text|json");
  verb.add_option("--symbols", options.symbols,
                  "Folder, server URL or srv*CACHE*URL with symbols; may be repeated, first wins. "
                  "INQUEST_SYMBOL_PATH and _NT_SYMBOL_PATH add more")
      ->type_name("DIR|URL")
      ->allow_extra_args(false);
  verb.add_option("--image", options.images,
                  "Folder with the executables and libraries of the machine that died; may be "
                  "repeated")
      ->type_name("DIR")
      ->allow_extra_args(false);
  verb.add_flag("!--no-symbol-cache", options.use_cache,
                "Neither read nor write the compiled symbol cache");
  verb.add_flag("--all-threads", options.all_threads,
                "Print every thread in full instead of folding equal stacks");
}

void add_dump_options(CLI::App& verb, DumpOptions& options, bool html) {
  verb.add_option("DUMP", options.dump, kDumpHelp)->required();
  add_analysis_options(verb, options, html);
}

cause::Options analysis_options(const DumpOptions& options) {
  cause::Options all;
  all.locate = locate::Options::from_environment();
  all.locate.symbols.insert(all.locate.symbols.begin(), options.symbols.begin(),
                            options.symbols.end());
  all.locate.images.insert(all.locate.images.begin(), options.images.begin(), options.images.end());
  all.locate.progress = [](std::string_view url, uint64_t done, uint64_t total) {
    Progress::shared().download(url, done, total);
  };
  all.symbols.use_cache = options.use_cache;
  return all;
}

ExitStatus report_error(const Error& error) {
  Progress::shared().stop();
  fmt::print(stderr, "inquest: {}\n", error.line());
  return kUnusableInput;
}

}  // namespace inquest::app
