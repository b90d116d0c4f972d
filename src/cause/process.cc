#include "cause/process.h"

#include <algorithm>
#include <deque>
#include <mutex>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>
#include <unordered_map>

namespace inquest::cause {
namespace {

/// Symbols of one module, opened by whoever asks first.
struct ModuleState {
  locate::ModuleFiles files;
  std::once_flag opened;
  std::unique_ptr<symbols::ModuleSymbols> symbols;
};

/// The memo of addresses is dropped when it holds this many: a hostile core must not grow it.
constexpr size_t kMemoEntries = 1 << 18;

/// Runs body(i) for i in [0, n) on all cores. Isolated, so that a thread waiting here does not pick
/// up unrelated work that asks for the same once_flag.
template <class Body>
void parallel(size_t n, Body&& body) {
  if (n == 1) return body(0);
  tbb::this_task_arena::isolate([&] { tbb::parallel_for(size_t{0}, n, body); });
}

}  // namespace

struct Process::Impl {
  snapshot::Snapshot snapshot;
  Options options;
  std::deque<ModuleState> modules;  // by index in snapshot.modules; a deque: once_flag cannot move
  std::unique_ptr<unwind::Unwinder> unwinder;

  std::once_flag walked;
  std::vector<unwind::Stack> stacks;

  mutable std::mutex memo_mutex;
  mutable std::unordered_map<Address, std::shared_ptr<const Located>> memo;

  ModuleState* state(const snapshot::Module& module) {
    size_t index = static_cast<size_t>(&module - snapshot.modules.data());
    return index < modules.size() ? &modules[index] : nullptr;
  }
};

std::unique_ptr<Process> Process::open(snapshot::Snapshot snapshot, Options options) {
  auto impl = std::make_unique<Impl>();
  impl->snapshot = std::move(snapshot);
  impl->options = std::move(options);
  auto& modules = impl->snapshot.modules;
  impl->modules.resize(modules.size());

  // The files of all modules: walking needs their unwind tables, and the memory that the kernel
  // left out of the core.
  locate::Locator locator(impl->options.locate);
  parallel(modules.size(),
           [&](size_t i) { impl->modules[i].files = locator.find(impl->snapshot, modules[i]); });
  for (size_t i = 0; i < modules.size(); ++i) {
    const auto& image = impl->modules[i].files.image;
    if (image && !modules[i].is_vdso) {
      locate::add_file_memory(impl->snapshot, modules[i], *image);
    }
  }

  Impl* raw = impl.get();
  impl->unwinder = std::make_unique<unwind::Unwinder>(
      raw->snapshot, [raw](const snapshot::Module& module) -> unwind::RuleSource {
        auto* state = raw->state(module);
        if (!state) return {};
        return {.image = state->files.image, .debug = state->files.debug};
      });
  return std::unique_ptr<Process>(new Process(std::move(impl)));
}

Process::Process(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Process::~Process() = default;

const snapshot::Snapshot& Process::snapshot() const { return impl_->snapshot; }

const locate::ModuleFiles& Process::files(const snapshot::Module& module) const {
  static const locate::ModuleFiles kNone;
  auto* state = impl_->state(module);
  return state ? state->files : kNone;
}

const symbols::ModuleSymbols& Process::symbols(const snapshot::Module& module) const {
  auto* state = impl_->state(module);
  if (!state) {
    static const auto none =
        symbols::ModuleSymbols::open(locate::ModuleFiles{}, snapshot::Arch::x86_64);
    return *none;
  }
  std::call_once(state->opened, [&] {
    state->symbols = symbols::ModuleSymbols::open(state->files, arch(), impl_->options.symbols);
  });
  return *state->symbols;
}

const symbols::TypeReader* Process::types(const snapshot::Module& module) const {
  return symbols(module).types();
}

const std::vector<unwind::Stack>& Process::stacks() const {
  std::call_once(impl_->walked, [&] {
    const auto& threads = impl_->snapshot.threads;
    impl_->stacks.resize(threads.size());
    parallel(threads.size(),
             [&](size_t i) { impl_->stacks[i] = impl_->unwinder->walk(threads[i]); });
  });
  return impl_->stacks;
}

const unwind::Stack* Process::crashed_stack() const {
  const auto* thread = snapshot().crashed_thread();
  if (!thread) return nullptr;
  return &stacks()[static_cast<size_t>(thread - snapshot().threads.data())];
}

Located Process::locate(Address at) const {
  {
    std::lock_guard lock(impl_->memo_mutex);
    auto found = impl_->memo.find(at);
    if (found != impl_->memo.end()) return *found->second;
  }
  auto located = std::make_shared<Located>();
  located->module = snapshot().module_at(at);
  if (located->module) {
    located->rva = Rva{at - located->module->range.begin};
    located->source = symbols(*located->module).frames_at(located->rva);
  }
  std::lock_guard lock(impl_->memo_mutex);
  if (impl_->memo.size() >= kMemoEntries) impl_->memo.clear();
  impl_->memo.emplace(at, located);
  return *located;
}

std::optional<AddressRange> Process::unwound_function(Address at) const {
  return impl_->unwinder->function_at(at);
}

Located Process::locate(const unwind::Frame& frame) const { return locate(frame.lookup_pc()); }

std::string Process::describe(Address at) const {
  Located place = locate(at);
  if (!place.module) return fmt::format("{}", at);
  std::string where = fmt::format("{}+{}", place.module->file_name(), place.rva);
  if (!place.source.empty() && !place.source.front().function.empty()) {
    // The real function's start is known; an inlined call has no start of its own that helps.
    const auto& inner = place.source.front();
    const auto& outer = place.source.back();
    uint64_t distance = place.rva.value - outer.begin.value;
    // A part that was split off (".cold") lies before the entry, or far behind the entry's part.
    if (inner.inlined || outer.begin.value == 0 || distance >= outer.size) {
      return fmt::format("{} ({})", inner.function, where);
    }
    return fmt::format("{} + {:#x} ({})", outer.function, distance, where);
  }
  if (auto nearest = symbols(*place.module).symbol_at(place.rva)) {
    return fmt::format("{} + {:#x} ({})", nearest->name, nearest->offset, where);
  }
  return where;
}

symbols::FrameAccess Process::access(const unwind::Frame& frame) const {
  symbols::FrameAccess access;
  const unwind::Frame* borrowed = &frame;
  access.reg = [borrowed](snapshot::Register n) { return borrowed->registers.get(n); };
  access.memory = [this](Address at, unsigned size) -> std::optional<uint64_t> {
    std::array<std::byte, 8> raw{};
    if (size == 0 || size > raw.size()) return {};
    if (memory().read(at, std::span(raw).first(size)) != size) return {};
    uint64_t value = 0;
    for (unsigned i = size; i-- > 0;) value = value << 8 | static_cast<uint8_t>(raw[i]);
    return value;
  };
  if (frame.cfa.value != 0) access.cfa = frame.cfa;
  if (frame.module) access.bias = frame.module->bias;
  return access;
}

std::vector<symbols::Variable> Process::variables(const unwind::Frame& frame) const {
  if (!frame.module) return {};
  const auto* reader = types(*frame.module);
  if (!reader) return {};
  return reader->variables_at(Rva{frame.lookup_pc() - frame.module->range.begin}, access(frame));
}

std::optional<Address> Process::find_symbol(std::string_view linkage_name) const {
  for (const auto& module : snapshot().modules) {
    if (auto rva = symbols(module).find(linkage_name)) return module.range.begin + rva->value;
  }
  return {};
}

std::vector<const snapshot::Module*> Process::used_modules() const {
  std::vector<const snapshot::Module*> used;
  for (size_t i = 0; i < impl_->modules.size(); ++i) {
    if (impl_->modules[i].symbols) used.push_back(&impl_->snapshot.modules[i]);
  }
  return used;
}

}  // namespace inquest::cause
