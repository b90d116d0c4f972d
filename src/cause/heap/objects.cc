#include "cause/heap/objects.h"

#include <algorithm>
#include <optional>
#include <regex>

#include "cause/contents.h"
#include "cause/heap/explained.h"
#include "cause/heap/instance_fields.h"
#include "cause/heap/keeper_tree.h"
#include "cause/heap/mapping_names.h"
#include "cause/heap/outside.h"
#include "cause/heap/owners.h"
#include "objects/dominators.h"

namespace inquest::cause {
namespace {

using objects::BlockType;
using objects::How;
using objects::TypeIndex;
using objects::TypeSum;

constexpr size_t kConflictsShown = 100;
constexpr size_t kFewForKeepers = 1000000;  // blocks
constexpr size_t kLongestPattern = 1000;    // std::regex recurses
constexpr size_t kLongestMatched = 500;

answer::ObjectSum sum_of(const TypeSum& sum, const objects::TypeInfo& type) {
  answer::ObjectSum out{.type = type.name,
                        .size = type.size,
                        .blocks = sum.blocks,
                        .objects = sum.objects,
                        .bytes = sum.bytes};
  for (size_t how = 0; how < objects::kHows; ++how) {
    if (sum.by[how] != 0) out.how.emplace_back(name(static_cast<How>(how)), sum.by[how]);
  }
  return out;
}

/// Types by their exact name, if one has it, else by a regular expression.
class TypeMatch {
 public:
  static Result<TypeMatch> open(const std::string& wanted, bool is_name) {
    TypeMatch match;
    match.name_ = wanted;
    if (is_name || wanted.empty()) return match;
    try {
      if (wanted.size() <= kLongestPattern) match.pattern_.emplace(wanted, std::regex::ECMAScript);
    } catch (const std::regex_error&) {
    }
    if (match.pattern_) return match;
    return fail(fmt::format("'{}' is neither the name of a type nor a regular expression", wanted),
                "`inquest objects DUMP` lists the types");
  }
  bool operator()(const std::string& type) const {
    if (name_.empty()) return true;
    if (!pattern_) return type == name_;
    return !type.empty() && std::regex_search(type.substr(0, kLongestMatched), *pattern_);
  }

 private:
  std::string name_;
  std::optional<std::regex> pattern_;
};

bool is_a_name(const objects::Typing& typing, const objects::Remnants* remnants,
               const std::string& wanted) {
  if (wanted.empty() || typing.find_type(wanted) != 0) return true;
  return remnants && std::ranges::any_of(remnants->all, [&](const objects::Remnant& one) {
           return remnants->types[one.type].name == wanted;
         });
}

answer::ObjectInstance instance_of(const heap::Block& block, const BlockType& type,
                                   const objects::TypeInfo& info) {
  constexpr uint64_t kCount = 8;
  answer::ObjectInstance out{.at = block.address(), .block = block.address(), .size = block.size};
  if (type.behind_count) out.at = out.at + kCount;
  if (type.is_array && info.size != 0) {
    out.count = std::max<uint64_t>(1, (block.size - (type.behind_count ? kCount : 0)) / info.size);
  }
  out.type = info.name;
  out.how = name(type.how);
  out.percent = type.percent;
  return out;
}

/// Who keeps what, found when it is first asked for.
class Keepers {
 public:
  Keepers(const Process& process, const heap::Heaps& heaps, const objects::References& references,
          const objects::Typing& typing)
      : heaps_(heaps), references_(references), typing_(typing) {
    RootOwners roots = find_owners(process, references.roots());
    owner_of_ = std::move(roots.owner_of);
    has_name_ = name_mappings({process, heaps, typing}, roots.owners);
    dominators_.emplace(
        objects::Dominators::find(heaps, references, std::move(roots.owners), owner_of_));
  }

  answer::Explained explained() const {
    return explain({heaps_, references_, typing_, &*dominators_, &owner_of_, &has_name_});
  }
  /// Fills in what each line of the census retains.
  void add_retained(const std::vector<TypeIndex>& lines, answer::Objects& out) const {
    const BlockTypes types{.type_of = [&](const heap::Block& block) -> uint64_t {
      return typing_.of(static_cast<objects::BlockId>(&block - heaps_.blocks.data())).type;
    }};
    const TypeNames names(types, {});
    const auto retained = retained_by_type(heaps_, *dominators_, names);
    for (size_t i = 0; i < lines.size(); ++i) {
      auto known = retained.find(lines[i]);
      out.census[i].retained = known == retained.end() ? 0 : known->second;
    }
    out.has_retained = true;
  }
  uint64_t own_bytes() const { return dominators_->own_bytes(); }

 private:
  const heap::Heaps& heaps_;
  const objects::References& references_;
  const objects::Typing& typing_;
  std::vector<uint32_t> owner_of_;
  std::vector<bool> has_name_;
  std::optional<objects::Dominators> dominators_;
};

void add_keepers(const Process& process, const heap::Heaps& heaps,
                 const objects::References& references, const objects::Typing& typing,
                 const ObjectsQuestion& question, const std::vector<TypeIndex>& lines,
                 answer::Objects& out) {
  const bool is_small = heaps.blocks.size() <= kFewForKeepers;
  const bool with_retained = question.with_retained.value_or(is_small) && !lines.empty();
  const bool with_explained = question.type.empty();
  std::optional<Keepers> keepers;
  if (with_retained || (with_explained && is_small)) {
    keepers.emplace(process, heaps, references, typing);
    out.own_bytes += keepers->own_bytes();
  }
  if (with_retained) keepers->add_retained(lines, out);
  if (with_explained) {
    out.explained = keepers ? keepers->explained() : explain({heaps, references, typing});
  }
}

void warn_of_untyped(const Process& process, answer::Objects& answer) {
  size_t described = 0;
  for (const snapshot::Module& module : process.snapshot().modules) {
    described += process.types(module) != nullptr;
  }
  if (described != 0 || answer.blocks == 0) return;
  answer.warnings.push_back(
      {"no module has debug information: only classes with virtual functions, text and the shapes "
       "of nodes are recognised",
       "give the program's debug files: --symbols DIR|URL"});
}

}  // namespace

Result<answer::Objects> describe_objects(const Process& process, const heap::Heaps& heaps,
                                         const objects::References& references,
                                         const objects::Typing& typing,
                                         const ObjectsQuestion& question) {
  answer::Objects out{.dump = describe_dump(process.snapshot())};
  for (const heap::Allocator& allocator : heaps.allocators) {
    out.allocators.push_back(allocator.layout.empty()
                                 ? allocator.name
                                 : fmt::format("{} ({})", allocator.name, allocator.layout));
  }
  for (const TypeSum& sum : typing.census()) {
    out.blocks += sum.blocks;
    out.bytes += sum.bytes;
    if (sum.type != 0) {
      out.typed_blocks += sum.blocks;
      out.typed_bytes += sum.bytes;
    }
  }
  auto match = TypeMatch::open(question.type, is_a_name(typing, question.remnants, question.type));
  if (!match) return tl::unexpected(match.error());
  out.has_instances = !question.type.empty();
  out.wanted = question.type;
  std::vector<bool> wanted(typing.types().size());
  for (const TypeSum& sum : typing.census())
    wanted[sum.type] = (*match)(typing.types()[sum.type].name);
  std::vector<TypeIndex> lines;
  for (const TypeSum& sum : typing.census()) {
    if (!wanted[sum.type]) continue;
    out.census.push_back(sum_of(sum, typing.types()[sum.type]));
    lines.push_back(sum.type);
  }
  for (size_t i = 0; out.has_instances && i < heaps.blocks.size(); ++i) {
    const BlockType type = typing.of(static_cast<objects::BlockId>(i));
    if (type.type == 0 || !wanted[type.type] || heaps.blocks[i].state() != heap::State::used) {
      continue;
    }
    out.instances.push_back(instance_of(heaps.blocks[i], type, typing.types()[type.type]));
  }
  out.conflict_count = typing.conflict_count();
  for (const objects::TypeConflict& conflict : typing.conflicts()) {
    if (out.conflicts.size() == kConflictsShown) break;
    out.conflicts.push_back({heaps.blocks[conflict.block].address(),
                             typing.types()[conflict.taken].name,
                             typing.types()[conflict.other].name, std::string(name(conflict.how))});
  }
  out.typed_places = typing.places().size();
  out.own_bytes =
      references.own_bytes() + typing.own_bytes() + heaps.blocks.capacity() * sizeof(heap::Block);
  add_keepers(process, heaps, references, typing, question, lines, out);
  out.warnings = process.snapshot().warnings;
  out.warnings.insert(out.warnings.end(), heaps.warnings.begin(), heaps.warnings.end());
  if (heaps.blocks.empty()) {
    out.warnings.push_back({"no heap was found: no allocator that is known",
                            "`inquest heap` says what was looked for"});
  }
  warn_of_untyped(process, out);
  if (question.remnants) add_outside({process, heaps, typing, *question.remnants}, *match, out);
  add_fields(process, heaps, typing, question.remnants, question.with_fields, out);
  return out;
}

}  // namespace inquest::cause
