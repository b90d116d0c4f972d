#include "cause/heap/block_types.h"

#include <memory>
#include <unordered_map>

#include "cause/runtime/rtti.h"
#include "objects/types/microsoft_rtti.h"

namespace inquest::cause {
namespace {

class VirtualTables {
 public:
  explicit VirtualTables(const Process& process)
      : process_(process), word_size_(snapshot::pointer_size(process.arch())) {}

  /// The first word, if it can be a pointer to a virtual table; else 0.
  uint64_t table_of(const heap::Block& block) const {
    if (block.size < word_size_) return 0;
    auto word = process_.memory().read_pointer(block.address(), word_size_);
    if (!word || *word % word_size_ != 0 || !process_.snapshot().module_at({*word})) return 0;
    const snapshot::Region* region = process_.snapshot().region_at({*word});
    bool is_data = region && region->access && (region->access->write || region->access->execute);
    return is_data ? 0 : *word;
  }

  const std::string& name_of(uint64_t table) {
    auto [at, is_new] = names_.try_emplace(table);
    if (is_new && table != 0) at->second = find_name(table);
    return at->second;
  }

 private:
  std::string find_name(uint64_t table) {
    if (auto type = type_of_vtable(process_, {table})) return type->name;
    if (auto type = objects::microsoft_class(process_.snapshot(), {table})) return type->name;
    // Opening symbols takes time; whoever has more types than this without RTTI sees addresses.
    constexpr size_t kMost = 32;
    if (looked_up_ >= kMost) return {};
    ++looked_up_;
    const snapshot::Module* module = process_.snapshot().module_at({table});
    auto symbol = process_.symbols(*module).symbol_at({table - module->range.begin.value});
    if (!symbol || symbol->is_function || symbol->is_export) return {};
    constexpr std::string_view kItanium = "vtable for ";
    std::string_view name = symbol->name;
    if (name.starts_with(kItanium)) return std::string(name.substr(kItanium.size()));
    // A symbol without a size may stand far in front of what it names.
    if (symbol->offset != 0) return {};
    return objects::without_class_keywords(std::string(objects::class_of_vftable(name)));
  }

  const Process& process_;
  unsigned word_size_;
  std::unordered_map<uint64_t, std::string> names_;
  size_t looked_up_ = 0;
};

}  // namespace

BlockTypes types_by_virtual_table(const Process& process) {
  auto tables = std::make_shared<VirtualTables>(process);
  return {.type_of = [tables](const heap::Block& block) { return tables->table_of(block); },
          .name_of = [tables](uint64_t table) { return tables->name_of(table); }};
}

}  // namespace inquest::cause
