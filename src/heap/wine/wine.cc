#include "heap/wine/wine.h"

#include <fmt/core.h>

#include "heap/windows/names.h"
#include "heap/wine/subheap.h"

namespace inquest::heap::wine {
namespace {

bool is_heap(windows::Target& target, uint64_t at, const Layout& layout) {
  return target.u32(at + 2 * target.word()) == kSegmentSignature &&
         target.u32(at + layout.magic) == kMagic;
}

class HeapReader {
 public:
  HeapReader(windows::Target& target, const Layout& layout, uint64_t at, Collector& collector,
             windows::Claims& claims)
      : target_(target), layout_(layout), at_(at), collector_(collector), claims_(claims) {
    arena_ = collector.add_arena({.name = windows::arena_name(target, at), .at = {at}});
  }

  void read() {
    std::vector<uint64_t> subheaps;
    ring(layout_.subheaps, "subheaps",
         [&](uint64_t entry) { subheaps.push_back(Subheap::at_ring(entry, target_.word())); });
    std::ranges::sort(subheaps);
    for (uint64_t subheap : subheaps) {
      if (!walk_subheap(target_, layout_, at_, subheap, arena_, collector_, claims_)) {
        collector_.fault(subheap, "there is no subheap of this heap, though its list says so",
                         arena_);
      }
    }
    collector_.restart();
    std::vector<uint64_t> large;
    ring(layout_.large, "large blocks",
         [&](uint64_t entry) { large.push_back(Large::at_ring(entry, target_.word())); });
    std::ranges::sort(large);
    for (uint64_t at : large) add_large({target_.word(), at});
    collector_.restart();
    join(collector_.arena(arena_).segments);
  }

 private:
  void ring(uint64_t offset, const char* what, const std::function<void(uint64_t)>& visit) {
    auto broken = windows::walk_ring(target_, at_ + offset, visit);
    if (!broken) return;
    collector_.fault(broken->at,
                     fmt::format("the list of {} leads to {:#x}, which does not point back", what,
                                 broken->value),
                     arena_);
  }

  void add_large(Large large) {
    uint64_t size = target_.pointer(large.data_size()), all = target_.pointer(large.block_size());
    uint64_t begin = large.data(), most = uint64_t{1} << 44;
    if (all >= most || all < begin - large.at || size > all - (begin - large.at)) {
      collector_.fault(
          large.data_size(),
          fmt::format("size {:#x} of a large block in {:#x} bytes is not a size", size, all),
          arena_);
      return;
    }
    if (!claims_.claim(large.at, large.at + all)) {
      return collector_.fault(large.at, "the large block overlaps another", arena_);
    }
    collector_.arena(arena_).segments.push_back({{large.at}, {large.at + all}});
    auto header =
        decode(target_.read<uint64_t>(large.header()).value_or(0), layout_, target_.unit());
    if (layout_.has_groups && header.flags & Header::kGroup) {
      walk_group(target_, layout_, {{begin}, {begin + size}}, arena_, collector_);
    } else {
      collector_.add(begin, size, State::used, arena_, true);
    }
  }

  windows::Target& target_;
  const Layout& layout_;
  uint64_t at_;
  Collector& collector_;
  windows::Claims& claims_;
  size_t arena_;
};

}  // namespace

void find(const Input& input, Heaps& heaps) {
  windows::Target target(input.process);
  for (bool has_groups : {false, true}) {
    Layout layout = Layout::of(has_groups, target.word());
    auto bases =
        windows::find_bases(target, [&](uint64_t at) { return is_heap(target, at, layout); });
    if (bases.empty()) continue;
    bool confirmed = !has_groups && target.word() == 8;
    Collector collector(
        heaps, {.name = "Wine heap",
                .layout = fmt::format(
                    "of Wine {}, {} bits{}", has_groups ? "9 or later" : "8", target.word() * 8,
                    confirmed ? "" : "; layout not yet confirmed on a dump of this Wine"),
                .module = windows::find_module(input.process, "ntdll.dll")});
    windows::Claims claims;
    for (uint64_t at : bases) HeapReader(target, layout, at, collector, claims).read();
    collector.finish("Wine's heap");
    return;
  }
}

}  // namespace inquest::heap::wine
