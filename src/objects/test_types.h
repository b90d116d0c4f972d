/// Types told by hand, for tests of this room.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "symbols/types.h"

namespace inquest::objects {

/// Ids are made in the order of the calls.
class TestTypes final : public symbols::TypeReader {
 public:
  using Type = symbols::Type;
  using TypeId = symbols::TypeId;
  using Kind = symbols::TypeKind;

  TypeId add(Type type, std::vector<symbols::Member> members = {}) {
    types_.push_back(std::move(type));
    members_.push_back(std::move(members));
    return {types_.size()};
  }
  TypeId number(std::string name, uint64_t size) {
    return add({.kind = Kind::base, .name = std::move(name), .size = size});
  }
  TypeId structure(std::string name, uint64_t size, std::vector<symbols::Member> members = {}) {
    return add({.kind = Kind::class_, .name = std::move(name), .size = size}, std::move(members));
  }
  TypeId pointer(TypeId to) {
    return add({.kind = Kind::pointer,
                .name = (to ? type(to).name : std::string("void")) + "*",
                .size = 8,
                .target = to});
  }
  TypeId array(TypeId of, uint64_t count) {
    return add({.kind = Kind::array,
                .name = type(of).name + " []",
                .size = type(of).size * count,
                .target = of,
                .count = count});
  }
  void set_members(TypeId id, std::vector<symbols::Member> members) {
    members_[id.value - 1] = std::move(members);
  }
  void global(std::string name, TypeId type, uint64_t rva) {
    globals_.push_back({std::move(name), type, {rva}});
  }

  Type type(TypeId id) const override {
    return id.value == 0 || id.value > types_.size() ? Type{} : types_[id.value - 1];
  }
  std::vector<symbols::Member> members(TypeId id) const override {
    return id.value == 0 || id.value > types_.size() ? std::vector<symbols::Member>{}
                                                     : members_[id.value - 1];
  }
  std::vector<symbols::Enumerator> enumerators(TypeId) const override { return {}; }
  TypeId find(std::string_view name) const override {
    for (size_t i = 0; i < types_.size(); ++i) {
      if (types_[i].kind == Kind::class_ && types_[i].name == name) return {i + 1};
    }
    return {};
  }
  std::vector<TypeId> instances(std::string_view name) const override {
    std::vector<TypeId> out;
    for (size_t i = 0; i < types_.size(); ++i) {
      if (types_[i].name.starts_with(std::string(name) + "<")) out.push_back({i + 1});
    }
    return out;
  }
  std::vector<TypeId> classes_of_size(uint64_t bytes) const override {
    std::vector<TypeId> out;
    for (size_t i = 0; i < types_.size(); ++i) {
      if (types_[i].kind == Kind::class_ && types_[i].size == bytes) out.push_back({i + 1});
    }
    return out;
  }
  std::vector<symbols::Variable> variables_at(Rva, const symbols::FrameAccess&) const override {
    return {};
  }
  std::optional<Global> global_at(Rva) const override { return {}; }
  std::vector<Global> globals(std::string_view) const override { return {}; }
  void each_global(const std::function<void(const Global&)>& each) const override {
    for (const Global& global : globals_) each(global);
  }

 private:
  std::vector<Type> types_;
  std::vector<std::vector<symbols::Member>> members_;
  std::vector<Global> globals_;
};

}  // namespace inquest::objects
