#include "app/cut_needs.h"

#include <algorithm>
#include <map>
#include <set>

#include "cause/cause.h"
#include "ingest/ingest.h"

namespace inquest::app {
namespace {

using snapshot::Module;

/// Images that some stack goes through.
std::set<const Module*> modules_of(const cause::Process& process) {
  std::set<const Module*> found;
  for (const auto& stack : process.stacks()) {
    for (const auto& frame : stack.frames) found.insert(frame.module);
  }
  return found;
}

/// Opening reads headers and exports of every image of Windows that has no file here: those of
/// images that no stack touches are not needed for the answer.
std::vector<AddressRange> needed_of_opening(const cause::Process& process,
                                            std::vector<AddressRange> ranges) {
  if (process.snapshot().os != snapshot::Os::windows) return ranges;
  std::set<const Module*> used = modules_of(process);
  std::erase_if(ranges, [&](const AddressRange& range) {
    const Module* module = process.snapshot().module_at(range.begin);
    return module && !used.contains(module);
  });
  return ranges;
}

std::string frame_text(const answer::Frame& frame) {
  return fmt::format("{} {} {} {}:{}", frame.pc, frame.trust, frame.function, frame.file,
                     frame.line);
}

bool same_frames(const answer::Stack& a, const answer::Stack& b) {
  return std::ranges::equal(a.frames, b.frames, {}, frame_text, frame_text);
}

}  // namespace

Analysed analyse_for_cut(snapshot::Snapshot snapshot, const DumpOptions& options) {
  auto recording = std::make_shared<cut::Recording>();
  snapshot.memory.set_watch(recording);
  ingest::reread(snapshot);
  Analysed analysed;
  analysed.process = cause::Process::open(std::move(snapshot), analysis_options(options));
  std::vector<AddressRange> opening = recording->ranges();
  recording->clear();
  analysed.answer = cause::investigate(*analysed.process);

  cut::Needs& needs = analysed.needs;
  needs.read = recording->ranges();
  opening = needed_of_opening(*analysed.process, std::move(opening));
  needs.read.insert(needs.read.end(), opening.begin(), opening.end());
  for (const auto& stack : analysed.process->stacks()) {
    auto& pcs = needs.frames.emplace_back();
    for (const auto& frame : stack.frames) pcs.push_back(frame.pc);
  }
  analysed.overflowed = recording->overflowed();
  return analysed;
}

std::vector<std::string> differences(const answer::Answer& whole, const answer::Answer& small) {
  std::vector<std::string> all;
  if (whole.verdict.kind != small.verdict.kind) {
    all.push_back(fmt::format("the cause is told as {} instead of {}", name(small.verdict.kind),
                              name(whole.verdict.kind)));
  }
  std::map<uint32_t, const answer::Stack*> by_thread;
  for (const answer::Stack& stack : small.threads) by_thread.emplace(stack.thread, &stack);
  size_t other = 0;
  for (const answer::Stack& stack : whole.threads) {
    auto found = by_thread.find(stack.thread);
    other += found == by_thread.end() || !same_frames(stack, *found->second);
  }
  if (other > 0) {
    all.push_back(fmt::format("{} of {} threads have other frames", other, whole.threads.size()));
  }
  return all;
}

}  // namespace inquest::app
