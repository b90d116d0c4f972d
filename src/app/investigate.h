/// The recipe behind `why`, `run` and the library: a dump's path -> everything known of it.
#pragma once

#include <memory>
#include <string>

#include "app/options.h"
#include "app/source.h"
#include "cause/process.h"

namespace inquest::app {

/// Open, ingest. The Process locates and reads symbols as it is asked.
Result<std::unique_ptr<cause::Process>> open_process(const DumpOptions& options,
                                                     const SourceOptions& source = {});

/// Prints why it died in the chosen format.
void print_why(const cause::Process& process, const DumpOptions& options);

/// Starts `inquest symbols compile` in the background, at low priority, for the modules whose
/// symbols were read the slow way, so that the next look is quick. Does nothing when none were.
void compile_caches_in_background(const cause::Process& process, const DumpOptions& options);

/// For a program that is about to end: its memory goes with it, sooner than if it were freed.
template <class T>
void leave_to_the_system(std::unique_ptr<T> what) {
  (void)what.release();
}

}  // namespace inquest::app
