// The parts of Process that the report shows: stacks with source, modules, warnings.
#include <algorithm>

#include "base/parallel.h"
#include "cause/activity.h"
#include "cause/process.h"

namespace inquest::cause {
namespace {

/// Appends a frame and the calls inlined into it, innermost first.
void append(std::vector<answer::Frame>& out, const unwind::Frame& frame, const Located& place,
            const symbols::ModuleSymbols* symbols) {
  answer::Frame base;
  base.pc = frame.pc;
  base.trust = std::string(unwind::name(frame.trust));
  base.confidence = frame.confidence;
  base.signal_frame = frame.is_signal_frame;
  if (frame.module) {
    base.module = std::string(frame.module->file_name());
    base.offset = Rva{frame.pc - frame.module->range.begin};
  }
  if (place.source.empty()) {
    base.function = place.dynamic;
    if (frame.is_signal_frame) base.function = "<signal handler called>";
    out.push_back(std::move(base));
    return;
  }
  for (const auto& source : place.source) {
    answer::Frame shown = base;
    shown.function = source.function.empty() ? source.linkage : source.function;
    shown.file = source.file;
    shown.line = source.line;
    shown.column = source.column;
    shown.inlined = source.inlined;
    if (symbols && !source.file.empty()) {
      auto kept = symbols->source_place(source.file);
      shown.source_url = std::move(kept.url);
      shown.source_command = std::move(kept.command);
    }
    out.push_back(std::move(shown));
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
    for (const auto& frame : walked[i].frames) {
      auto at = std::lower_bound(places.begin(), places.end(), frame.lookup_pc());
      const Located& place = located[static_cast<size_t>(at - places.begin())];
      append(out[i].frames, frame, place, place.module ? &symbols(*place.module) : nullptr);
    }
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
      if (frame.module && std::find(used.begin(), used.end(), frame.module) == used.end()) {
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
