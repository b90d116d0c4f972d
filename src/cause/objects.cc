#include "cause/objects.h"

#include <algorithm>
#include <optional>
#include <regex>

#include "cause/contents.h"
#include "cause/explained.h"
#include "cause/mapping_names.h"
#include "cause/owners.h"

namespace inquest::cause {
namespace {

using objects::BlockType;
using objects::How;
using objects::TypeIndex;
using objects::TypeSum;

constexpr size_t kConflictsShown = 100;
constexpr size_t kFewForHolders = 1000000;  // blocks
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

/// Which types are wanted, by index.
Result<std::vector<bool>> wanted_types(const objects::Typing& typing, const std::string& wanted) {
  std::vector<bool> out(typing.types().size());
  if (TypeIndex exact = typing.find_type(wanted)) {
    out[exact] = true;
    return out;
  }
  std::optional<std::regex> pattern;
  try {
    if (wanted.size() <= kLongestPattern) pattern.emplace(wanted, std::regex::ECMAScript);
  } catch (const std::regex_error&) {
  }
  if (!pattern) {
    return fail(fmt::format("'{}' is neither the name of a type nor a regular expression", wanted),
                "`inquest objects DUMP` lists the types");
  }
  for (const TypeSum& sum : typing.census()) {
    const std::string& type = typing.types()[sum.type].name;
    out[sum.type] = sum.type != 0 && std::regex_search(type.substr(0, kLongestMatched), *pattern);
  }
  return out;
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

answer::Explained explain_heap(const Process& process, const heap::Heaps& heaps,
                               const objects::References& references,
                               const objects::Typing& typing) {
  if (heaps.blocks.size() > kFewForHolders) return explain({heaps, references, typing});
  RootOwners roots = find_owners(process, references.roots());
  const std::vector<bool> has_name = name_mappings({process, heaps, typing}, roots.owners);
  const auto dominators =
      objects::Dominators::find(heaps, references, std::move(roots.owners), roots.owner_of);
  return explain({heaps, references, typing, &dominators, &roots.owner_of, &has_name});
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
  if (question.type.empty()) out.explained = explain_heap(process, heaps, references, typing);
  std::vector<bool> wanted(typing.types().size(), true);
  if (!question.type.empty()) {
    auto some = wanted_types(typing, question.type);
    if (!some) return tl::unexpected(some.error());
    wanted = std::move(*some);
    out.has_instances = true;
    out.wanted = question.type;
  }
  for (const TypeSum& sum : typing.census()) {
    if (wanted[sum.type]) out.census.push_back(sum_of(sum, typing.types()[sum.type]));
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
  out.warnings = process.snapshot().warnings;
  out.warnings.insert(out.warnings.end(), heaps.warnings.begin(), heaps.warnings.end());
  if (heaps.blocks.empty()) {
    out.warnings.push_back({"no heap was found: no allocator that is known",
                            "`inquest heap` says what was looked for"});
  }
  warn_of_untyped(process, out);
  return out;
}

}  // namespace inquest::cause
