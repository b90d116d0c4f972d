#include "cause/process.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <mutex>
#include <set>
#include <thread>
#include <unordered_map>

#include "base/parallel.h"

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

/// Symbols of more bytes are read by several threads at once: of fewer, that takes longer.
constexpr uint64_t kSymbolsWorthHelpers = 4 << 20;

uint64_t bytes_of(const locate::ModuleFiles& files) {
  uint64_t sum = 0;
  for (const auto& file : {files.pdb, files.sym, files.map}) sum += file ? file->bytes().size() : 0;
  for (const auto& file : {files.image, files.debug}) sum += file ? file->bytes().size() : 0;
  return sum;
}

/// Pages of Windows' images that must be copied to be relocated: so many bytes in all.
constexpr uint64_t kRelocatedBytes = 64 << 20;
/// Servers are asked for what the stacks touch; a better file may lead a stack to more modules.
constexpr int kServerRounds = 6;
constexpr size_t kDownloadsAtOnce = 8;

/// Runs body(i) for i in [0, n) on threads that mostly wait for a network.
template <class Body>
void all_waiting(size_t n, Body&& body) {
  std::atomic<size_t> next = 0;
  std::vector<std::jthread> threads;
  for (size_t t = 0; t < std::min(n, kDownloadsAtOnce); ++t) {
    threads.emplace_back([&] {
      for (size_t i; (i = next++) < n;) body(i);
    });
  }
}

bool wants_server(const locate::ModuleFiles& files) {
  return (!files.image && !files.pe) || files.availability != locate::Availability::full;
}

/// Whether `now` has a file that `before` had not.
bool has_more(const locate::ModuleFiles& now, const locate::ModuleFiles& before) {
  auto gained = [](const auto& a, const auto& b) { return a && !b; };
  return gained(now.image, before.image) || gained(now.debug, before.debug) ||
         gained(now.symtab, before.symtab) || gained(now.pe, before.pe) ||
         gained(now.pdb, before.pdb) || gained(now.sym, before.sym) || gained(now.alt, before.alt);
}

}  // namespace

struct Process::Impl {
  snapshot::Snapshot snapshot;
  Options options;
  std::deque<ModuleState> modules;  // by index in snapshot.modules; a deque: once_flag cannot move
  std::unique_ptr<unwind::Unwinder> unwinder;

  uint64_t relocated_left = kRelocatedBytes;
  std::once_flag walked;
  std::vector<unwind::Stack> stacks;

  mutable std::mutex memo_mutex;
  mutable std::unordered_map<Address, std::shared_ptr<const Located>> memo;

  ModuleState* state(const snapshot::Module& module) {
    size_t index = static_cast<size_t>(&module - snapshot.modules.data());
    return index < modules.size() ? &modules[index] : nullptr;
  }
  void add_memory(size_t module);
  void add_images_in_memory();
  void make_unwinder();
  void walk();
  Helpers helpers() const;
  void ask_servers(const locate::Locator& locator);
  std::vector<size_t> wanted_modules(const std::vector<bool>& asked) const;
};

std::unique_ptr<Process> Process::open(snapshot::Snapshot snapshot, Options options) {
  auto impl = std::make_unique<Impl>();
  impl->snapshot = std::move(snapshot);
  impl->options = std::move(options);
  auto& modules = impl->snapshot.modules;
  impl->modules.resize(modules.size());

  // What this machine has of all modules: walking needs their unwind tables, and the memory that
  // the dump lacks. Servers are asked only for the modules that the stacks touch.
  locate::Locator locator(impl->options.locate);
  parallel_for(
      modules.size(),
      [&](size_t i) { impl->modules[i].files = locator.find_local(impl->snapshot, modules[i]); },
      Helpers::when_it_pays);
  for (size_t i = 0; i < modules.size(); ++i) impl->add_memory(i);
  impl->make_unwinder();
  if (locator.has_servers()) impl->ask_servers(locator);
  impl->add_images_in_memory();
  return std::unique_ptr<Process>(new Process(std::move(impl)));
}

void Process::Impl::add_memory(size_t i) {
  const auto& module = snapshot.modules[i];
  const auto& files = modules[i].files;
  if (files.image && !module.is_vdso) locate::add_file_memory(snapshot, module, files.image);
  if (files.pe) locate::add_file_memory(snapshot, module, files.pe, relocated_left);
}

void Process::Impl::add_images_in_memory() {
  if (snapshot.os != snapshot::Os::windows) return;
  for (size_t i = 0; i < modules.size(); ++i) {
    locate::take_image_from_memory(snapshot.memory, snapshot.modules[i], modules[i].files);
  }
}

void Process::Impl::make_unwinder() {
  unwinder = std::make_unique<unwind::Unwinder>(
      snapshot, [this](const snapshot::Module& module) -> unwind::RuleSource {
        auto* found = state(module);
        if (!found) return {};
        const locate::ModuleFiles& files = found->files;
        // A PDB's sizes of frames matter where the image has no tables, or is not there.
        bool has_rules =
            files.sym || (files.pdb && (snapshot.arch == snapshot::Arch::x86 || !files.pe));
        return {.image = files.image,
                .debug = files.debug,
                .pe = files.pe,
                .frame_rules = has_rules ? symbols::read_frame_rules(files) : nullptr};
      });
}

/// For loops that read symbols and tables of frames.
Helpers Process::Impl::helpers() const {
  uint64_t bytes = 0;
  for (const ModuleState& module : modules) bytes += bytes_of(module.files);
  return bytes > kSymbolsWorthHelpers ? Helpers::at_once : Helpers::when_it_pays;
}

void Process::Impl::walk() {
  stacks.assign(snapshot.threads.size(), {});
  parallel_for(
      snapshot.threads.size(), [&](size_t i) { stacks[i] = unwinder->walk(snapshot.threads[i]); },
      helpers());
}

std::vector<size_t> Process::Impl::wanted_modules(const std::vector<bool>& asked) const {
  std::set<size_t> wanted;
  auto want = [&](const snapshot::Module* module) {
    if (!module) return;
    size_t i = static_cast<size_t>(module - snapshot.modules.data());
    if (!asked[i] && wants_server(modules[i].files)) wanted.insert(i);
  };
  for (const auto& stack : stacks) {
    for (const auto& frame : stack.frames) want(frame.module);
  }
  for (const auto& thread : snapshot.threads) {
    if (auto pc = thread.registers.pc()) want(snapshot.module_at(Address{*pc}));
  }
  if (snapshot.fault && snapshot.fault->address) {
    want(snapshot.module_at(*snapshot.fault->address));
  }
  return {wanted.begin(), wanted.end()};
}

/// Asks for the modules where threads are, walks, asks for the modules on the stacks, and so on
/// while that leads to more. Everything happens here, before the process is shared by threads.
void Process::Impl::ask_servers(const locate::Locator& locator) {
  std::vector<bool> asked(modules.size(), false);
  bool walks = false;
  for (int round = 0; round < kServerRounds; ++round) {
    std::vector<size_t> wanted = wanted_modules(asked);
    if (wanted.empty() && walks) break;
    std::vector<locate::ModuleFiles> found(wanted.size());
    all_waiting(wanted.size(),
                [&](size_t i) { found[i] = locator.find(snapshot, snapshot.modules[wanted[i]]); });
    bool more = false;
    for (size_t i = 0; i < wanted.size(); ++i) {
      auto& files = modules[wanted[i]].files;
      asked[wanted[i]] = true;
      bool gained = has_more(found[i], files);
      files = std::move(found[i]);
      if (gained) add_memory(wanted[i]);
      more |= gained;
    }
    if (!more && walks) break;
    make_unwinder();
    walk();
    walks = true;
  }
  std::call_once(walked, [] {});
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

Helpers Process::helpers() const { return impl_->helpers(); }

const objects::Descriptions& Process::containers() const {
  const auto& given = impl_->options.containers;
  return given ? *given : objects::Descriptions::built_in();
}

const symbols::TypeReader* Process::types(const snapshot::Module& module) const {
  return symbols(module).types();
}

const std::vector<unwind::Stack>& Process::stacks() const {
  std::call_once(impl_->walked, [&] { impl_->walk(); });
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
  if (!located->module) located->dynamic = dynamic_code(at);
  std::lock_guard lock(impl_->memo_mutex);
  if (impl_->memo.size() >= kMemoEntries) impl_->memo.clear();
  impl_->memo.emplace(at, located);
  return *located;
}

std::string Process::dynamic_code(Address at) const {
  const snapshot::FunctionTable* table = snapshot().function_table_at(at);
  auto function = table ? unwound_function(at) : std::nullopt;
  if (!function) return {};
  return fmt::format("<dynamic code at {} (function table of {})>", function->begin, table->base);
}

std::optional<AddressRange> Process::unwound_function(Address at) const {
  return impl_->unwinder->function_at(at);
}

Located Process::locate(const unwind::Frame& frame) const { return locate(frame.lookup_pc()); }

std::string Process::describe(Address at) const {
  Located place = locate(at);
  if (!place.module) {
    return place.dynamic.empty() ? fmt::format("{}", at)
                                 : fmt::format("{} in {}", at, place.dynamic);
  }
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
