#include <cstdio>
#include <filesystem>
#include <fmt/core.h>

#include "app/cut_needs.h"
#include "app/cut_report.h"
#include "app/terminal.h"
#include "app/verbs.h"
#include "base/mapped_file.h"
#include "capture/sparse_file.h"
#include "cause/cause.h"
#include "cut/write.h"
#include "format/minidump/dump.h"
#include "ingest/ingest.h"

namespace inquest::app {
namespace {

struct CutOptions {
  DumpOptions analysis;
  cut::Options keep;
  std::string output;
  uint64_t size = 0;  ///< 0: none given
  bool dry_run = false;
  bool force = false;
  bool check = true;
};

/// The dump itself is never overwritten, other files only when told so.
Result<> check_output(const CutOptions& options) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  if (options.output.empty() || !fs::exists(options.output, ignored)) return {};
  if (fs::equivalent(options.output, options.analysis.dump, ignored)) {
    return fail({.what = "is the dump that is to be cut",
                 .file = options.output,
                 .advice = "give another name with -o"});
  }
  if (options.force || options.dry_run) return {};
  return fail({.what = "is there already",
               .file = options.output,
               .advice = "give another name, or --force to overwrite it"});
}

/// A dump that was cut before keeps what was noted then.
void note_origin(snapshot::Snapshot& snapshot) {
  auto& notes = snapshot.annotations;
  if (notes.contains("cut.from")) return;
  std::string file = std::filesystem::path(snapshot.path).filename().string();
  notes["cut.from"] = file;
  notes["cut.format"] = name(snapshot.format);
  notes["cut.bytes"] = std::to_string(snapshot.bytes);
  std::string comment = fmt::format("cut from {} by inquest", file);
  if (auto old = notes.find("comment"); old != notes.end()) comment += "\n" + old->second;
  notes["comment"] = std::move(comment);
}

/// Streams of a minidump that a Snapshot does not hold.
void warn_of_dropped_streams(const std::string& path, std::vector<Warning>& warnings) {
  auto file = MappedFile::open(path);
  if (!file) return;
  auto dump = minidump::parse((*file)->bytes(), path);
  if (!dump) return;  // packed
  std::string names;
  for (const auto& stream : dump->streams) {
    bool is_lost =
        !stream.is_read || stream.name == "ThreadInfoList" || stream.name == "LinuxEnviron";
    if (!is_lost || stream.size == 0) continue;
    if (!names.empty()) names += ", ";
    names += stream.name.empty() ? fmt::format("{:#x}", stream.type) : std::string(stream.name);
  }
  if (!names.empty()) warnings.push_back({"these streams of the minidump are not kept: " + names});
}

void warn_of_left_out(const CutReport& report, bool overflowed, std::vector<Warning>& warnings) {
  auto left_out = [&](cut::Part part) { return report.parts[static_cast<size_t>(part)].left_out; };
  if (overflowed || left_out(cut::Part::analysis) > 0 || left_out(cut::Part::crashed_stack) > 0) {
    warnings.push_back(
        {"some of the memory that the analysis reads did not fit: the small dump "
         "may give another answer",
         "give a larger --size"});
  }
}

/// The small dump's own answer against the whole one's.
void check_answer(const CutOptions& options, const Analysed& whole, CutReport& report) {
  Progress::shared().stage("checking the small dump");
  auto small = ingest::open(options.output);
  if (!small) {
    report.same_answer = false;
    report.warnings.push_back({"the small dump cannot be read: " + small.error().line()});
    return;
  }
  // Files beside the dump are looked for, and the receiver is to have them too.
  small->path = options.analysis.dump;
  auto process = cause::Process::open(std::move(*small), analysis_options(options.analysis));
  std::vector<std::string> found = differences(whole.answer, cause::investigate(*process));
  report.same_answer = found.empty();
  for (const std::string& what : found) {
    report.warnings.push_back(
        {"in the small dump " + what, "give larger --stack-bytes, --around or --size"});
  }
}

Result<CutReport> make_cut(CutOptions& options) {
  TRY(check_output(options));
  Progress::shared().stage("reading the dump");
  snapshot::Snapshot snapshot = TRY(ingest::open(options.analysis.dump));
  CutReport report{.from = options.analysis.dump,
                   .from_format = std::string(name(snapshot.format)),
                   .from_bytes = snapshot.bytes,
                   .output = options.output,
                   .threads = snapshot.threads.size(),
                   .modules = snapshot.modules.size()};
  note_origin(snapshot);
  Progress::shared().stage("finding what its analysis needs");
  Analysed whole = analyse_for_cut(snapshot, options.analysis);
  const snapshot::Memory& memory = whole.process->memory();
  report.cause = name(whole.answer.verdict.kind);

  report.fixed_bytes = TRY(cut::write_minidump(snapshot, memory, {}))
  .size();
  cut::Choice choice =
      TRY(cut::choose(snapshot, memory, whole.needs, options.keep, report.fixed_bytes));
  report.parts = choice.parts;
  report.ranges = choice.ranges.size();
  std::vector<std::byte> bytes = TRY(cut::write_minidump(snapshot, memory, choice.ranges));
  report.bytes = bytes.size();
  report.warnings = snapshot.warnings;
  if (snapshot.format == snapshot::Format::minidump) {
    warn_of_dropped_streams(options.analysis.dump, report.warnings);
  }
  warn_of_left_out(report, whole.overflowed, report.warnings);
  if (options.dry_run) return report;

  auto file = TRY(capture::SparseFile::create(options.output));
  TRY(file.expect_room(bytes.size()));
  TRY(file.write(0, bytes));
  TRY(file.commit());
  report.written = true;
  if (options.check) check_answer(options, whole, report);
  return report;
}

ExitStatus cut_dump(CutOptions& options) {
  if (options.output.empty() && !options.dry_run) {
    fmt::print(stderr, "inquest: say with -o where to write the small dump, or --dry-run\n");
    return kWrongUsage;
  }
  if (options.size != 0) options.keep.size = options.size;
  auto report = make_cut(options);
  if (!report) return report_error(report.error());
  Progress::shared().stop();
  if (options.analysis.output == Output::json) {
    print_line(cut_json(*report));
    return kDone;
  }
  print_out(cut_text(*report));
  for (const Warning& warning : report->warnings) {
    fmt::print(stderr, "inquest: warning: {}{}{}\n", warning.what,
               warning.advice.empty() ? "" : "; ", warning.advice);
  }
  return kDone;
}

void add_size(CLI::App& verb, const std::string& name, uint64_t& value, const std::string& help) {
  verb.add_option(name, value, help)
      ->transform(CLI::AsSizeValue(false).description(""))
      ->type_name("BYTES");
}

}  // namespace

void add_cut(CLI::App& root, ExitStatus& status) {
  auto* verb = root.add_subcommand(
      "cut", "Make a small minidump of a dump, for sending, that gives the same answer");
  auto options = std::make_shared<CutOptions>();
  add_dump_options(*verb, options->analysis, false);
  verb->add_option("-o,--output", options->output, "Where to write the small dump")
      ->type_name("FILE");
  add_size(*verb, "--size", options->size,
           "The small dump's size at most, such as 640KiB or 2MiB; the most important is kept");
  add_size(*verb, "--stack-bytes", options->keep.stack_bytes,
           "Of each stack; four times that of the thread that died. Default 256KiB");
  add_size(*verb, "--around", options->keep.around,
           "Around what a register or a word of a stack points to. Default 1KiB");
  verb->add_flag("--stacks-only", options->keep.stacks_only,
                 "Nothing of heaps and data: registers, stacks, modules");
  verb->add_flag("--environment", options->keep.environment,
                 "Also the arguments and environment at the top of the main stack (Linux)");
  verb->add_flag("--dry-run", options->dry_run, "Write nothing; say how large it would be");
  verb->add_flag("--force", options->force, "Overwrite the output file");
  verb->add_flag("!--no-check", options->check,
                 "Do not compare the small dump's answer with the whole one's");
  verb->footer(
      "Examples:\n"
      "  inquest cut core.4711 -o small.dmp\n"
      "  inquest cut core.4711 -o small.dmp --size 640KiB\n"
      "  inquest cut full.dmp -o small.dmp --stacks-only\n"
      "  inquest cut core.4711 --dry-run --format json | jq .bytes\n"
      "The small dump holds memory of the process: docs/cut.md says which, before you send it.");
  verb->callback([options, &status] { status = cut_dump(*options); });
}

}  // namespace inquest::app
