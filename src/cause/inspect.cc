#include "cause/inspect.h"

#include <algorithm>

#include "cause/contents.h"
#include "cause/object_space.h"
#include "cause/runtime/rtti.h"
#include "objects/types/microsoft_rtti.h"

namespace inquest::cause {
namespace {

using snapshot::Module;
using snapshot::Region;
using symbols::TypeReader;

std::string rights_of(const Region& region) {
  if (!region.access) return {};
  std::string text;
  text += region.access->read ? 'r' : '-';
  text += region.access->write ? 'w' : '-';
  text += region.access->execute ? 'x' : '-';
  return text;
}

/// An object to show: where, and what describes it.
struct Object {
  objects::TypedObject object;
  const TypeReader* types;
  uint64_t count = 1;
};

class Inspection {
 public:
  Inspection(const Process& process, const heap::Heaps& heaps, const InspectQuestion& question)
      : process_(process),
        heaps_(heaps),
        containers_(process.containers()),
        question_(question),
        word_(snapshot::pointer_size(process.arch())) {}

  Result<answer::Inspect> all() {
    out_.dump = describe_dump(process_.snapshot());
    out_.at = question_.at;
    where();
    std::optional<Object> object;
    if (!question_.as.empty()) {
      object = TRY(asked());
    } else {
      object = known();
    }
    if (object) show(*object);
    bytes();
    warn();
    return std::move(out_);
  }

 private:
  const snapshot::Snapshot& snapshot() const { return process_.snapshot(); }

  // ---- where it is

  void where() {
    const Address at = question_.at;
    const Region* region = snapshot().region_at(at);
    const Module* module = snapshot().module_at(at);
    out_.place = region || process_.memory().has(at) ? "mapping" : "nowhere";
    if (region) {
      out_.region = region->file;
      if (std::string text = rights_of(*region); !text.empty())
        out_.region += (out_.region.empty() ? "" : " ") + text;
    }
    block_ = heaps_.block_at(at);
    if (block_) {
      out_.place = "heap";
      describe_block();
      return;
    }
    if (module) {
      out_.module = std::string(module->file_name());
      const bool is_code = region && region->access && region->access->execute;
      out_.place = is_code ? "code" : "global";
      if (is_code) {
        describe_code();
      } else {
        describe_variable(*module);
      }
      return;
    }
    if (describe_stack()) out_.place = "stack";
  }

  void describe_block() {
    const heap::Arena* arena =
        block_->arena < heaps_.arenas.size() ? &heaps_.arenas[block_->arena] : nullptr;
    answer::InspectBlock block{.at = block_->address(),
                               .size = block_->size,
                               .state = std::string(heap::name(block_->state())),
                               .mapped = block_->mapped != 0};
    if (arena) {
      block.arena = arena->name;
      if (arena->allocator < heaps_.allocators.size())
        block.allocator = heaps_.allocators[arena->allocator].name;
    }
    out_.block = std::move(block);
  }

  void describe_code() {
    out_.code = process_.describe(question_.at);
    Located place = process_.locate(question_.at);
    if (!place.source.empty() && place.source.front().line != 0)
      out_.code += fmt::format(" at {}:{}", place.source.front().file, place.source.front().line);
  }

  void describe_variable(const Module& module) {
    const Rva rva{question_.at - module.range.begin};
    if (const TypeReader* types = process_.types(module)) {
      if (auto global = types->global_at(rva)) {
        global_ = Object{{module.range.begin + global->begin.value, {global->type, 0}}, types};
        out_.variable =
            answer::InspectVariable{.name = global->name,
                                    .type = containers_.plain_type(types->type(global->type).name),
                                    .at = global_->object.at,
                                    .offset = rva - global->begin};
        return;
      }
    }
    auto symbol = process_.symbols(module).symbol_at(rva);
    if (!symbol || (symbol->size != 0 && symbol->offset >= symbol->size)) return;
    out_.variable =
        answer::InspectVariable{.name = symbol->name.empty() ? symbol->linkage : symbol->name,
                                .at = question_.at - symbol->offset,
                                .offset = symbol->offset};
  }

  /// The thread whose stack holds the address, and the frame.
  bool describe_stack() {
    const Region* region = snapshot().region_at(question_.at);
    if (!region) return false;
    for (size_t i = 0; i < snapshot().threads.size(); ++i) {
      const snapshot::Thread& thread = snapshot().threads[i];
      auto sp = thread.registers.sp();
      if (!sp || !region->range.contains(*sp)) continue;
      out_.thread = thread.id;
      if (question_.at < *sp) {
        out_.frame = "below the stack pointer: left by calls that have returned";
        return true;
      }
      describe_frame(process_.stacks()[i]);
      return true;
    }
    return false;
  }

  void describe_frame(const unwind::Stack& stack) {
    for (const unwind::Frame& frame : stack.frames) {
      if (question_.at >= frame.cfa) continue;
      Located place = process_.locate(frame);
      out_.frame = process_.describe(frame.lookup_pc());
      if (place.module) local(frame, *place.module);
      return;
    }
  }

  /// The local whose bytes hold the address.
  void local(const unwind::Frame& frame, const Module& module) {
    const TypeReader* types = process_.types(module);
    if (!types) return;
    for (const symbols::Variable& variable : process_.variables(frame)) {
      if (variable.place.kind != symbols::Place::Kind::memory) continue;
      const Address begin{variable.place.value};
      const uint64_t size = types->type(types->resolve(variable.type)).size;
      if (question_.at < begin || question_.at - begin >= std::max<uint64_t>(size, 1)) continue;
      global_ = Object{{begin, {variable.type, 0}}, types};
      out_.variable =
          answer::InspectVariable{.name = variable.name,
                                  .type = containers_.plain_type(types->type(variable.type).name),
                                  .at = begin,
                                  .offset = question_.at - begin};
      return;
    }
  }

  // ---- what it is

  /// Modules that have debug information, `first` before the others.
  std::vector<const Module*> described_modules(const Module* first) const {
    std::vector<const Module*> modules;
    if (first) modules.push_back(first);
    for (const Module& module : snapshot().modules) {
      if (&module != first && module.is_main) modules.push_back(&module);
    }
    for (const Module& module : snapshot().modules) {
      if (&module != first && !module.is_main) modules.push_back(&module);
    }
    return modules;
  }

  std::optional<Object> find(std::string_view name, Address at, const Module* first) {
    for (const Module* module : described_modules(first)) {
      const TypeReader* types = process_.types(*module);
      if (!types) continue;
      objects::ElementReader reader(space(*types));
      auto type = reader.find(name);
      if (type && type->id) return Object{{at, *type}, types};
    }
    return {};
  }

  Result<Object> asked() {
    auto object = find(question_.as, question_.at, nullptr);
    if (!object)
      return fail(fmt::format("no debug information has a type \"{}\"", question_.as),
                  "give its qualified name with all template arguments; --symbols DIR says where "
                  "debug information is");
    set_type(*object, "asked for", 100);
    return *object;
  }

  void set_type(const Object& object, std::string how, unsigned percent) {
    const std::string& full = object.types->type(object.object.type.id).name;
    const std::string stars(object.object.type.pointers, '*');
    out_.type = answer::InspectType{.name = containers_.plain_type(full) + stars,
                                    .full = full + stars,
                                    .how = std::move(how),
                                    .at = object.object.at,
                                    .percent = percent};
    if (question_.at > object.object.at && object.object.type.pointers == 0) {
      auto size = object.types->type(object.types->resolve(object.object.type.id)).size;
      uint64_t offset = question_.at - object.object.at;
      if (size != 0 && object.count > 1) offset %= size;
      auto path = object.types->member_at(object.object.type.id, offset);
      if (path) out_.type->member = path->path;
    }
  }

  std::optional<Object> known() {
    if (global_) {
      set_type(*global_, out_.place == "stack" ? "local variable" : "variable", 100);
      return global_;
    }
    if (!block_) {
      auto object = by_table(question_.at);
      return object ? object : by_others();
    }
    auto by_begin = by_table(block_->address());
    if (by_begin && holds_address(*by_begin)) return by_begin;
    // Of a pool the table names the header alone.
    if (auto object = by_others()) return object;
    if (by_begin) return by_begin;
    return question_.at == block_->address() ? std::nullopt : by_table(question_.at);
  }

  bool holds_address(const Object& object) const {
    const auto id = object.types->resolve(object.object.type.id);
    return question_.at - object.object.at < object.types->type(id).size;
  }

  /// By the virtual table that the object at `at` begins with.
  std::optional<Object> by_table(Address at) {
    auto table = process_.memory().read_pointer(at, word_);
    if (!table || *table % word_ != 0) return {};
    const Module* module = snapshot().module_at({*table});
    if (!module) return {};
    std::string name;
    std::string how = "virtual table";
    Address begin = at;
    if (auto type = dynamic_type(process_, at)) {
      name = type->name;
      begin = type->begin;
    } else {
      name = table_symbol(*module, *table);
    }
    if (name.empty()) return {};
    auto object = find(name, begin, module);
    if (object) {
      set_type(*object, how, 100);
      return object;
    }
    out_.type = answer::InspectType{.name = containers_.plain_type(name), .how = how, .at = begin};
    return {};
  }

  std::string table_symbol(const Module& module, uint64_t table) {
    auto symbol = process_.symbols(module).symbol_at({table - module.range.begin.value});
    if (!symbol || symbol->is_function) return {};
    constexpr std::string_view kItanium = "vtable for ";
    std::string_view name = symbol->name;
    if (name.starts_with(kItanium)) return std::string(name.substr(kItanium.size()));
    // Where the base of a `{for ...}` lies, the symbol does not say.
    if (symbol->offset != 0 || name.find("{for") != name.npos) return {};
    return objects::without_class_keywords(std::string(objects::class_of_vftable(name)));
  }

  std::optional<Object> by_others() {
    if (!question_.type_at) return {};
    auto known = question_.type_at(question_.at);
    if (!known) return {};
    auto object = find(known->name, known->at, nullptr);
    if (!object) {
      out_.type = answer::InspectType{
          .name = known->name, .how = known->how, .at = known->at, .percent = known->percent};
      return {};
    }
    object->count = known->count;
    set_type(*object, known->how, known->percent);
    return object;
  }

  // ---- what is in it

  objects::ObjectSpace space(const TypeReader& types) { return object_space(process_, types); }

  std::string target(Address at) { return describe_target(process_, &heaps_, at); }

  void show(const Object& object) {
    auto target_of = [this](Address at) { return target(at); };
    objects::ValueReader reader(space(*object.types), question_.values, target_of);
    out_.object = answer_of(object.count > 1 ? reader.read_array(object.object, object.count)
                                             : reader.read(object.object));
  }

  /// From the begin of the object or block; around the address where neither is known.
  void bytes() {
    Address begin{question_.at.value & ~uint64_t{15}};
    uint64_t size = 64;
    if (out_.object) {
      begin = out_.object->at;
      size = out_.object->size;
    } else if (block_) {
      begin = block_->address();
      size = block_->size;
    }
    // A large block is shown where the address is.
    if (question_.at > begin && question_.at - begin >= question_.hex_bytes) {
      begin = Address{question_.at.value & ~uint64_t{15}};
      size = question_.hex_bytes;
    }
    size = std::min<uint64_t>(size, question_.hex_bytes);
    for (uint64_t done = 0; done < size; done += 16) {
      answer::HexRow row{.at = begin + done};
      row.bytes.resize(std::min<uint64_t>(16, size - done));
      row.bytes.resize(
          process_.memory().read(row.at, std::as_writable_bytes(std::span(row.bytes))));
      if (row.bytes.empty()) break;
      for (size_t at = 0; at + word_ <= row.bytes.size(); at += word_) {
        auto value = process_.memory().read_pointer(row.at + at, word_);
        std::string text = value && *value >= 4096 ? target({*value}) : "";
        row.words.push_back(text.starts_with("(not ") ? "" : text);
      }
      out_.bytes.push_back(std::move(row));
    }
  }

  void warn() {
    out_.warnings = snapshot().warnings;
    out_.warnings.insert(out_.warnings.end(), heaps_.warnings.begin(), heaps_.warnings.end());
    if (out_.bytes.empty())
      out_.warnings.push_back(
          {fmt::format("the bytes at {} are not in the dump", question_.at), {}});
    if (out_.block && !out_.object && !out_.type)
      out_.warnings.push_back({"what the block is, is not known: it begins with no virtual table",
                               "--as TYPE says what to take it for"});
    if (out_.type && !out_.object)
      out_.warnings.push_back(
          {fmt::format("no debug information describes \"{}\"", out_.type->name),
           "--symbols DIR says where debug information is"});
  }

  const Process& process_;
  const heap::Heaps& heaps_;
  const objects::Descriptions& containers_;
  const InspectQuestion& question_;
  const unsigned word_;
  const heap::Block* block_ = nullptr;
  std::optional<Object> global_;  ///< the variable that holds the address
  answer::Inspect out_;
};

}  // namespace

Result<answer::Inspect> describe_address(const Process& process, const heap::Heaps& heaps,
                                         const InspectQuestion& question) {
  return Inspection(process, heaps, question).all();
}

}  // namespace inquest::cause
