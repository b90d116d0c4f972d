#include "cause/texts/texts.h"

#include <algorithm>
#include <map>

#include "base/parallel.h"
#include "cause/contents.h"
#include "cause/heap/pointer_words.h"
#include "cause/heap/typed_blocks.h"
#include "cause/places.h"
#include "cause/texts/text_counts.h"
#include "objects/types/piece_view.h"

namespace inquest::cause {
namespace {

using objects::BlockId;

constexpr uint64_t kTextStep = 1 << 20;
constexpr size_t kBlocksOfPart = 2048, kPartsOfWave = 64;
constexpr size_t kTextHoldersTold = 3;

/// What a part of the heap holds.
struct TextPart {
  explicit TextPart(size_t most) : counts(most) {}
  TextCounts counts;
  uint64_t count = 0, bytes = 0, heap_bytes = 0;
};

class TextSearch {
 public:
  TextSearch(const Process& process, const heap::Heaps& heaps, const objects::Typing& typing,
             size_t most)
      : process_(process), heaps_(heaps), typing_(typing), most_(most), all_(most) {}

  void read() {
    const size_t count = heaps_.blocks.size();
    for (size_t done = 0; done < count; done += kBlocksOfPart * kPartsOfWave) {
      const size_t left = std::min(count - done, kBlocksOfPart * kPartsOfWave);
      std::vector<TextPart> parts((left + kBlocksOfPart - 1) / kBlocksOfPart, TextPart(most_));
      parallel_for(parts.size(), [&](size_t i) {
        const size_t begin = done + i * kBlocksOfPart;
        read_part(begin, std::min(begin + kBlocksOfPart, count), parts[i]);
      });
      for (TextPart& part : parts) {
        all_.counts.take(part.counts);
        all_.count += part.count;
        all_.bytes += part.bytes;
        all_.heap_bytes += part.heap_bytes;
      }
    }
  }
  TextPart& all() { return all_; }

 private:
  void read_part(size_t begin, size_t end, TextPart& part) const {
    TextWalk walk(process_.snapshot());
    objects::PieceView view(process_.memory());
    for (size_t i = begin; i < end; ++i) {
      const heap::Block& block = heaps_.blocks[i];
      if (block.state() != heap::State::used) continue;
      part.heap_bytes += block.size;
      read_block(static_cast<BlockId>(i), walk, view, part);
    }
  }

  void read_block(BlockId id, TextWalk& walk, objects::PieceView& view, TextPart& part) const {
    const heap::Block& block = heaps_.blocks[id];
    const bool is_text = typing_.of(id).how == objects::How::text;
    Address at = block.address();
    while (at < block.range().end) {
      const Bytes bytes = view.at(at.value, std::min(kTextStep, block.range().end - at));
      if (bytes.empty()) {
        // Pages that the dump does not hold.
        auto held = process_.memory().next_held(at);
        if (!held || *held <= at) return;
        at = *held;
        continue;
      }
      walk.begin(at, bytes);
      while (auto text = walk.next()) {
        ++part.count;
        part.bytes += text->bytes;
        part.counts.add((at + text->offset).value, *text);
        // Behind its end lies what the buffer held before.
        if (is_text && text->bytes < kTextStep / 2) return;
      }
      at = at + bytes.size();
    }
  }

  const Process& process_;
  const heap::Heaps& heaps_;
  const objects::Typing& typing_;
  size_t most_;
  TextPart all_;
};

/// Whose texts those of the samples are.
class TextHolders {
 public:
  TextHolders(const Process& process, const heap::Heaps& heaps,
              const objects::References& references, const objects::Typing& typing)
      : process_(process),
        heaps_(heaps),
        references_(references),
        typing_(typing),
        types_(typed_blocks(process, heaps, typing)),
        places_(process, heaps, true, types_) {}

  void find(const std::vector<TextCounts::Line>& lines, size_t count, answer::Texts& out) {
    for (size_t i = 0; i < count; ++i) {
      for (const auto& [hash, at] : lines[i].sum.samples) add(at);
    }
    find_pointing();
    for (size_t i = 0; i < count; ++i) tell(lines[i].sum, out.patterns[i]);
  }

 private:
  /// Absent when the text lies in an object of a known class: that holds it.
  std::optional<BlockId> buffer_of(uint64_t at) const {
    const heap::Block* block = heaps_.block_at({at});
    if (!block) return {};
    const auto id = static_cast<BlockId>(block - heaps_.blocks.data());
    const objects::BlockType type = typing_.of(id);
    if (type.type == 0 || type.how == objects::How::text || type.how == objects::How::likeness)
      return id;
    const objects::TypeInfo& info = typing_.types()[type.type];
    return info.size == 1 || !info.id ? std::optional(id) : std::nullopt;
  }

  void add(uint64_t at) {
    if (auto buffer = buffer_of(at)) wanted_.try_emplace(*buffer);
  }

  /// One pass over the graph: of each wanted block, the first that points to it, or the first root.
  void find_pointing() {
    std::vector<bool> is_wanted(heaps_.blocks.size());
    for (const auto& [id, holder] : wanted_) is_wanted[id] = true;
    std::vector<WantedPointer> pointers;
    for (BlockId from = 0; from < heaps_.blocks.size(); ++from) {
      for (BlockId to : references_.from(from)) {
        if (!is_wanted[to]) continue;
        is_wanted[to] = false;
        pointers.push_back({.from = from, .to = to});
      }
    }
    find_pointers(process_.snapshot(), heaps_, pointers);
    for (const WantedPointer& pointer : pointers) {
      const answer::RefPlace place =
          places_.of_word(heaps_.blocks[pointer.from], pointer.offset.value_or(0));
      wanted_[pointer.to] = name_of(place);
    }
    for (const objects::Root& root : references_.roots()) {
      if (!is_wanted[root.block]) continue;
      is_wanted[root.block] = false;
      wanted_[root.block] = root.kind == objects::RootKind::registers
                                ? places_.of_registers(root.thread).name
                                : places_.of(root.at).name;
    }
  }

  static std::string name_of(const answer::RefPlace& place) {
    if (place.kind != "block") return place.name;
    if (place.type.empty()) return fmt::format("a block of {} bytes", place.size);
    if (place.member.empty()) return place.type;
    return place.type + (place.member.front() == '[' ? "" : ".") + without_indices(place.member);
  }
  /// "names[]" for "names[17]": all elements are one place.
  static std::string without_indices(const std::string& member) {
    std::string out;
    bool inside = false;
    for (char c : member) {
      inside = inside && c != ']';
      if (!inside) out += c;
      if (c == '[') inside = true;
    }
    return out;
  }

  std::string holder_of(uint64_t at) {
    if (auto buffer = buffer_of(at)) {
      const std::string& name = wanted_[*buffer];
      return name.empty() ? "nobody that points to it" : name;
    }
    const heap::Block* block = heaps_.block_at({at});
    return block ? name_of(places_.of_word(*block, at - block->begin)) : std::string();
  }

  void tell(const TextCount& sum, answer::TextPattern& out) {
    std::map<std::string, uint64_t> names;
    for (const auto& [hash, at] : sum.samples) {
      std::string name = holder_of(at);
      if (!name.empty()) ++names[name];
    }
    out.looked_at = sum.samples.size();
    for (const auto& [name, count] : names) out.holders.push_back({name, count});
    std::ranges::stable_sort(out.holders, std::greater(), &answer::TextHolder::count);
    if (out.holders.size() > kTextHoldersTold) out.holders.resize(kTextHoldersTold);
  }

  const Process& process_;
  const heap::Heaps& heaps_;
  const objects::References& references_;
  const objects::Typing& typing_;
  BlockTypes types_;
  Places places_;
  std::map<BlockId, std::string> wanted_;
};

}  // namespace

answer::Texts describe_texts(const Process& process, const heap::Heaps& heaps,
                             const objects::References& references, const objects::Typing& typing,
                             const TextQuestion& question) {
  answer::Texts out{.dump = describe_dump(process.snapshot())};
  for (const heap::Allocator& allocator : heaps.allocators)
    out.allocators.push_back(allocator.name);
  TextSearch search(process, heaps, typing, std::max<size_t>(question.patterns, 2));
  const ThreadLimit limit(question.threads);
  search.read();
  TextPart& all = search.all();
  out.count = all.count;
  out.bytes = all.bytes;
  out.heap_bytes = all.heap_bytes;
  out.is_cut = all.counts.is_cut();
  out.rest_count = all.counts.rest_count();
  out.rest_bytes = all.counts.rest_bytes();
  const std::vector<TextCounts::Line> lines = all.counts.lines();
  for (const auto& [pattern, sum] : lines) {
    if (out.patterns.size() == question.told) {
      out.rest_count += sum.count;
      out.rest_bytes += sum.bytes;
      continue;
    }
    answer::TextPattern one{.pattern = pattern, .count = sum.count, .bytes = sum.bytes};
    one.encoding = sum.encoding;
    for (const auto& example : sum.examples) one.examples.push_back({{example.at}, example.text});
    out.patterns.push_back(std::move(one));
  }
  const size_t held = std::min(question.with_holders, out.patterns.size());
  if (held > 0) TextHolders(process, heaps, references, typing).find(lines, held, out);
  out.warnings = process.snapshot().warnings;
  out.warnings.insert(out.warnings.end(), heaps.warnings.begin(), heaps.warnings.end());
  if (heaps.blocks.empty()) {
    out.warnings.push_back({"no heap was found: no allocator that is known",
                            "`inquest heap` says what was looked for"});
  }
  return out;
}

}  // namespace inquest::cause
