#include "query/typed.h"

#include "cause/heap/typing_input.h"

namespace inquest::query {

const Typed& Typed::of(Sources& sources) {
  if (!sources.typed) sources.typed = std::make_shared<Typed>(sources);
  return *std::static_pointer_cast<Typed>(sources.typed);
}

Typed::Typed(Sources& sources) {
  objects::TypingInput input =
      cause::typing_input(sources.process(), sources.heaps(), sources.references());
  typing_.emplace(objects::Typing::find(input));
  for (objects::BlockId block = 0; block < input.heaps.blocks.size(); ++block) {
    if (typing_->of(block).type != 0) blocks_.push_back(block);
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
