/// What the command line says, shared by the verbs.
#pragma once

#include <CLI/CLI.hpp>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cause/process.h"

namespace inquest::app {

enum class Output : uint8_t { text, json, html };

/// Of verbs that print lists.
enum class ListOutput : uint8_t { text, json, csv, html };
/// Adds --format text|json|csv, and html where `html` says what that page is; `csv` says what a
/// line of it is.
void add_list_format(CLI::App& verb, ListOutput& output, const std::string& csv,
                     const std::string& html = {});

/// Adds --symbols and --image to a verb that has nothing to look up: every verb takes them.
void add_unused_places(CLI::App& verb);

/// Of the positional argument of every verb that looks at a process.
inline constexpr const char* kDumpHelp =
    "The dump: a Linux core or a minidump, as it is or packed (.zst .lz4 .xz); or the id of a live "
    "process";

/// Options of every verb that reads a dump.
struct DumpOptions {
  std::string dump = {};
  Output output = Output::text;
  std::vector<std::string> symbols = {};
  std::vector<std::string> images = {};
  std::vector<std::string> types = {};  ///< files that describe containers
  bool use_cache = true;
  bool all_threads = false;
};

/// For Option::transform: a name of `names`, whatever its case, becomes its value. What is none of
/// them is told in words, "xml is not one of text, json, html", in the order of the values.
CLI::Validator one_of_numbers(std::vector<std::pair<std::string, long>> names);
template <class Enum>
CLI::Validator one_of(const std::map<std::string, Enum>& names) {
  std::vector<std::pair<std::string, long>> numbers;
  for (const auto& [name, value] : names) numbers.emplace_back(name, static_cast<long>(value));
  return one_of_numbers(std::move(numbers));
}
/// For Option::check: one of these words.
CLI::Validator one_of_words(std::vector<std::string> words);

/// For Option::check: a number above 0.
CLI::Validator process_id();

/// Adds --format (without html where the verb has none), --symbols, --image, --no-symbol-cache.
void add_dump_options(CLI::App& verb, DumpOptions& options, bool html);
/// The same without the positional DUMP, for verbs that make the dump themselves.
void add_analysis_options(CLI::App& verb, DumpOptions& options, bool html);

/// The rooms' options: the environment's, then the command line's in front.
cause::Options analysis_options(const DumpOptions& options);

/// Adds --symbols and --image.
void add_places(CLI::App& verb, DumpOptions& options);

/// A verb sets this to what the process shall return; CLI11 callbacks have no result.
using ExitStatus = int;
inline constexpr ExitStatus kDone = 0, kUnusableInput = 1, kWrongUsage = 2;

/// Prints the one line and returns kUnusableInput.
ExitStatus report_error(const Error& error);
/// The same where the question, not the dump, was at fault: kWrongUsage.
ExitStatus report_wrong_usage(const Error& error);

}  // namespace inquest::app
