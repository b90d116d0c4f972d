#include "query/root_owner.h"

namespace inquest::query {
namespace {

std::string global_owner(const cause::Process& process, Address at) {
  const snapshot::Module* module = process.snapshot().module_at(at);
  if (!module) return {};
  Rva rva{at - module->range.begin};
  const symbols::ModuleSymbols& symbols = process.symbols(*module);
  if (auto near = symbols.symbol_at(rva)) {
    return near->offset == 0 ? near->name : fmt::format("{} + {:#x}", near->name, near->offset);
  }
  if (const symbols::TypeReader* types = symbols.types()) {
    if (auto global = types->global_at(rva)) return global->name;
  }
  return fmt::format("{} + {:#x}", module->file_name(), rva.value);
}

}  // namespace

std::string root_owner(const cause::Process& process, const objects::Root& root) {
  if (root.kind == objects::RootKind::global) return global_owner(process, root.at);
  if (root.kind == objects::RootKind::mapping) {
    const snapshot::Region* region = process.snapshot().region_at(root.at);
    if (!region) return {};
    return region->file.empty() ? fmt::format("mapping at {}", region->range.begin) : region->file;
  }
  const snapshot::Thread* thread = process.snapshot().thread_by_id(root.thread);
  if (!thread) return {};
  return thread->name.empty() ? fmt::format("thread {}", thread->id)
                              : fmt::format("thread {} {}", thread->id, thread->name);
}

}  // namespace inquest::query
