#include "cause/heap/holder_words.h"

#include <algorithm>

#include "cause/heap/typed_blocks.h"

namespace inquest::cause {
namespace {

constexpr size_t kPlacesLookedAt = 16;  // that may lie in each other

std::string behind(const std::string& member) {
  if (member.empty()) return {};
  return (member.front() == '[' ? "" : ".") + member;
}

}  // namespace

std::string HolderWords::of_place(const objects::TypedPlace& place, uint64_t offset,
                                  const std::string& index) {
  std::string member;
  if (auto path = place.reader->member_at(place.type, offset)) member = path->path;
  // "p in main": the member belongs to the variable.
  const size_t in = place.name.find(" in ");
  return place.name.substr(0, in) + behind(without_reserved(member)) + index +
         (in == std::string::npos ? "" : place.name.substr(in));
}

std::string HolderWords::in_type(const objects::TypeInfo& type, const std::string& member,
                                 Address at) const {
  return fmt::format("{}{} of {}", process_.containers().plain_type(type.name),
                     behind(without_reserved(member)), at);
}

std::string HolderWords::of(Address word) {
  const auto& places = typing_.places();
  auto after = std::ranges::upper_bound(places, word, {}, &objects::TypedPlace::at);
  for (size_t i = 0; i < kPlacesLookedAt && after != places.begin(); ++i) {
    const objects::TypedPlace& place = *--after;
    if (!place.reader) continue;
    const uint64_t size = place.reader->type(place.reader->resolve(place.type)).size;
    if (word - place.at < size) return of_place(place, word - place.at);
  }
  if (const objects::InteriorObject* object = typing_.interior_at(word)) {
    const objects::TypeInfo& type = typing_.types()[object->type];
    uint64_t offset = word - object->at;
    const uint64_t index = type.size == 0 ? 0 : offset / type.size;
    offset -= index * type.size;
    auto path = type.reader ? type.reader->member_at(type.id, offset) : std::nullopt;
    const std::string element = object->count > 1 ? fmt::format("[{}]", index) : "";
    const std::string member = path ? without_reserved(path->path) : "";
    return in_type(type, element + (element.empty() ? member : behind(member)), object->at);
  }
  if (const heap::Block* block = heaps_.block_at(word)) {
    const auto id = static_cast<objects::BlockId>(block - heaps_.blocks.data());
    const objects::TypeInfo& type = typing_.types()[typing_.of(id).type];
    if (typing_.of(id).type != 0)
      return in_type(type, members_.at(id, word - block->address()), block->address());
  }
  return fmt::format("{}", word);
}

}  // namespace inquest::cause
