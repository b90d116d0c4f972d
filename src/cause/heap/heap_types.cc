#include "cause/heap/heap_types.h"

#include "cause/heap/typed_blocks.h"
#include "cause/heap/typing_input.h"

namespace inquest::cause {
namespace {

using objects::BlockId;

/// `Typing` needs its input for as long as it lives.
struct FoundTypes {
  FoundTypes(const Process& process, const heap::Heaps& heaps,
             const objects::References& references)
      : input(typing_input(process, heaps, references)), typing(objects::Typing::find(input)) {}

  /// Absent for what is not a block of the heaps, or of no known type.
  std::optional<BlockId> id_of(const heap::Block& block) const {
    const auto& blocks = input.heaps.blocks;
    const bool is_one = !blocks.empty() && !std::less<>()(&block, blocks.data()) &&
                        std::less<>()(&block, blocks.data() + blocks.size());
    if (!is_one) return {};
    auto id = static_cast<BlockId>(&block - blocks.data());
    return typing.of(id).type != 0 ? std::optional(id) : std::nullopt;
  }
  const objects::TypeInfo& info(const objects::BlockType& type) const {
    return typing.types()[type.type];
  }

  objects::TypingInput input;
  objects::Typing typing;
};

/// Arrays are another type than what they consist of.
constexpr uint64_t kArray = uint64_t{1} << 32;

class TypesByAll {
 public:
  TypesByAll(const Process& process, const heap::Heaps& heaps,
             const objects::References& references)
      : process_(process), heaps_(heaps), references_(references) {}

  uint64_t type_of(const heap::Block& block) {
    auto id = found().id_of(block);
    if (!id) return 0;
    const objects::BlockType type = found().typing.of(*id);
    // A guess by likeness is for `objects`, which says so beside it.
    if (type.how == objects::How::likeness) return 0;
    return type.type | (type.is_array ? kArray : 0);
  }

  std::string name_of(uint64_t type) {
    const auto index = static_cast<objects::TypeIndex>(type);
    const auto& types = found().typing.types();
    if (index == 0 || index >= types.size()) return {};
    std::string name = process_.containers().plain_type(types[index].name);
    return type & kArray ? name + " []" : name;
  }

  std::string member_of(const heap::Block& block, uint64_t offset) {
    if (type_of(block) == 0) return {};
    const objects::BlockType type = found().typing.of(*found().id_of(block));
    const objects::TypeInfo& info = found().info(type);
    const uint64_t first = type.behind_count ? snapshot::pointer_size(process_.arch()) : 0;
    if (offset < first || info.size == 0) return {};
    offset -= first;
    std::string element;
    if (type.is_array) {
      element = fmt::format("[{}]", offset / info.size);
      offset %= info.size;
    } else if (offset >= info.size) {
      return {};
    }
    if (!info.reader || !info.id) return element;
    auto member = info.reader->member_at(info.id, offset);
    const std::string path = member ? without_reserved(member->path) : std::string();
    return element + (element.empty() || path.empty() ? "" : ".") + path;
  }

 private:
  const FoundTypes& found() {
    if (!found_) found_ = std::make_unique<FoundTypes>(process_, heaps_, references_);
    return *found_;
  }

  const Process& process_;
  const heap::Heaps& heaps_;
  const objects::References& references_;
  std::unique_ptr<FoundTypes> found_;
};

uint64_t debug_bytes(const snapshot::Module& module, const locate::ModuleFiles& files) {
  if (files.debug) return files.debug->bytes().size();
  return files.pdb ? files.pdb->bytes().size() : module.range.size();
}

std::optional<KnownType> known_interior(const FoundTypes& found, Address at) {
  const objects::InteriorObject* object = found.typing.interior_at(at);
  if (!object) return {};
  return KnownType{.name = found.typing.types()[object->type].name,
                   .how = std::string(objects::name(object->how)),
                   .percent = object->percent,
                   .at = object->at,
                   .count = object->count};
}

std::optional<KnownType> known_type(const FoundTypes& found, Address at, unsigned word_size) {
  if (auto inside = known_interior(found, at)) return inside;
  const heap::Block* block = found.input.heaps.block_at(at);
  const auto id = block ? found.id_of(*block) : std::nullopt;
  if (!id) return {};
  const objects::BlockType type = found.typing.of(*id);
  const objects::TypeInfo& info = found.info(type);
  const uint64_t before = type.behind_count ? word_size : 0;
  KnownType known{.name = info.name,
                  .how = std::string(objects::name(type.how)),
                  .percent = type.percent,
                  .at = block->address() + before};
  if (type.is_array && info.size != 0 && block->size >= before + info.size)
    known.count = (block->size - before) / info.size;
  return known;
}

}  // namespace

bool typing_is_quick(const Process& process, const heap::Heaps& heaps) {
  constexpr size_t kFewBlocks = 1000000;
  constexpr uint64_t kFewBytes = 100 << 20;  // of debug information: about 3 seconds
  if (heaps.blocks.empty() || heaps.blocks.size() > kFewBlocks) return false;
  uint64_t bytes = 0;
  bool is_described = false;
  for (const snapshot::Module& module : process.snapshot().modules) {
    const locate::ModuleFiles& files = process.files(module);
    if (files.availability != locate::Availability::full) continue;
    is_described = true;
    bytes += debug_bytes(module, files);
  }
  return is_described && bytes <= kFewBytes;
}

BlockTypes types_of_blocks(const Process& process, const heap::Heaps& heaps,
                           const objects::References& references, BlockNaming naming) {
  const bool is_by_all = naming == BlockNaming::always ||
                         (naming == BlockNaming::where_quick && typing_is_quick(process, heaps));
  if (!is_by_all) return types_by_virtual_table(process);
  auto types = std::make_shared<TypesByAll>(process, heaps, references);
  return {.type_of = [types](const heap::Block& block) { return types->type_of(block); },
          .name_of = [types](uint64_t type) { return types->name_of(type); },
          .member_of = [types](const heap::Block& block,
                               uint64_t offset) { return types->member_of(block, offset); }};
}

std::string member_of_global(const Process& process, Address at) {
  const snapshot::Module* module = process.snapshot().module_at(at);
  const symbols::TypeReader* types = module ? process.types(*module) : nullptr;
  if (!types) return {};
  const Rva rva{at - module->range.begin};
  auto global = types->global_at(rva);
  if (!global || global->begin.value > rva.value) return {};
  auto member = types->member_at(global->type, rva.value - global->begin.value);
  return member ? without_reserved(member->path) : std::string();
}

std::function<std::optional<KnownType>(Address at)> known_types(const Process& process,
                                                                const heap::Heaps& heaps) {
  struct Lazy {
    std::optional<objects::References> references;
    std::unique_ptr<FoundTypes> found;
  };
  if (!typing_is_quick(process, heaps)) return {};
  return [&process, &heaps, lazy = std::make_shared<Lazy>()](Address at) {
    if (!lazy->found) {
      lazy->references.emplace(objects::References::find(process.snapshot(), heaps, {}));
      lazy->found = std::make_unique<FoundTypes>(process, heaps, *lazy->references);
    }
    return known_type(*lazy->found, at, snapshot::pointer_size(process.arch()));
  };
}

}  // namespace inquest::cause
