#include "cause/heap/instance_fields.h"

#include <algorithm>
#include <map>
#include <memory>

#include "cause/object_space.h"
#include "objects/values.h"

namespace inquest::cause {
namespace {

/// A line's worth: what is left out of an object, `inspect` shows.
constexpr objects::ValueOptions kShort{
    .depth = 1, .width = 4, .text = 60, .visited = 1 << 12, .fields = 64};

class FieldWriter {
 public:
  FieldWriter(const Process& process, const heap::Heaps& heaps, const objects::Typing& typing,
              const objects::Remnants* remnants)
      : process_(process), heaps_(heaps), typing_(typing), remnants_(remnants) {}

  void add(answer::ObjectInstance& one) {
    const objects::TypeInfo* type = type_of(one);
    if (!type || !type->reader) return;
    answer::Field read = answer_of(reader(*type->reader).read({one.at, {type->id, 0}}));
    if (read.fields.empty()) {
      read.name = "value";
      if (!read.value.empty()) one.fields.push_back(std::move(read));
      return;
    }
    one.fields = std::move(read.fields);
  }

 private:
  const objects::TypeInfo* type_of(const answer::ObjectInstance& one) const {
    if (one.state == "used") {
      const heap::Block* block = heaps_.block_at(one.block);
      if (!block) return nullptr;
      return &typing_.types()[typing_.of(id_of(*block)).type];
    }
    if (!remnants_) return nullptr;
    auto at = std::ranges::lower_bound(remnants_->all, one.at, {}, &objects::Remnant::at);
    for (; at != remnants_->all.end() && at->at == one.at; ++at) {
      const objects::TypeInfo& type = remnants_->types[at->type];
      if (type.name == one.type) return &type;
    }
    return nullptr;
  }

  objects::BlockId id_of(const heap::Block& block) const {
    return static_cast<objects::BlockId>(&block - heaps_.blocks.data());
  }

  objects::ValueReader& reader(const symbols::TypeReader& types) {
    auto& known = readers_[&types];
    if (!known) {
      known = std::make_unique<objects::ValueReader>(object_space(process_, types), kShort,
                                                     [this](Address at) { return target(at); });
    }
    return *known;
  }

  std::string target(Address at) const {
    const heap::Block* block = heaps_.block_at(at);
    if (!block) return describe_target(process_, &heaps_, at);
    if (block->state() != heap::State::used) return "(freed)";
    const objects::BlockType type = typing_.of(id_of(*block));
    if (type.type == 0) return fmt::format("(block of {} bytes)", block->size);
    return "(" + process_.containers().plain_type(typing_.types()[type.type].name) + ")";
  }

  const Process& process_;
  const heap::Heaps& heaps_;
  const objects::Typing& typing_;
  const objects::Remnants* remnants_;
  std::map<const symbols::TypeReader*, std::unique_ptr<objects::ValueReader>> readers_;
};

}  // namespace

void add_fields(const Process& process, const heap::Heaps& heaps, const objects::Typing& typing,
                const objects::Remnants* remnants, size_t most, answer::Objects& out) {
  FieldWriter writer(process, heaps, typing, remnants);
  for (size_t i = 0; i < std::min(most, out.instances.size()); ++i) writer.add(out.instances[i]);
}

}  // namespace inquest::cause
