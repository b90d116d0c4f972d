#include "cause/heap/outside.h"

#include <algorithm>
#include <map>

#include "base/quantities.h"
#include "cause/heap/holder_words.h"
#include "cause/heap/typed_blocks.h"
#include "objects/containers.h"

namespace inquest::cause {
namespace {

using objects::Remnant;
using objects::RemnantPlace;

class OutsideWriter {
 public:
  OutsideWriter(const OutsideInput& input, answer::Objects& out)
      : in_(input),
        out_(out),
        members_(input.typing),
        words_(input.process, input.heaps, input.typing) {}

  void add(const std::function<bool(const std::string&)>& is_wanted) {
    std::vector<signed char> wanted(in_.remnants.types.size(), -1);
    std::map<std::pair<RemnantPlace, objects::TypeIndex>, answer::OutsideSum> sums;
    const size_t before = out_.instances.size();
    for (const Remnant& one : in_.remnants.all) {
      const std::string& type = in_.remnants.types[one.type].name;
      if (wanted[one.type] < 0) wanted[one.type] = is_wanted(type);
      if (wanted[one.type] == 0) continue;
      auto [at, is_new] = sums.try_emplace({one.place, one.type});
      answer::OutsideSum& sum = at->second;
      if (is_new) {
        sum = {.type = type,
               .size = one.size / std::max<uint64_t>(one.count, 1),
               .state = std::string(objects::name(one.place)),
               .percent = one.percent};
      }
      sum.objects += one.count;
      sum.bytes += one.size;
      sum.pointed_to += one.pointer ? 1 : 0;
      sum.percent = std::min<unsigned>(sum.percent, one.percent);
      if (out_.has_instances) out_.instances.push_back(instance_of(one, type));
    }
    for (auto& [key, sum] : sums) out_.outside.push_back(std::move(sum));
    std::ranges::stable_sort(out_.outside, [](const auto& a, const auto& b) {
      if (a.state != b.state) return a.state < b.state;
      return a.bytes != b.bytes ? a.bytes > b.bytes : a.objects > b.objects;
    });
    if (out_.instances.size() == before) return;
    std::ranges::stable_sort(out_.instances, {}, &answer::ObjectInstance::at);
  }

 private:
  answer::ObjectInstance instance_of(const Remnant& one, const std::string& type) {
    return {.at = one.at,
            .block = one.container.begin,
            .size = one.size,
            .count = one.count,
            .type = type,
            .how = std::string(objects::name(one.how)),
            .percent = one.percent,
            .state = std::string(objects::name(one.place)),
            .where = where(one)};
  }

  std::string where(const Remnant& one) {
    const AddressRange& in = one.container;
    switch (one.place) {
      case RemnantPlace::freed:
        break;
      case RemnantPlace::mapping:
        return fmt::format("in a mapping no allocator owns, {} of {}", in.begin,
                           size_text(in.size())) +
               held_by(one);
      case RemnantPlace::data: {
        const snapshot::Module* module = in_.process.snapshot().module_at(in.begin);
        return fmt::format("in the data of {}", module ? module->file_name() : "a module");
      }
      case RemnantPlace::inside:
        return fmt::format("inside the block {} of {}", in.begin, size_text(in.size())) +
               held_by(one);
    }
    std::string text = "freed";
    const heap::Block* block = in_.heaps.block_at(one.at);
    if (block && block->state() == heap::State::unused) text += ", merged into what is not in use";
    if (block && block->state() != heap::State::unused && one.at != block->address())
      text += ", merged into " + fmt::format("{}", block->address());
    if (!one.pointer) return text;
    text += ", still pointed to by " + holder(one);
    if (one.pointers > 1) text += fmt::format(" and {} more", count_text(one.pointers - 1));
    return text;
  }

  /// ", at ngx_cycle": the typed pointer that says what it is.
  std::string held_by(const Remnant& one) {
    return one.holder == Address{} ? "" : ", at " + words_.of(one.holder);
  }

  /// "game::Room.boss of 0x...", "g_rooms.first", "game::Room.members[3] of 0x...".
  std::string holder(const Remnant& one) {
    const objects::DanglingPointer& pointer = *one.pointer;
    if (!one.vector) return holder(pointer, "");
    const objects::TypeInfo& element = type_of(pointer.block);
    if (element.size == 0) return holder(pointer, "");
    const uint64_t inside = pointer.offset % element.size;
    std::string index = fmt::format("[{}]", pointer.offset / element.size);
    if (element.reader) {
      auto path = element.reader->member_at(element.id, inside);
      const std::string member = path ? without_reserved(path->path) : "";
      if (!member.empty()) index += "." + member;
    }
    return holder(*one.vector, index);
  }

  std::string holder(const objects::DanglingPointer& pointer, const std::string& index) {
    if (pointer.place != SIZE_MAX) {
      return HolderWords::of_place(in_.typing.places()[pointer.place], pointer.offset, index);
    }
    const std::string type = in_.process.containers().plain_type(type_of(pointer.block).name);
    const std::string member = without_reserved(members_.at(pointer.block, pointer.offset));
    return fmt::format("{}{}{} of {}", type, joined(member), index,
                       in_.heaps.blocks[pointer.block].address());
  }

  const objects::TypeInfo& type_of(objects::BlockId block) const {
    return in_.typing.types()[in_.typing.of(block).type];
  }
  static std::string joined(const std::string& member) {
    if (member.empty()) return {};
    return (member.front() == '[' ? "" : ".") + member;
  }

  const OutsideInput& in_;
  answer::Objects& out_;
  MemberNames members_;
  HolderWords words_;
};

void warn_of_skipped(const objects::Remnants& remnants, answer::Objects& out) {
  if (remnants.skipped_outside) {
    out.warnings.push_back(
        {fmt::format("{} of memory that no allocator owns was not searched for objects",
                     size_text(remnants.outside_bytes)),
         "--everywhere searches it"});
  }
  if (remnants.skipped_freed && out.has_instances) {
    out.warnings.push_back(
        {"freed blocks were not searched for what is left of objects: there are over a million",
         "--freed searches them"});
  }
  if (remnants.is_cut) {
    out.warnings.push_back({"there are more objects outside of used blocks than are told"});
  }
}

}  // namespace

void add_outside(const OutsideInput& input,
                 const std::function<bool(const std::string& type)>& is_wanted,
                 answer::Objects& out) {
  OutsideWriter(input, out).add(is_wanted);
  warn_of_skipped(input.remnants, out);
}

}  // namespace inquest::cause
