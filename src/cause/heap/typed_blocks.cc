#include "cause/heap/typed_blocks.h"

#include <memory>

#include "cause/heap/pointer_words.h"

namespace inquest::cause {

/// The names that the language reserves: C++20, 5.10.
std::string without_reserved(const std::string& path) {
  auto is_reserved = [&](size_t at) {
    return at + 1 < path.size() && path[at] == '_' &&
           (path[at + 1] == '_' || (path[at + 1] >= 'A' && path[at + 1] <= 'Z'));
  };
  if (is_reserved(0)) return {};
  for (size_t dot = path.find('.'); dot != path.npos; dot = path.find('.', dot + 1)) {
    if (is_reserved(dot + 1)) return path.substr(0, dot);
  }
  return path;
}

BlockTypes typed_blocks(const Process& process, const heap::Heaps& heaps,
                        const objects::Typing& typing) {
  auto id_of = [&heaps](const heap::Block& block) {
    return static_cast<objects::BlockId>(&block - heaps.blocks.data());
  };
  auto members = std::make_shared<MemberNames>(typing);
  return {.type_of = [&typing, id_of](const heap::Block& block) -> uint64_t {
            const objects::BlockType type = typing.of(id_of(block));
            return type.how == objects::How::likeness ? 0 : type.type;
          },
          .name_of =
              [&process, &typing](uint64_t type) {
                return process.containers().plain_type(typing.types()[type].name);
              },
          .member_of =
              [members, id_of](const heap::Block& block, uint64_t offset) {
                return without_reserved(members->at(id_of(block), offset));
              }};
}

}  // namespace inquest::cause
