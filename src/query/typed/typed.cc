#include "query/typed/typed.h"

namespace inquest::query {

const Typed& Typed::of(Sources& sources) {
  if (!sources.typed) sources.typed = std::make_shared<Typed>(sources);
  return *std::static_pointer_cast<Typed>(sources.typed);
}

Typed::Typed(Sources& sources) {
  objects::TypingInput input{.process = sources.snapshot(),
                             .heaps = sources.heaps(),
                             .references = sources.references(),
                             .containers = objects::Descriptions::built_in()};
  add_modules(sources, input);
  add_locals(sources, input);
  typing_.emplace(objects::Typing::find(input));
  for (objects::BlockId block = 0; block < input.heaps.blocks.size(); ++block) {
    if (typing_->of(block).type != 0) blocks_.push_back(block);
  }
}

void Typed::add_modules(Sources& sources, objects::TypingInput& input) const {
  const cause::Process& process = sources.process();
  for (const snapshot::Module& module : sources.snapshot().modules) {
    auto symbol_at = [&process, &module](Address at) -> std::string {
      auto near = process.symbols(module).symbol_at(Rva{at - module.range.begin});
      return near ? near->name : std::string();
    };
    input.modules.push_back({&module, process.types(module), symbol_at});
  }
}

void Typed::add_locals(Sources& sources, objects::TypingInput& input) const {
  const cause::Process& process = sources.process();
  const auto& threads = sources.snapshot().threads;
  for (size_t i = 0; i < threads.size(); ++i) {
    for (const unwind::Frame& frame : process.stacks()[i].frames) {
      if (!frame.module || sources.interrupted()) continue;
      const symbols::TypeReader* types = process.types(*frame.module);
      if (!types) continue;
      for (const symbols::Variable& one : process.variables(frame)) {
        if (one.place.kind != symbols::Place::Kind::memory) continue;
        input.places.push_back({.at = {one.place.value},
                                .type = one.type,
                                .reader = types,
                                .name = one.name,
                                .thread = threads[i].id});
      }
    }
  }
}

const objects::TypeInfo* Typed::info(objects::TypeIndex type) const {
  const auto& types = typing_->types();
  return type != 0 && type < types.size() ? &types[type] : nullptr;
}

Elements elements_of(const objects::BlockType& type, uint64_t type_size, uint64_t block_size,
                     unsigned word_size) {
  uint64_t first = type.behind_count ? word_size : 0;
  if (!type.is_array || type_size == 0 || block_size < first) return {.first = first, .count = 1};
  return {.first = first, .count = (block_size - first) / type_size};
}

}  // namespace inquest::query
