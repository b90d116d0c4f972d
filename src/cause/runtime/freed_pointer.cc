#include "cause/runtime/freed_pointer.h"

#include <algorithm>
#include <set>

#include "cause/code/call_site.h"
#include "cause/evidence.h"
#include "cause/runtime/heap_block.h"

namespace inquest::cause {
namespace {

namespace x64 = snapshot::x64;

const std::initializer_list<std::string_view> kFree = {"free",
                                                       "cfree",
                                                       "__libc_free",
                                                       "__free",
                                                       "realloc",
                                                       "__libc_realloc",
                                                       "reallocarray",
                                                       "operator delete",
                                                       "operator delete[]",
                                                       "_ZdlPv",
                                                       "_ZdaPv",
                                                       "_ZdlPvm",
                                                       "_ZdaPvm",
                                                       "_ZdlPvSt11align_val_t",
                                                       "_ZdlPvmSt11align_val_t"};

bool is_address_of_something(const Process& process, uint64_t value) {
  return value >= 4096 && process.memory().has(Address{value});
}

/// Whether the call of `caller` goes to a function of kFree, and not to one that jumped there.
bool calls_free(const Process& process, const unwind::Frame& caller) {
  auto target = call_target(process, caller);
  if (!target) return false;
  Located place = process.locate(*target);
  if (!place.module) return false;
  Call call{.pc = *target, .module = place.module};
  if (!place.source.empty()) {
    call.function = place.source.back().function;
    call.linkage = place.source.back().linkage;
  } else if (auto nearest = process.symbols(*place.module).symbol_at(place.rva);
             nearest && nearest->offset == 0) {
    call.function = nearest->name;
    call.linkage = nearest->linkage;
  }
  return is_any(call, kFree);
}

/// A block, by the chain of sizes that leads to it, whose own size word is damaged, and which a
/// register of the innermost frame points to: where the allocator stands, that is what it looks at.
std::optional<uint64_t> damaged_block_among(const Process& process, const unwind::Stack& stack) {
  if (stack.frames.empty()) return {};
  for (auto reg : {x64::rdi, x64::rsi, x64::rdx, x64::rcx, x64::rax, x64::r8, x64::r9, x64::r10,
                   x64::r11, x64::rbx, x64::rbp, x64::r12, x64::r13, x64::r14, x64::r15}) {
    auto value = stack.frames.front().registers.get(reg);
    if (!value || *value % 16 != 0) continue;
    for (uint64_t block : {*value + 16, *value}) {
      auto header = chunk_header(process.memory(), Address{block});
      if (!header || (header->plausible && !header->is_mapped && !header->is_other_arena)) continue;
      auto start = block_start(process, Address{block});
      if (start && start->is_block) return block;
    }
  }
  return {};
}

/// Registers that the allocator's own frames kept: the block (mem) and its header (mem - 16) are
/// both there more often than not.
std::optional<uint64_t> from_allocator(const Process& process, const unwind::Stack& stack,
                                       size_t outermost) {
  if (auto damaged = damaged_block_among(process, stack)) return damaged;
  std::vector<uint64_t> values;
  std::set<uint64_t> together;  // values that a frame has beside what lies 16 bytes behind them
  for (size_t i = 0; i <= outermost && i < stack.frames.size(); ++i) {
    for (auto reg : {x64::rbx, x64::rbp, x64::r12, x64::r13, x64::r14, x64::r15}) {
      auto value = stack.frames[i].registers.get(reg);
      if (!value || !is_address_of_something(process, *value)) continue;
      values.push_back(*value);
      for (auto other : {x64::rbx, x64::rbp, x64::r12, x64::r13, x64::r14, x64::r15}) {
        if (stack.frames[i].registers.get(other) == *value + 16) together.insert(*value);
      }
    }
  }
  std::sort(values.begin(), values.end());
  for (uint64_t value : values) {
    if (!std::binary_search(values.begin(), values.end(), value + 16)) continue;
    Whereabouts where = whereabouts(process, Address{value + 16});
    // Places on the stack that are 16 bytes apart are common: one function must have kept both.
    if (where.heap || (where.stack && together.contains(value))) return value + 16;
  }
  return {};
}

/// By the names of glibc's files, where its debug information is there, else of its functions.
bool is_part_of_malloc(const Call& call) {
  if (call.file.ends_with("/malloc.c") || call.file.ends_with("/arena.c")) return true;
  if (call.file == "malloc.c" || call.file == "arena.c") return true;
  return is_any(call,
                {"arena_for_chunk", "heap_for_ptr", "munmap_chunk", "tcache_get", "tcache_put",
                 "arena_get2", "arena_get_retry", "systrim", "heap_trim", "malloc_printerr",
                 "_int_free_merge_chunk", "_int_free_create_chunk", "_int_free_chunk"});
}

}  // namespace

size_t entry_of_allocator(const std::vector<Call>& calls) {
  size_t found = kNoCall;
  for (size_t i = 0; i < calls.size() && i < 12; ++i) {
    if (is_any(calls[i],
               {"malloc",        "free",        "cfree",           "calloc",
                "realloc",       "memalign",    "aligned_alloc",   "posix_memalign",
                "__libc_malloc", "__libc_free", "__libc_realloc",  "__libc_calloc",
                "_int_malloc",   "_int_free",   "_int_realloc",    "malloc_consolidate",
                "unlink_chunk",  "sysmalloc",   "__libc_memalign", "tcache_thread_shutdown"})) {
      found = i;
    } else if (calls[i].module && is_runtime(*calls[i].module) && is_part_of_malloc(calls[i])) {
      continue;  // what the functions above call
    } else if (!calls[i].function.empty() || !calls[i].module || !is_runtime(*calls[i].module)) {
      break;
    }
  }
  return found;
}

std::optional<FreedPointer> find_freed_pointer(const Process& process, const unwind::Stack& stack,
                                               const std::vector<Call>& calls) {
  if (process.arch() != snapshot::Arch::x86_64) return {};
  // The outermost of a run of allocation functions: operator delete calls free.
  size_t outer = find_call(calls, kFree);
  if (outer == kNoCall) return {};
  while (outer + 1 < calls.size() && is_any(calls[outer + 1], kFree)) ++outer;
  FreedPointer out;
  out.function = plain_name(calls[outer].function);
  if (out.function.starts_with("__libc_")) out.function.erase(0, 7);
  if (out.function == "cfree") out.function = "free";
  out.call = find_own_call(calls, outer + 1);

  size_t caller_frame = calls[outer].frame + 1;
  if (caller_frame < stack.frames.size()) {
    const auto& caller = stack.frames[caller_frame];
    auto passed =
        calls_free(process, caller) ? argument_at_call(process, caller, x64::rdi) : std::nullopt;
    if (passed && *passed != 0 && is_address_of_something(process, *passed)) {
      out.pointer = Address{*passed};
      out.source = "passed at the call";
    }
  }
  if (out.pointer.value == 0) {
    auto kept = from_allocator(process, stack, calls[outer].frame);
    if (!kept) return {};
    out.pointer = Address{*kept};
    out.source = "kept in the allocator's registers";
  }
  for (size_t i = caller_frame; i < stack.frames.size() && i < caller_frame + 4; ++i) {
    for (const auto& variable : process.variables(stack.frames[i])) {
      const auto* types = stack.frames[i].module ? process.types(*stack.frames[i].module) : nullptr;
      auto kind =
          types ? types->type(types->resolve(variable.type)).kind : symbols::TypeKind::unknown;
      if (kind == symbols::TypeKind::class_ || kind == symbols::TypeKind::array) continue;
      std::optional<uint64_t> value;
      if (variable.place.kind == symbols::Place::Kind::memory) {
        value = process.memory().read<uint64_t>(Address{variable.place.value});
      } else if (variable.place.kind == symbols::Place::Kind::in_register) {
        value = stack.frames[i].registers.get(variable.place.reg);
      }
      if (value == out.pointer.value && out.name.empty()) out.name = variable.name;
    }
  }
  return out;
}

std::optional<ChunkHeader> chunk_header(const snapshot::Memory& memory, Address block) {
  if (block.value < 16) return {};
  auto word = memory.read<uint64_t>(block - 8);
  if (!word) return {};
  ChunkHeader out;
  out.raw = *word;
  out.size = *word & ~uint64_t{7};
  out.previous_in_use = *word & 1;
  out.is_mapped = *word & 2;
  out.is_other_arena = *word & 4;
  out.plausible =
      block.value % 16 == 0 && out.size % 16 == 0 && out.size >= 32 && out.size < uint64_t{1} << 46;
  return out;
}

Whereabouts whereabouts(const Process& process, Address at) {
  const auto& snapshot = process.snapshot();
  const auto* region = snapshot.region_at(at);
  // Several stacks may lie in one region: the nearest stack pointer below owns the address.
  const snapshot::Thread* owner = nullptr;
  for (const auto& thread : snapshot.threads) {
    auto sp = thread.registers.sp();
    if (!region || !sp || at < *sp || !region->range.contains(*sp)) continue;
    if (!owner || *owner->registers.sp() < *sp) owner = &thread;
  }
  if (owner) {
    return {.text = fmt::format("on the stack of thread {}", thread_name(*owner)), .stack = true};
  }
  if (const auto* module = snapshot.module_at(at)) {
    auto nearest = process.symbols(*module).symbol_at(Rva{at - module->range.begin});
    std::string inside(module->file_name());
    if (nearest && !nearest->is_function &&
        nearest->offset < std::max<uint64_t>(nearest->size, 1)) {
      return {.text = fmt::format("in the global `{}` of {}", nearest->name, inside),
              .module = true};
    }
    bool code = region && region->access && region->access->execute;
    return {.text = fmt::format("in the {} of {}", code ? "code" : "data", inside), .module = true};
  }
  if (!region) return {};
  if (region->file == "[heap]") return {.text = "in the heap", .heap = true};
  if (region->file == "[stack]") return {.text = "on the main thread's stack", .stack = true};
  if (region->file.empty() && (!region->access || region->access->write)) {
    return {.text = "in anonymous memory (a heap, or a mapping of its own)", .heap = true};
  }
  return {.text = fmt::format("in the mapping of {}", region->file)};
}

}  // namespace inquest::cause
