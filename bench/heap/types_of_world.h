// Tells the ledger what every block of a world holds, by walking it as its source says: nothing
// here is known from what Inquest finds.
#pragma once

#include <cstdio>

#include "ledger.h"
#include "world.h"

namespace {

/// What libstdc++ puts in front of a node's value, and make_shared in front of an object.
constexpr size_t kInMapNode = 32, kInHashNode = 8, kInListNode = 16, kInCounted = 16;

class Namer {
 public:
  bool name_all(World* worlds, size_t count) {
    name(reinterpret_cast<char*>(worlds) - 8, ledger::kWorlds);
    for (size_t i = 0; i < count; ++i) {
      name_containers(worlds[i]);
      name_objects(worlds[i]);
      name_tables(worlds[i]);
    }
    return good_;
  }

 private:
  void name(const void* block, ledger::Type type) {
    if (!block || ledger::is(block, type)) return;
    if (good_) fprintf(stderr, "no block of type %d begins at %p\n", type, block);
    good_ = false;
  }
  template <class T>
  void name_node(const T& value, size_t in_front, ledger::Type type) {
    name(reinterpret_cast<const char*>(&value) - in_front, type);
  }
  void name_text(const std::string& text) {
    auto begin = reinterpret_cast<uintptr_t>(&text),
         data = reinterpret_cast<uintptr_t>(text.data());
    if (data - begin >= sizeof text) name(text.data(), ledger::kCharacters);
  }
  template <class T>
  void name_elements(const std::vector<T>& vector, ledger::Type type) {
    if (vector.capacity() != 0) name(vector.data(), type);
  }

  void name_containers(const World& world) {
    for (const auto& guild : world.guilds) {
      name_node(guild, kInMapNode, ledger::kMapNode);
      name_text(guild.second);
    }
    for (const auto& score : world.scores) {
      name_node(score, kInHashNode, ledger::kHashNode);
      name_elements(score.second, ledger::kInts);
    }
    if (!world.scores.empty())  // the first member of std::_Hashtable
      name(*reinterpret_cast<void* const*>(&world.scores), ledger::kBuckets);
    for (const std::string& message : world.messages) {
      name_node(message, kInListNode, ledger::kListNode);
      name_text(message);
    }
  }
  void name_objects(const World& world) {
    for (const auto& shape : world.shapes) {
      const auto* picture = dynamic_cast<const Picture*>(shape.get());
      name(shape.get(), picture ? ledger::kPicture : ledger::kSquare);
      if (picture) name_text(picture->name);
    }
    for (const auto& square : world.shared) name_node(*square, kInCounted, ledger::kCountedSquare);
    for (Item* items : world.arrays) name(reinterpret_cast<char*>(items) - 8, ledger::kItems);
    for (const Named* base : world.bases) {
      name(dynamic_cast<const void*>(base), ledger::kPoster);
      name_text(base->title);
    }
  }
  void name_tables(const World& world) {
    name_elements(world.shapes, ledger::kOwnedShapes);
    name_elements(world.shared, ledger::kSharedSquares);
    name_elements(world.buffers, ledger::kOwnedBuffers);
    name_elements(world.for_neighbour, ledger::kOwnedBuffers);
    name_elements(world.tagged, ledger::kAddresses);
    name_elements(world.arrays, ledger::kItemPointers);
    name_elements(world.bases, ledger::kNamedPointers);
    name_elements(world.interiors, ledger::kCharPointers);
  }

  bool good_ = true;
};

/// False, and said, when the walk met what is no block: the truth would not be true.
[[gnu::noinline]] bool name_types(World* worlds, size_t count) {
#ifdef WITHOUT_LEDGER
  return worlds != nullptr && count != 0;
#else
  return Namer().name_all(worlds, count);
#endif
}

}  // namespace
