#include "cause/heap/mapping_names.h"

#include <algorithm>
#include <cstring>
#include <fmt/core.h>
#include <map>
#include <set>
#include <unordered_map>

#include "cause/heap/owners.h"

namespace inquest::cause {
namespace {

using objects::RootKind;

class MappingNamer {
 public:
  explicit MappingNamer(const MappingNamesInput& input)
      : in_(input), word_size_(snapshot::pointer_size(input.process.arch())) {}

  std::vector<bool> name(std::vector<objects::RootOwner>& owners) {
    std::vector<bool> has_name;
    for (size_t i = 0; i < owners.size(); ++i) {
      has_name.push_back(is_named(owners[i]));
      if (has_name.back()) continue;
      // What lies right behind a module passes for its data, and may be a mapping of its own.
      const snapshot::Region* region = in_.process.snapshot().region_at(owners[i].at);
      if (region) wanted_[region->range.begin.value].push_back(i);
      if (region) ranges_[region->range.begin.value] = region->range.end.value;
    }
    if (wanted_.empty() || word_size_ != 8) return has_name;
    look_at_data();
    look_at_blocks();
    for (const auto& [begin, owners_of] : wanted_) {
      std::string words;
      if (auto holder = found_.find(begin); holder != found_.end()) {
        words = "begun by " + holder->second;
      } else {
        words = holder_of_parts(begin);
      }
      if (words.empty()) continue;
      for (size_t owner : owners_of) {
        owners[owner].name += owners[owner].kind == RootKind::mapping ? ", " : ", in memory ";
        owners[owner].name += words;
        has_name[owner] = true;
      }
    }
    return has_name;
  }

 private:
  bool is_named(const objects::RootOwner& owner) const {
    if (owner.kind == RootKind::mapping) {
      const snapshot::Region* region = in_.process.snapshot().region_at(owner.at);
      return region && !region->file.empty();
    }
    return owner.kind != RootKind::global || in_.process.snapshot().module_at(owner.at);
  }

  template <class Name>
  void look(Address at, uint64_t size, const Name& name) {
    const Bytes bytes = in_.process.snapshot().memory.view(at, size);
    for (size_t i = 0; i + 8 <= bytes.size(); i += 8) {
      uint64_t value;
      std::memcpy(&value, bytes.data() + i, 8);
      if (value % kPage != 0 || value == 0) continue;
      auto range = ranges_.upper_bound(value);
      if (range == ranges_.begin() || value >= (--range)->second) continue;
      const bool is_begin = value == range->first;
      if (is_begin ? found_.contains(value) : parts_[range->first].count >= kMostParts) continue;
      std::string holder = name(at + i);
      if (holder.empty()) continue;
      Parts& parts = parts_[range->first];
      ++parts.count;
      parts.of[holder].insert(value);
      if (is_begin) found_.emplace(value, std::move(holder));
    }
  }

  /// The kernel joins mappings that touch. Of equal parts that somebody points to one by one, and
  /// that make up most of it, he has the whole.
  std::string holder_of_parts(uint64_t begin) const {
    auto parts = parts_.find(begin);
    if (parts == parts_.end()) return {};
    const uint64_t size = ranges_.at(begin) - begin;
    for (const auto& [holder, places] : parts->second.of) {
      if (places.size() < 2) continue;
      uint64_t stride = size;
      for (auto at = places.begin(), next = std::next(at); next != places.end(); ++at, ++next)
        stride = std::min(stride, *next - *at);
      if (stride >= kLeastPart && stride * places.size() >= size / 2)
        return fmt::format("{} parts of it pointed to by {}", places.size(), holder);
    }
    return {};
  }

  void look_at_data() {
    for (const snapshot::Region& region : in_.process.snapshot().regions) {
      if (!region.access || !region.access->write) continue;
      if (!in_.process.snapshot().module_at(region.range.begin)) continue;
      look(region.range.begin, region.range.size(), [&](Address at) {
        auto variable = variable_at(in_.process, at);
        return variable ? "global " + variable->name : std::string();
      });
    }
  }

  void look_at_blocks() {
    constexpr uint8_t kSureOfHolder = 70;
    for (size_t i = 0; i < in_.heaps.blocks.size(); ++i) {
      const heap::Block& block = in_.heaps.blocks[i];
      const objects::BlockType type = in_.typing.of(static_cast<objects::BlockId>(i));
      if (block.state() != heap::State::used || type.type == 0 || type.percent < kSureOfHolder)
        continue;
      const bool is_sure =
          type.how == objects::How::holder || type.how == objects::How::container ||
          type.how == objects::How::virtual_table || type.how == objects::How::rtti;
      if (!is_sure) continue;
      look(block.address(), block.size,
           [&](Address) { return "an object of " + in_.typing.types()[type.type].name; });
    }
  }

  static constexpr uint64_t kPage = 4096, kLeastPart = 64 << 10;
  static constexpr size_t kMostParts = 1 << 16;
  struct Parts {
    size_t count = 0;
    std::map<std::string, std::set<uint64_t>> of = {};  // who points -> where
  };

  const MappingNamesInput& in_;
  unsigned word_size_;
  std::map<uint64_t, uint64_t> ranges_;                       // the wanted: begin -> end
  std::unordered_map<uint64_t, Parts> parts_;                 // by begin
  std::unordered_map<uint64_t, std::vector<size_t>> wanted_;  // where it begins -> owners
  std::unordered_map<uint64_t, std::string> found_;           // the same -> who points there
};

}  // namespace

std::vector<bool> name_mappings(const MappingNamesInput& input,
                                std::vector<objects::RootOwner>& owners) {
  return MappingNamer(input).name(owners);
}

}  // namespace inquest::cause
