#include "cause/heap/leaks.h"

#include <algorithm>
#include <bit>
#include <map>

#include "cause/contents.h"
#include "cause/heap/owners.h"
#include "cause/heap/suspects.h"

namespace inquest::cause {
namespace {

using objects::BlockId;
using objects::LeakGroup;
using objects::Reach;

answer::BlockSum sum_of(const objects::Sum& sum) { return {sum.blocks, sum.bytes}; }

/// "text" of a block's first bytes when most of what is there is text; empty otherwise.
std::string text_in(Bytes bytes) {
  constexpr size_t kLeast = 8;  // more than the bytes of an address
  std::string text;
  for (std::byte b : bytes) {
    auto c = static_cast<unsigned char>(b);
    if (c < 0x20 || c == 0x7f) break;
    text.push_back(static_cast<char>(c));
  }
  return text.size() >= kLeast ? text : std::string();
}

std::string words_in(Bytes bytes, unsigned word_size) {
  constexpr size_t kWords = 4;
  std::string text;
  for (size_t i = 0; i < kWords && (i + 1) * word_size <= bytes.size(); ++i) {
    uint64_t word = 0;
    std::memcpy(&word, bytes.data() + i * word_size, word_size);
    text += fmt::format("{}{:#x}", i == 0 ? "" : " ", word);
  }
  return text;
}

/// Puts groups that look alike together.
class Shapes {
 public:
  Shapes(const Process& process, const heap::Heaps& heaps, const BlockTypes& types,
         const std::vector<std::string>& arena_types)
      : process_(process),
        heaps_(heaps),
        arena_types_(arena_types),
        word_size_(snapshot::pointer_size(process.arch())),
        types_(types) {}

  /// Largest first.
  void add(const LeakGroup& group) {
    const heap::Block& head = heaps_.blocks[group.head];
    const heap::Origin* origin = heaps_.origin_of(head);
    uint64_t place = origin ? uint64_t{origin->file} << 32 | origin->line : 0;
    std::string said = head.arena < arena_types_.size() ? arena_types_[head.arena] : "";
    Key key{group.possible, head.size, types_.type_of(head), std::bit_width(group.blocks - 1),
            place,          said};
    auto [at, is_new] = by_key_.try_emplace(key, shapes_.size());
    if (is_new) {
      shapes_.push_back({.possible = group.possible,
                         .head_size = head.size,
                         .type = said,
                         .least_blocks = group.blocks,
                         .most_blocks = group.blocks,
                         .origin = place_text(origin)});
      type_numbers_.push_back(std::get<2>(key));
    }
    answer::LeakShape& shape = shapes_[at->second];
    ++shape.groups;
    shape.blocks += group.blocks;
    shape.bytes += group.bytes;
    shape.least_blocks = std::min(shape.least_blocks, group.blocks);
    shape.most_blocks = std::max(shape.most_blocks, group.blocks);
    if (shape.heads.size() < 3) shape.heads.push_back(head.address());
  }

  std::vector<answer::LeakShape> take() {
    for (size_t i = 0; i < shapes_.size(); ++i) describe(shapes_[i], type_numbers_[i]);
    std::ranges::stable_sort(shapes_, std::greater(), &answer::LeakShape::bytes);
    return std::move(shapes_);
  }

 private:
  using Key = std::tuple<bool, uint64_t, uint64_t, int, uint64_t, std::string>;

  std::string place_text(const heap::Origin* origin) const {
    if (!origin || origin->file == 0) return {};
    return heaps_.origin_files[origin->file] + ":" + std::to_string(origin->line);
  }

  void describe(answer::LeakShape& shape, uint64_t type) {
    constexpr uint64_t kPreview = 64;
    Bytes bytes = process_.memory().view(shape.heads.front(), std::min(kPreview, shape.head_size));
    shape.text = text_in(bytes);
    shape.words = words_in(bytes, word_size_);
    if (type == 0) return;
    std::string name = types_.name_of(type);
    // The text itself says more than that it is one.
    if (!name.empty() && (name != "text" || shape.text.empty())) shape.type = name;
  }

  const Process& process_;
  const heap::Heaps& heaps_;
  const std::vector<std::string>& arena_types_;
  unsigned word_size_;
  std::map<Key, size_t> by_key_;
  std::vector<answer::LeakShape> shapes_;
  std::vector<uint64_t> type_numbers_;  // of each shape
  const BlockTypes& types_;
};

std::vector<answer::LeakRoots> roots_of(const objects::ReferenceTotals& totals) {
  std::vector<answer::LeakRoots> roots;
  for (size_t i = 0; i < objects::kRootKinds; ++i) {
    const auto& sum = totals.roots[i];
    roots.push_back({std::string(name(static_cast<objects::RootKind>(i))), sum.ranges, sum.bytes,
                     sum.pointers});
  }
  return roots;
}

std::vector<answer::LostBlock> lost_blocks(const heap::Heaps& heaps,
                                           const objects::References& references) {
  std::vector<answer::LostBlock> lost;
  for (BlockId i = 0; i < heaps.blocks.size(); ++i) {
    Reach reach = references.reach(i);
    if (reach != Reach::lost && reach != Reach::possible) continue;
    BlockId head = references.head_of(i);
    std::string_view kind = reach == Reach::possible ? "possible"
                            : head == i              ? "definite"
                                                     : "indirect";
    const heap::Block& block = heaps.blocks[i];
    lost.push_back({block.address(), block.size, kind, heaps.blocks[head].address()});
  }
  return lost;
}

/// `own_bytes`: of blocks and graph before, with the dominators after.
std::vector<answer::Suspect> suspects_of(const Process& process, const heap::Heaps& heaps,
                                         const objects::References& references,
                                         const BlockTypes& types, uint64_t& own_bytes) {
  RootOwners roots = find_owners(process, references.roots());
  auto dominators =
      objects::Dominators::find(heaps, references, std::move(roots.owners), roots.owner_of);
  own_bytes += dominators.own_bytes();
  return find_suspects({heaps, references, dominators, roots.owner_of, types});
}

void warn_without_heap(const Process& process, answer::Leaks& leaks) {
  bool is_minidump = process.snapshot().format == snapshot::Format::minidump;
  leaks.warnings.push_back(
      {"no block of any allocator was found in the dump, so nothing can be said about leaks",
       is_minidump ? "a minidump tells it only with full memory (MiniDumpWithFullMemory)"
                   : "the core must hold the process's private memory (/proc/PID/coredump_filter, "
                     "bits 0 and 1); `inquest dump PID` writes such a core"});
}

void warn_of_tags(const objects::TaggedPointers& tagged, answer::Leaks& leaks) {
  if (tagged.to_lost_blocks == 0) return;
  leaks.warnings.push_back(
      {fmt::format("{} words would be addresses of blocks if their upper 16 bits were cleared, {} "
                   "of them of lost blocks",
                   tagged.words, tagged.to_lost_blocks),
       fmt::format("if the program keeps tags in its pointers, give --pointer-mask {:#x}",
                   tagged.mask)});
}

/// Pages that were never touched are not in our own cores, and do not matter. A cut dump, or one
/// that lacks more than it has, does.
void warn_of_missing(const Process& process, answer::Leaks& leaks) {
  bool is_little = leaks.missing_bytes < leaks.scanned_bytes && process.snapshot().complete;
  if (leaks.missing_bytes == 0 || is_little) return;
  leaks.warnings.push_back(
      {fmt::format("{:.1f} MB of blocks and of places that hold pointers are not in the dump: what "
                   "only they point to is counted as lost",
                   static_cast<double>(leaks.missing_bytes) / 1e6),
       "take a complete dump: `inquest dump PID`, or all of coredump_filter's private mappings"});
}

}  // namespace

answer::Leaks describe_leaks(const Process& process, const heap::Heaps& heaps,
                             const objects::References& references, const LeakQuestion& question) {
  const objects::ReferenceTotals& totals = references.totals();
  answer::Leaks leaks{.dump = describe_dump(process.snapshot())};
  for (const heap::Allocator& allocator : heaps.allocators) {
    leaks.allocators.push_back(allocator.layout.empty()
                                   ? allocator.name
                                   : fmt::format("{} ({})", allocator.name, allocator.layout));
  }
  leaks.definite = sum_of(totals.definite);
  leaks.indirect = sum_of(totals.indirect);
  leaks.possible = sum_of(totals.possible);
  leaks.reachable = sum_of(totals.reachable);
  leaks.roots = roots_of(totals);
  leaks.pointer_mask = question.options.pointer_mask;
  leaks.tagged_words = references.tagged().words;
  leaks.tag_mask = references.tagged().mask;
  leaks.scanned_bytes = totals.scanned_bytes;
  leaks.missing_bytes = totals.missing_bytes;
  leaks.own_bytes = references.own_bytes() + heaps.blocks.capacity() * sizeof(heap::Block);
  const BlockTypes types =
      question.types.type_of ? question.types : types_by_virtual_table(process);
  Shapes shapes(process, heaps, types, question.arena_types);
  for (const LeakGroup& group : references.leaks()) shapes.add(group);
  leaks.shapes = shapes.take();
  constexpr size_t kFew = 1000000;  // blocks
  if (question.with_suspects.value_or(!question.with_blocks && heaps.blocks.size() <= kFew))
    leaks.suspects = suspects_of(process, heaps, references, types, leaks.own_bytes);
  if (question.with_blocks) leaks.blocks = lost_blocks(heaps, references);

  leaks.warnings = process.snapshot().warnings;
  leaks.warnings.insert(leaks.warnings.end(), heaps.warnings.begin(), heaps.warnings.end());
  if (heaps.blocks.empty()) warn_without_heap(process, leaks);
  warn_of_missing(process, leaks);
  warn_of_tags(references.tagged(), leaks);
  return leaks;
}

}  // namespace inquest::cause
