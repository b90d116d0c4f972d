#include "objects/types/whole_arrays.h"

#include <bit>

namespace inquest::objects {
namespace {

constexpr uint64_t kGranuleOfBlocks = 16;
constexpr uint64_t kBesides = 64;  // bytes around a pointer in which its number of elements stands
constexpr uint64_t kElementsWeighed = 256;
constexpr size_t kSlotsWeighed = 4096;
constexpr double kMostForPointers = 32, kMostForObjects = 64;
constexpr double kSeveralElements = 16, kUnused = 0.125;

class ArrayWeigher {
 public:
  ArrayWeigher(const TypingInput& input, TypeTable& types, const BlockIndex& index,
               const Interiors& interiors, const Propagation& propagation)
      : input_(input),
        types_(types),
        index_(index),
        interiors_(interiors),
        propagation_(propagation),
        word_size_(snapshot::pointer_size(input.process.arch)),
        view_(input.process.memory) {}

  bool is_asked(BlockId id) const {
    const heap::Block& block = input_.heaps.blocks[id];
    const BlockType& type = propagation_.blocks()[id];
    if (type.type == 0 || type.is_array || type.percent > kAsked || type.how != How::holder)
      return false;
    const Layout& layout = types_.made(type.type);
    const uint64_t size = types_.size(type.type);
    return block.state() == heap::State::used && !layout.is_scalar && !layout.has_vptr &&
           size != 0 && block.size / size >= 2;
  }

  /// How likely an array, in percent.
  uint8_t weigh(const LoosePointer& pointer) {
    block_ = &input_.heaps.blocks[pointer.block];
    type_ = propagation_.blocks()[pointer.block].type;
    size_ = types_.size(type_);
    count_ = block_->size / size_;
    if (ends_open()) return 0;
    const double objects = by_objects();
    // Elements that are not in use yet may hold what lay there before.
    const double of_nowhere = objects >= kSeveralElements ? kUnused : 0;
    const double odds = by_size() * by_number_beside(pointer) * by_pointers(of_nowhere) * objects;
    return static_cast<uint8_t>(std::min<double>(kMostPercent, 100 * odds / (1 + odds)));
  }

  static constexpr uint8_t kAsked = 60, kMostPercent = 90;

 private:
  /// "char text[];" at the end: a header before what it tells of.
  bool ends_open() const {
    const TypeInfo& info = types_.types()[type_];
    if (!info.reader) return true;
    uint64_t last = 0;
    bool is_open = false;
    for (const symbols::Member& member : info.reader->members(info.id)) {
      if (member.offset < last || member.is_base) continue;
      last = member.offset;
      const symbols::Type type = info.reader->type(info.reader->resolve(member.type));
      is_open = type.kind == symbols::TypeKind::array && type.count <= 1;
    }
    return is_open;
  }

  /// By chance a size is within a granule of a multiple as often as the granule is to the class.
  double by_size() const {
    const uint64_t slack = block_->size - count_ * size_;
    if (slack > kGranuleOfBlocks || size_ <= kGranuleOfBlocks) return round(count_);
    return round(count_) * static_cast<double>(size_) / kGranuleOfBlocks;
  }
  static double round(uint64_t count) {
    return count >= 16 && (std::has_single_bit(count) || count % 100 == 0) ? 3 : 1;
  }

  /// A number in the pointer's own object, near it. Small numbers are everywhere.
  double by_number_beside(const LoosePointer& pointer) {
    constexpr double kOfSmall = 3, kOfLarge = 20;
    constexpr uint64_t kSmall = 8;
    const uint64_t begin =
        std::max(pointer.object, pointer.word - std::min(pointer.word, kBesides));
    const uint64_t end = std::min(pointer.object + types_.size(pointer.holder_type),
                                  pointer.word + word_size_ + kBesides);
    if (end <= begin) return 1;
    const Bytes bytes = view_.at(begin, end - begin);
    for (uint64_t at = (4 - begin % 4) % 4; at + 4 <= bytes.size(); at += 4) {
      const uint64_t number = word_of(bytes, at, 4);
      const bool is_pointers = begin + at - pointer.word < word_size_;
      if (is_pointers || number < 2 || number > count_ || number * 2 < count_) continue;
      if (fits(block_->size, number * size_)) return number < kSmall ? kOfSmall : kOfLarge;
    }
    return 1;
  }

  /// `of_nowhere` where a pointer of an element leads nowhere.
  double by_pointers(double of_nowhere) {
    double odds = 1;
    size_t weighed = 0;
    const std::vector<PointerSlot>& slots = types_.layout(type_).slots;
    const uint64_t step = std::max<uint64_t>(1, count_ / kElementsWeighed);
    for (uint64_t i = 0; i < count_ && !slots.empty(); i += i == 0 ? 1 : step) {
      const uint64_t at = block_->begin + i * size_;
      for (const PointerSlot& slot : slots) {
        const Bytes bytes = view_.at(at + slot.offset, word_size_);
        if (bytes.size() < word_size_ || ++weighed > kSlotsWeighed) return odds;
        const uint64_t value = word_of(bytes, 0, word_size_);
        if (value == 0 || slot.is_weak) continue;
        const uint64_t inside = value - slot.into - block_->begin;
        if (inside < block_->size && inside % size_ != 0) return 0;
        if (i == 0) continue;
        const bool leads = index_.find(value) != kNoBlock || input_.process.memory.has({value}) ||
                           input_.process.region_at({value});
        if (!leads && slot.target != 0) return of_nowhere;
        if (leads) odds = std::min(kMostForPointers, odds * 2);
      }
    }
    return odds;
  }

  double by_objects() const {
    double odds = 1;
    bool is_other = false;
    interiors_.each_in(*block_, [&](const InteriorObject& object) {
      const bool is_element = object.type == type_ && (object.at - block_->address()) % size_ == 0;
      is_other |= !is_element && object.percent >= 70;
      if (is_element) odds = std::min(kMostForObjects, odds * 4);
    });
    return is_other ? 0 : odds;
  }

  const TypingInput& input_;
  TypeTable& types_;
  const BlockIndex& index_;
  const Interiors& interiors_;
  const Propagation& propagation_;
  unsigned word_size_;
  PieceView view_;
  const heap::Block* block_ = nullptr;
  TypeIndex type_ = 0;
  uint64_t size_ = 0, count_ = 0;
};

}  // namespace

void find_whole_arrays(const TypingInput& input, TypeTable& types, const BlockIndex& index,
                       const Interiors& interiors, Propagation& propagation) {
  constexpr uint8_t kLikely = 70;
  ArrayWeigher weigher(input, types, index, interiors, propagation);
  for (const LoosePointer& pointer : propagation.take_loose()) {
    if (!weigher.is_asked(pointer.block)) continue;
    const uint8_t percent = weigher.weigh(pointer);
    if (percent < kLikely) continue;
    Claim claim{.block = pointer.block, .type = propagation.blocks()[pointer.block].type};
    claim.strength = std::max(propagation.strength(pointer.block), Strength::interior);
    claim.percent = percent;
    claim.how = How::holder;
    claim.is_array = true;
    propagation.claim(claim);
  }
}

}  // namespace inquest::objects
