#include "cause/object_space.h"

#include <algorithm>

#include "cause/runtime/rtti.h"

namespace inquest::cause {
namespace {

/// By the virtual table that the object begins with; empty when it begins with none.
std::string dynamic_type_name(const Process& process, Address at) {
  const unsigned word = snapshot::pointer_size(process.arch());
  auto table = process.memory().read_pointer(at, word);
  if (!table || *table % word != 0 || !process.snapshot().module_at({*table})) return {};
  auto type = dynamic_type(process, at);
  return type ? type->name : std::string();
}

std::string block_words(const Process& process, const heap::Block& block, Address at) {
  std::string text;
  if (block.state() == heap::State::used) {
    text = dynamic_type_name(process, block.address());
    if (!text.empty()) text += ", ";
  }
  text += fmt::format("block of {} bytes", block.size);
  if (block.state() != heap::State::used)
    text += fmt::format(", {}", block.state() == heap::State::unused ? "unused" : "freed");
  if (at != block.address()) text += fmt::format(", {} bytes in", at - block.address());
  return text;
}

std::string module_words(const Process& process, const snapshot::Module& module, Address at) {
  const snapshot::Region* region = process.snapshot().region_at(at);
  if (region && region->access && region->access->execute) return process.describe(at);
  auto symbol = process.symbols(module).symbol_at({at - module.range.begin});
  if (!symbol || symbol->offset >= std::max<uint64_t>(symbol->size, 1))
    return std::string(module.file_name());
  std::string text = symbol->name.empty() ? symbol->linkage : symbol->name;
  if (symbol->offset != 0) text += fmt::format(" + {}", symbol->offset);
  return text;
}

/// A minidump without a list of mappings lists what it recorded alone.
bool knows_mappings(const snapshot::Snapshot& snapshot) {
  return snapshot.format != snapshot::Format::minidump ||
         std::ranges::any_of(snapshot.regions, [](const auto& one) { return one.recorded == 0; });
}

}  // namespace

objects::ObjectSpace object_space(const Process& process, const symbols::TypeReader& types) {
  return {.memory = process.memory(),
          .types = types,
          .containers = process.containers(),
          .pointer_size = snapshot::pointer_size(process.arch()),
          .code_name = [&process](Address at) {
            Located place = process.locate(at);
            return place.source.empty() ? std::string() : place.source.back().function;
          }};
}

std::string describe_target(const Process& process, const heap::Heaps* heaps, Address at) {
  const objects::Descriptions& containers = process.containers();
  if (const heap::Block* block = heaps ? heaps->block_at(at) : nullptr)
    return "(" + containers.plain_type(block_words(process, *block, at)) + ")";
  if (const snapshot::Module* module = process.snapshot().module_at(at))
    return "<" + module_words(process, *module, at) + ">";
  if (!process.memory().has(at)) {
    if (process.snapshot().region_at(at)) return {};
    return knows_mappings(process.snapshot()) ? "(not mapped)" : "(not in the dump)";
  }
  if (heaps) return {};
  std::string type = dynamic_type_name(process, at);
  return type.empty() ? std::string() : "(" + containers.plain_type(type) + ")";
}

answer::Field answer_of(objects::Field&& field) {
  answer::Field out{.name = std::move(field.name),
                    .type = std::move(field.type),
                    .value = std::move(field.value),
                    .note = std::move(field.note),
                    .at = field.at,
                    .size = field.size,
                    .is_base = field.is_base,
                    .target = field.target};
  for (objects::Field& inner : field.fields) out.fields.push_back(answer_of(std::move(inner)));
  return out;
}

}  // namespace inquest::cause
