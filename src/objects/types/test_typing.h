/// A program told word by word and type by type, for tests of what its blocks are.
#pragma once

#include <cstring>
#include <optional>

#include "objects/remnants.h"
#include "objects/test_heap.h"
#include "objects/test_types.h"
#include "objects/typing.h"

namespace inquest::objects {

/// A program whose only module has the types that a test tells; globals lie in its data.
class TypedProgram {
 public:
  TypedProgram() {
    number_ = types_.number("int", 4);
    char_ = types_.number("char", 1);
  }

  /// A global pointer at the n-th word of the data.
  void hold(unsigned n, symbols::TypeId target, uint64_t address) {
    const uint64_t at = TestHeap::kData + 8 * n;
    types_.global("g" + std::to_string(n), types_.pointer(target), at - TestHeap::kCode);
    heap_.put(at, address);
  }
  Typing find(std::vector<TypedPlace> places = {}) {
    references_.emplace(heap_.find());
    modules_ = {{.module = &heap_.process().modules.front(), .types = &types_}};
    modules_.front().symbol_at = [this](Address at) { return symbols_[at.value]; };
    return Typing::find({.process = heap_.process(),
                         .heaps = heap_.heaps(),
                         .references = *references_,
                         .modules = modules_,
                         .places = std::move(places),
                         .containers = Descriptions::built_in()});
  }
  /// After find.
  Remnants remnants(const Typing& typing, const RemnantOptions& options = {}) {
    return Remnants::find({.process = heap_.process(),
                           .heaps = heap_.heaps(),
                           .references = *references_,
                           .modules = modules_,
                           .containers = Descriptions::built_in()},
                          typing, options);
  }
  std::string type_of(const Typing& typing, BlockId block) {
    return typing.types()[typing.of(block).type].name;
  }
  /// A virtual table with type information at `at` (64 bytes) for a class of that mangled name.
  uint64_t table(uint64_t at, const char* mangled, int64_t to_top = 0) {
    const uint64_t name_at = at + 0x80, info = at + 0x40;
    heap_.put(at, static_cast<uint64_t>(to_top));
    heap_.put(at + 8, info);
    heap_.put(at + 16, TestHeap::kCode + 0x10);
    heap_.put(info, TestHeap::kConstants);
    heap_.put(info + 8, name_at);
    for (size_t i = 0; i < std::strlen(mangled) + 1; i += 8) {
      uint64_t word = 0;
      std::memcpy(&word, mangled + i, std::min<size_t>(8, std::strlen(mangled) + 1 - i));
      heap_.put(name_at + i, word);
    }
    return at + 16;
  }

  TestHeap heap_;
  TestTypes types_;
  symbols::TypeId number_, char_;
  std::map<uint64_t, std::string> symbols_;
  std::optional<References> references_;
  std::vector<ModuleTypes> modules_;
};

}  // namespace inquest::objects
