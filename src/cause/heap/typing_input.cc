#include "cause/heap/typing_input.h"

#include "base/parallel.h"

namespace inquest::cause {
namespace {

constexpr size_t kMostTypedFrames = 1 << 14;  // of all threads together, whose variables are read
constexpr size_t kMostOfThread = 256;

objects::ModuleTypes types_of(const Process& process, const snapshot::Module& module) {
  objects::ModuleTypes out{.module = &module};
  if (module.is_vdso) return out;
  out.types = process.types(module);
  const symbols::ModuleSymbols* symbols = &process.symbols(module);
  out.symbol_at = [symbols, begin = module.range.begin](Address at) -> std::string {
    auto nearest = symbols->symbol_at(Rva{at - begin});
    // Behind its end it is another thing.
    if (!nearest || (nearest->size != 0 && nearest->offset >= nearest->size)) return {};
    return nearest->name;
  };
  out.symbol_begin = [symbols, begin = module.range.begin](Address at) -> std::string {
    auto nearest = symbols->symbol_at(Rva{at - begin});
    return nearest && nearest->offset == 0 && !nearest->is_export ? nearest->name : std::string();
  };
  return out;
}

void add_variables(const Process& process, const unwind::Frame& frame, uint32_t thread,
                   std::vector<objects::TypedPlace>& places) {
  if (!frame.module) return;
  const symbols::TypeReader* reader = process.types(*frame.module);
  if (!reader) return;
  const std::string where = process.describe(frame.lookup_pc());
  for (const symbols::Variable& variable : process.variables(frame)) {
    if (variable.place.kind != symbols::Place::Kind::memory || !variable.type) continue;
    places.push_back({.at = {variable.place.value},
                      .type = variable.type,
                      .reader = reader,
                      .name = variable.name + " in " + where,
                      .thread = thread});
  }
}

}  // namespace

objects::TypingInput typing_input(const Process& process, const heap::Heaps& heaps,
                                  const objects::References& references) {
  const snapshot::Snapshot& snapshot = process.snapshot();
  objects::TypingInput input{.process = snapshot,
                             .heaps = heaps,
                             .references = references,
                             .containers = process.containers()};
  input.modules.resize(snapshot.modules.size());
  parallel_for(snapshot.modules.size(),
               [&](size_t i) { input.modules[i] = types_of(process, snapshot.modules[i]); });
  size_t frames = 0;
  for (size_t i = 0; i < process.stacks().size() && i < snapshot.threads.size(); ++i) {
    size_t of_thread = 0;
    for (const unwind::Frame& frame : process.stacks()[i].frames) {
      if (++of_thread > kMostOfThread || ++frames > kMostTypedFrames) break;
      add_variables(process, frame, snapshot.threads[i].id, input.places);
    }
  }
  return input;
}

}  // namespace inquest::cause
