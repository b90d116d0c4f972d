#include "symbols/pdb/types.h"

#include <algorithm>
#include <mutex>

#include "symbols/pdb/codeview.h"
#include "symbols/pdb/type_graph.h"
#include "symbols/pdb/variables.h"

namespace inquest::symbols::pdb {
namespace {

struct DataHead {
  le32 type, offset;
  le16 section;
};

class PdbTypes final : public TypeReader {
 public:
  explicit PdbTypes(std::shared_ptr<const PdbFile> pdb)
      : pdb_(std::move(pdb)), graph_(std::shared_ptr<const Msf>(pdb_, &pdb_->msf())) {}

  bool empty() const { return graph_.empty(); }

  Type type(TypeId id) const override {
    std::lock_guard lock(mutex_);
    return id ? graph_.type(index(id)) : Type{};
  }
  std::vector<Member> members(TypeId id) const override {
    std::lock_guard lock(mutex_);
    return graph_.members(index(id));
  }
  std::vector<Enumerator> enumerators(TypeId id) const override {
    std::lock_guard lock(mutex_);
    return graph_.enumerators(index(id));
  }
  TypeId find(std::string_view name) const override {
    std::lock_guard lock(mutex_);
    return {graph_.find(name)};
  }

  std::vector<Variable> variables_at(Rva rva, const FrameAccess& frame) const override {
    return from_symbols_at(rva, [&](Bytes symbols, uint32_t at) {
      return variables_in(*pdb_, graph_, symbols, at, frame);
    });
  }

  TypeId result_type(Rva rva) const override {
    return from_symbols_at(rva, [&](Bytes symbols, uint32_t at) {
      return TypeId{result_type_of(*pdb_, graph_, symbols, at)};
    });
  }

  std::optional<Global> global_at(Rva rva) const override {
    std::lock_guard lock(mutex_);
    read_globals();
    auto after = std::upper_bound(globals_.begin(), globals_.end(), rva,
                                  [](Rva at, const Global& g) { return at < g.begin; });
    if (after == globals_.begin()) return {};
    const Global& global = *std::prev(after);
    const uint64_t size = graph_.type(index(global.type)).size;
    if (rva - global.begin >= std::max<uint64_t>(size, 1)) return {};
    return global;
  }
  std::vector<Global> globals(std::string_view name) const override {
    std::lock_guard lock(mutex_);
    read_globals();
    std::vector<Global> out;
    for (const Global& g : globals_) {
      if (g.name == name) out.push_back(g);
    }
    return out;
  }

  std::vector<TypeId> instances(std::string_view template_name) const override {
    std::lock_guard lock(mutex_);
    std::vector<TypeId> out;
    for (uint32_t i : graph_.instances(template_name)) out.push_back({i});
    return out;
  }
  void each_global(const std::function<void(const Global&)>& each) const override {
    {
      std::lock_guard lock(mutex_);
      read_globals();
    }
    for (const Global& global : globals_) each(global);
    for (const Global& global : thread_locals_) each(global);
  }

 private:
  static uint32_t index(TypeId id) { return static_cast<uint32_t>(id.value); }

  /// What `read` makes of the symbol records of the module whose code is at rva; empty without one.
  template <class Read>
  auto from_symbols_at(Rva rva, Read&& read) const -> decltype(read(Bytes{}, uint32_t{})) {
    std::lock_guard lock(mutex_);
    if (rva.value > UINT32_MAX) return {};
    const auto at = static_cast<uint32_t>(rva.value);
    const Interval* part = symbols::find(pdb_->contributions(), at);
    if (!part) return {};
    const ModuleInfo& module = pdb_->modules()[part->owner];
    StreamBytes stream(pdb_->msf(), module.stream);
    Bytes bytes = stream.bytes();
    return read(bytes.first(std::min<size_t>(bytes.size(), module.symbol_bytes)), at);
  }

  void read_globals() const {
    if (globals_read_) return;
    globals_read_ = true;
    StreamBytes stream(pdb_->msf(), pdb_->records_stream());
    Records records(stream.bytes());
    for (Record r; records.next(r);) {
      const bool is_thread_local = r.kind == S_GTHREAD32 || r.kind == S_LTHREAD32;
      if (r.kind != S_GDATA32 && r.kind != S_LDATA32 && !is_thread_local) continue;
      Cursor cursor(r.data, "S_GDATA32");
      auto head = cursor.read<DataHead>();
      std::string_view name = cursor.c_string();
      if (is_thread_local && !cursor.failed()) {
        // The section is the template that every thread's block is made of.
        thread_locals_.push_back({std::string(name), {head.type}, {head.offset}, true});
        continue;
      }
      auto rva = pdb_->rva(head.section, head.offset);
      if (cursor.failed() || !rva) continue;
      globals_.push_back({std::string(name), {head.type}, {*rva}, false});
    }
    std::stable_sort(globals_.begin(), globals_.end(),
                     [](const Global& a, const Global& b) { return a.begin < b.begin; });
  }

  std::shared_ptr<const PdbFile> pdb_;
  mutable std::mutex mutex_;
  mutable TypeGraph graph_;
  mutable bool globals_read_ = false;
  mutable std::vector<Global> globals_;  // sorted by begin
  mutable std::vector<Global> thread_locals_;
};

}  // namespace

std::unique_ptr<TypeReader> open_types(std::shared_ptr<const PdbFile> pdb) {
  auto types = std::make_unique<PdbTypes>(std::move(pdb));
  return types->empty() ? nullptr : std::move(types);
}

}  // namespace inquest::symbols::pdb
