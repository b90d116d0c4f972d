#include "app/options.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <fmt/core.h>
#include <map>

#include "app/terminal.h"

namespace inquest::app {

namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : ", ") + word;
  return all;
}

}  // namespace

CLI::Validator one_of_numbers(std::vector<std::pair<std::string, long>> names) {
  std::ranges::sort(names, {}, [](const auto& name) { return name.second; });
  auto take = [names = std::move(names)](std::string& input) -> std::string {
    std::vector<std::string> words;
    for (const auto& [name, value] : names) {
      if (CLI::detail::to_lower(input) == name) {
        input = std::to_string(value);
        return {};
      }
      words.push_back(name);
    }
    return fmt::format("{} is not one of {}", input, joined(words));
  };
  return {take, ""};
}

CLI::Validator one_of_words(std::vector<std::string> words) {
  auto check = [words = std::move(words)](std::string& input) -> std::string {
    if (std::ranges::find(words, input) != words.end()) return {};
    return fmt::format("{} is not one of {}", input, joined(words));
  };
  return {check, ""};
}

CLI::Validator process_id() {
  auto check = [](std::string& input) -> std::string {
    int pid = 0;
    auto [end, error] = std::from_chars(input.data(), input.data() + input.size(), pid);
    bool good = error == std::errc() && end == input.data() + input.size() && pid > 0;
    return good ? std::string{} : fmt::format("{} is not the number of a process", input);
  };
  return {check, ""};
}

void add_list_format(CLI::App& verb, ListOutput& output, const std::string& csv,
                     const std::string& html) {
  std::map<std::string, ListOutput> outputs{
      {"text", ListOutput::text}, {"json", ListOutput::json}, {"csv", ListOutput::csv}};
  if (!html.empty()) outputs.emplace("html", ListOutput::html);
  verb.add_option("--format", output,
                  "How to print it; csv: " + csv + (html.empty() ? "" : "; html: " + html))
      ->transform(one_of(outputs))
      ->type_name(html.empty() ? "text|json|csv" : "text|json|csv|html");
}

void add_unused_places(CLI::App& verb) {
  for (auto [name, what] : {std::pair("--symbols", "DIR|URL"), std::pair("--image", "DIR")}) {
    verb.add_option_function<std::vector<std::string>>(
            name, [](const std::vector<std::string>&) {}, "Taken as by the other verbs; not used")
        ->type_name(what)
        ->allow_extra_args(false);
  }
}

void add_places(CLI::App& verb, DumpOptions& options) {
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
}

void add_analysis_options(CLI::App& verb, DumpOptions& options, bool html) {
  std::map<std::string, Output> outputs{{"text", Output::text}, {"json", Output::json}};
  if (html) outputs.emplace("html", Output::html);
  verb.add_option("--format", options.output, "How to print the answer")
      ->transform(one_of(outputs))
      ->type_name(html ? "text|json|html" : "text|json");
  add_places(verb, options);
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

ExitStatus report_wrong_usage(const Error& error) {
  report_error(error);
  return kWrongUsage;
}

}  // namespace inquest::app
