/// What the tables show, computed when a query first touches it.
///
/// A dead process's heaps, references, stacks and verdict; each is found once and kept. One thread,
/// but for `interrupt`, which any thread or signal handler may call.
#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "answer/answer.h"
#include "cause/process.h"
#include "heap/address_space.h"
#include "heap/heap.h"
#include "objects/references.h"
#include "query/holders.h"
#include "query/stacks.h"
#include "query/symbol_list.h"

namespace inquest::objects {
class Typing;
}

namespace inquest::query {

struct SourceOptions {
  objects::ReferenceOptions references = {};
  /// Told what is being computed, then "" when it is there. May be empty.
  std::function<void(std::string_view)> progress = {};
};

/// What is known of the process as a whole.
struct Fact {
  std::string name, value;
};

/// A warning and what it is about: "dump", "files", "heap", "references".
struct Told {
  std::string_view about;
  Warning warning;
};

class Sources {
 public:
  /// Borrows the process.
  Sources(const cause::Process& process, SourceOptions options);
  ~Sources();

  const cause::Process& process() const { return process_; }
  const snapshot::Snapshot& snapshot() const { return process_.snapshot(); }
  const SourceOptions& options() const { return options_; }

  const heap::Heaps& heaps();
  const heap::AddressSpace& space();
  const objects::References& references();
  const Holders& holders();
  const Stacks& stacks();
  const std::vector<answer::Module>& modules();
  const std::vector<Fact>& facts();
  /// The findings of `why`, the verdict first.
  const std::vector<answer::Finding>& findings();
  struct EvidenceRow {
    uint32_t finding, index;
  };
  /// All evidence of all findings, by finding.
  const std::vector<EvidenceRow>& evidence();
  /// Of module `index`. The last few are kept: read it before asking for many others.
  std::shared_ptr<const SymbolList> symbols(size_t index);

  /// Everything there is to warn of, which computes all that can warn.
  const std::vector<Told>& warnings();
  /// What was found missing since the last call, by what was computed. Computes nothing.
  std::vector<Warning> take_new_warnings();

  void interrupt() { interrupted_ = true; }
  void go_on() { interrupted_ = false; }
  bool interrupted() const { return interrupted_; }

  /// What the tables of types keep here; null until they do.
  std::shared_ptr<void> typed = {};

 private:
  void stage(std::string_view what) const;
  void tell(std::string_view about, const std::vector<Warning>& warnings);

  const cause::Process& process_;
  SourceOptions options_;
  std::optional<heap::Heaps> heaps_;
  std::optional<heap::AddressSpace> space_;
  std::optional<objects::References> references_;
  std::optional<Holders> holders_;
  std::optional<Stacks> stacks_;
  std::optional<std::vector<answer::Module>> modules_;
  std::optional<std::vector<Fact>> facts_;
  std::optional<std::vector<answer::Finding>> findings_;
  std::vector<EvidenceRow> evidence_;
  std::list<std::pair<size_t, std::shared_ptr<const SymbolList>>> symbols_;  // newest first
  std::vector<Told> told_;
  bool told_all_ = false;
  size_t taken_ = 0;  ///< of told_
  std::atomic<bool> interrupted_ = false;
};

}  // namespace inquest::query
