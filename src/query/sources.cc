#include "query/sources.h"

#include <algorithm>

#include "cause/cause.h"
#include "cause/heap/heap_input.h"

namespace inquest::query {
namespace {

std::vector<Fact> facts_of(const snapshot::Snapshot& process) {
  std::vector<Fact> facts;
  auto add = [&](std::string name, std::string value) {
    if (!value.empty()) facts.push_back({std::move(name), std::move(value)});
  };
  auto number = [](const auto& value) { return value ? fmt::format("{}", *value) : std::string(); };
  add("dump", process.path);
  add("format", std::string(snapshot::name(process.format)));
  add("os", std::string(snapshot::name(process.os)));
  add("arch", std::string(snapshot::name(process.arch)));
  add("bytes", fmt::format("{}", process.bytes));
  add("complete", process.complete ? "yes" : "no");
  add("pid", number(process.process.pid));
  add("command", process.process.command);
  add("arguments", process.process.arguments);
  add("executable", process.process.executable);
  add("os_version", process.system.os_version);
  add("os_detail", process.system.os_detail);
  add("cpu", process.system.cpu);
  add("cpu_count", number(process.system.cpu_count));
  if (process.fault) {
    add("signal", number(process.fault->signal));
    add("signal_code", number(process.fault->signal_code));
    if (auto code = process.fault->exception) add("exception", fmt::format("0x{:08x}", *code));
    add("fault_address", number(process.fault->address));
    add("fault_thread", fmt::format("{}", process.fault->thread));
  }
  for (const auto& [name, value] : process.annotations) add("annotation " + name, value);
  return facts;
}

}  // namespace

Sources::Sources(const cause::Process& process, SourceOptions options)
    : process_(process), options_(std::move(options)) {
  tell("dump", process.snapshot().warnings);
}

Sources::~Sources() = default;

void Sources::stage(std::string_view what) const {
  if (options_.progress) options_.progress(what);
}

void Sources::tell(std::string_view about, const std::vector<Warning>& warnings) {
  for (const Warning& warning : warnings) {
    bool known = std::ranges::any_of(told_, [&](const Told& t) { return t.warning == warning; });
    if (!known) told_.push_back({about, warning});
  }
}

const heap::Heaps& Sources::heaps() {
  if (heaps_) return *heaps_;
  stage("finding the blocks of the heap");
  heaps_ = heap::find_heaps(cause::heap_input(process_));
  tell("heap", heaps_->warnings);
  if (heaps_->blocks.empty()) {
    tell("heap", {{"no block of any allocator was found in the dump",
                   "a core must hold the process's private memory (`inquest dump PID` writes such "
                   "a core), a minidump its full memory"}});
  }
  stage("");
  return *heaps_;
}

const heap::AddressSpace& Sources::space() {
  if (space_) return *space_;
  space_ = heap::describe_address_space(snapshot(), heaps());
  tell("memory", space_->warnings);
  return *space_;
}

const objects::References& Sources::references() {
  if (references_) return *references_;
  heaps();
  stage("following pointers");
  references_.emplace(objects::References::find(snapshot(), *heaps_, options_.references));
  const objects::TaggedPointers& tagged = references_->tagged();
  if (tagged.to_lost_blocks != 0) {
    tell("references",
         {{fmt::format("{} words would be addresses of blocks without their upper 16 bits, {} of "
                       "them of lost blocks",
                       tagged.words, tagged.to_lost_blocks),
           fmt::format("if the program keeps tags in its pointers, give --pointer-mask {:#x}",
                       tagged.mask)}});
  }
  stage("");
  return *references_;
}

const Holders& Sources::holders() {
  if (holders_) return *holders_;
  references();
  stage("turning references around");
  holders_ = Holders::find(heaps_->blocks.size(), *references_);
  stage("");
  return *holders_;
}

const Stacks& Sources::stacks() {
  if (stacks_) return *stacks_;
  stage("reading symbols and stacks");
  stacks_ = Stacks::find(process_);
  tell("files", process_.warnings());
  stage("");
  return *stacks_;
}

const std::vector<answer::Module>& Sources::modules() {
  if (!modules_) modules_ = process_.describe_modules();
  return *modules_;
}

const std::vector<Fact>& Sources::facts() {
  if (!facts_) facts_ = facts_of(snapshot());
  return *facts_;
}

const std::vector<answer::Finding>& Sources::findings() {
  if (findings_) return *findings_;
  stage("looking for the cause");
  answer::Answer answer = cause::investigate(process_);
  tell("files", answer.warnings);
  findings_ = std::move(answer.findings);
  // What is not believed enough to be the verdict stays behind it as a hint.
  bool is_unknown = answer.verdict.kind == answer::Kind::unknown;
  if (is_unknown) findings_->insert(findings_->begin(), std::move(answer.verdict));
  stage("");
  return *findings_;
}

const std::vector<Sources::EvidenceRow>& Sources::evidence() {
  if (!evidence_.empty()) return evidence_;
  const auto& all = findings();
  for (uint32_t finding = 0; finding < all.size(); ++finding) {
    for (uint32_t i = 0; i < all[finding].evidence.size(); ++i) evidence_.push_back({finding, i});
  }
  return evidence_;
}

std::shared_ptr<const SymbolList> Sources::symbols(size_t index) {
  constexpr size_t kKept = 16;
  auto at = std::ranges::find(symbols_, index, [](const auto& one) { return one.first; });
  if (at != symbols_.end()) {
    symbols_.splice(symbols_.begin(), symbols_, at);
    return symbols_.front().second;
  }
  stage("reading symbol tables");
  const snapshot::Module& module = snapshot().modules[index];
  symbols_.emplace_front(index, SymbolList::open(process_.files(module), process_.arch()));
  if (symbols_.size() > kKept) symbols_.pop_back();
  stage("");
  return symbols_.front().second;
}

const std::vector<Told>& Sources::warnings() {
  if (told_all_) return told_;
  told_all_ = true;
  stacks();
  space();
  references();
  return told_;
}

std::vector<Warning> Sources::take_new_warnings() {
  std::vector<Warning> fresh;
  for (; taken_ < told_.size(); ++taken_) fresh.push_back(told_[taken_].warning);
  return fresh;
}

}  // namespace inquest::query
