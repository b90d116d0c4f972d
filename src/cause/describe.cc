// The parts of Process that the report shows: stacks with source, modules, warnings.
#include <algorithm>

#include "base/parallel.h"
#include "cause/activity.h"
#include "cause/process.h"

namespace inquest::cause {
namespace {

/// What a place in code is shown as, whichever frame stands there.
struct Told {
  /// The function and the calls inlined into it, innermost first; never empty.
  std::vector<answer::Frame> frames;
  const snapshot::Module* module = nullptr;
  bool from_symbols = false;
};

Told told_at(const Process& process, const Located& place) {
  answer::Frame anywhere;
  if (place.module) anywhere.module = place.module->file_name();
  Told told{.frames = std::vector(std::max<size_t>(place.source.size(), 1), anywhere),
            .module = place.module,
            .from_symbols = !place.source.empty()};
  if (!told.from_symbols) told.frames.front().function = place.dynamic;
  for (size_t i = 0; i < place.source.size(); ++i) {
    const auto& source = place.source[i];
    answer::Frame& shown = told.frames[i];
    shown.function = source.function.empty() ? source.linkage : source.function;
    shown.file = source.file;
    shown.line = source.line;
    shown.column = source.column;
    shown.inlined = source.inlined;
    if (place.module && !source.file.empty()) {
      auto kept = process.symbols(*place.module).source_place(source.file);
      shown.source_url = std::move(kept.url);
      shown.source_command = std::move(kept.command);
    }
  }
  return told;
}

void append(std::vector<answer::Frame>& out, const unwind::Frame& frame, const Told& told) {
  for (const answer::Frame& one : told.frames) {
    answer::Frame& shown = out.emplace_back(one);
    shown.pc = frame.pc;
    shown.trust = unwind::name(frame.trust);
    shown.confidence = frame.confidence;
    shown.signal_frame = frame.is_signal_frame;
    if (frame.is_signal_frame && !told.from_symbols) shown.function = "<signal handler called>";
    if (frame.module != told.module) {  // a return address may be where the next module begins
      shown.module = frame.module ? frame.module->file_name() : std::string_view();
    }
    if (frame.module) shown.offset = Rva{frame.pc - frame.module->range.begin};
  }
}

}  // namespace

std::vector<answer::Stack> Process::describe_stacks() const {
  const auto& walked = stacks();
  // Threads share most of their addresses: each is looked up once, on all cores.
  std::vector<Address> places;
  for (const auto& stack : walked) {
    for (const auto& frame : stack.frames) places.push_back(frame.lookup_pc());
  }
  std::sort(places.begin(), places.end());
  places.erase(std::unique(places.begin(), places.end()), places.end());
  std::vector<Located> located(places.size());
  parallel_for(places.size(), [&](size_t i) { located[i] = locate(places[i]); }, helpers());
  std::vector<Told> told;
  told.reserve(places.size());
  for (const Located& place : located) told.push_back(told_at(*this, place));
  auto told_of = [&](const unwind::Frame& frame) -> const Told& {
    auto at = std::lower_bound(places.begin(), places.end(), frame.lookup_pc());
    return told[static_cast<size_t>(at - places.begin())];
  };

  std::vector<answer::Stack> out(walked.size());
  for (size_t i = 0; i < walked.size(); ++i) {
    const auto& thread = snapshot().threads[i];
    out[i].thread = thread.id;
    out[i].name = thread.name;
    out[i].crashed = thread.crashed;
    if (walked[i].end != unwind::End::outermost) out[i].note = walked[i].note;
    if (walked[i].omitted > 0) {
      out[i].note += fmt::format("{}{} frames of {} are left out after the first {}",
                                 out[i].note.empty() ? "" : "; ", walked[i].omitted,
                                 walked[i].depth(), walked[i].omitted_after);
    }
    size_t shown = 0;
    for (const auto& frame : walked[i].frames) shown += told_of(frame).frames.size();
    out[i].frames.reserve(shown);
    for (const auto& frame : walked[i].frames) append(out[i].frames, frame, told_of(frame));
    out[i].activity = activity_of(snapshot(), thread, out[i].frames);
    out[i].cpu_seconds = thread.cpu_seconds;
  }
  std::stable_partition(out.begin(), out.end(), [](const auto& s) { return s.crashed; });
  return out;
}

std::vector<answer::Module> Process::describe_modules() const {
  std::vector<answer::Module> out;
  for (const auto& module : snapshot().modules) {
    const auto& found = files(module);
    out.push_back({.name = module.path,
                   .base = module.range.begin,
                   .size = module.range.size(),
                   .id = module.identity.text(),
                   .symbols = std::string(locate::name(found.availability)),
                   .from = found.from,
                   .note = found.note});
  }
  return out;
}

std::vector<Warning> Process::warnings() const {
  std::vector<Warning> all = snapshot().warnings;
  auto add = [&](const std::vector<Warning>& more) {
    for (const auto& warning : more) {
      if (std::find(all.begin(), all.end(), warning) == all.end()) all.push_back(warning);
    }
  };
  // Only of modules that some stack led into: opening the others would cost time for nothing.
  std::vector<const snapshot::Module*> used;
  for (const auto& stack : stacks()) {
    for (const auto& frame : stack.frames) {
      if (!frame.module || (!used.empty() && used.back() == frame.module)) continue;
      if (std::find(used.begin(), used.end(), frame.module) == used.end()) {
        used.push_back(frame.module);
      }
    }
  }
  // Windows loads a hundred modules of its own: what is missing of those matters on stacks only.
  const bool all_matter = snapshot().os != snapshot::Os::windows;
  for (const auto& module : snapshot().modules) {
    bool is_used = std::find(used.begin(), used.end(), &module) != used.end();
    if (all_matter || module.is_main || is_used) add(files(module).warnings);
  }
  for (const auto* module : used) add(symbols(*module).warnings());
  return all;
}

}  // namespace inquest::cause
