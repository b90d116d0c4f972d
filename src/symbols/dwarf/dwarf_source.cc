#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

#include "symbols/cache/image_format.h"
#include "symbols/dwarf/dwarf_file.h"
#include "symbols/dwarf/type_reader.h"
#include "symbols/dwarf/unit_compiler.h"
#include "symbols/dwarf/unit_map.h"
#include "symbols/source.h"

namespace inquest::symbols {
namespace {

/// Threads that read units; each has its own reader, and memory for it.
constexpr unsigned kMostThreads = 4;

class DwarfSource final : public Source {
 public:
  explicit DwarfSource(const locate::ModuleFiles& files)
      : files_(files), file_(DwarfFile::of(files)) {}

  uint32_t kinds() const override {
    return (has_code() ? image::kFromDwarf : 0u) | (files_.alt ? image::kFromAlternate : 0u);
  }
  bool describes_code() const override { return has_code(); }
  uint64_t bytes() const override { return file_.section_size(".debug_info"); }

  uint32_t unit_at(uint32_t rva) override {
    prepare();
    return map_->unit_at(rva);
  }

  UnitSymbols unit(uint32_t unit) override {
    prepare();
    if (!compiler_) compiler_ = std::make_unique<UnitCompiler>(files_, layout_);
    std::vector<CodeRange> owned;
    for (const Interval& s : map_->segments) {
      if (s.owner == unit) owned.push_back({s.begin, s.end});
    }
    UnitSymbols symbols = compiler_->compile(map_->units[unit], owned);
    std::lock_guard lock(missing_mutex_);
    missing_ = compiler_->missing_dwos();
    return symbols;
  }

  uint32_t each_unit(const Add& add) override;

  std::unique_ptr<TypeReader> open_types(const ObjectAt& object_at) const override {
    return has_code() ? open_type_reader(files_, object_at) : nullptr;
  }

  std::vector<Warning> warnings() const override {
    std::lock_guard lock(missing_mutex_);
    if (missing_.empty()) return {};
    const std::string module = files_.image ? files_.image->path() : std::string("this module");
    return {{fmt::format("{} of {} split debug files of {} not found, such as {}", missing_.size(),
                         missing_.size(), module, missing_.front()),
             "keep the .dwo files where they were built, or beside the program, or pack "
             "them into a .dwp"}};
  }

 private:
  bool has_code() const { return file_.has_section(".debug_info"); }
  void prepare() {
    if (map_) return;
    layout_ = CodeLayout::of(files_);
    map_ = read_unit_map(file_, layout_);
  }

  locate::ModuleFiles files_;
  DwarfFile file_;
  CodeLayout layout_;
  std::optional<UnitMap> map_;
  std::unique_ptr<UnitCompiler> compiler_;
  mutable std::mutex missing_mutex_;
  std::vector<std::string> missing_;
};

/// Reads all units by a few threads.
uint32_t DwarfSource::each_unit(const Add& add) {
  prepare();
  std::vector<std::vector<CodeRange>> owned(map_->units.size());
  for (const Interval& s : map_->segments) owned[s.owner].push_back({s.begin, s.end});

  std::atomic<size_t> next = 0;
  std::atomic<bool> missing = false;
  std::mutex adding;
  auto work = [&] {
    UnitCompiler compiler(files_, layout_);
    for (size_t unit; (unit = next++) < map_->units.size();) {
      UnitSymbols symbols = compiler.compile(map_->units[unit], owned[unit]);
      std::lock_guard lock(adding);
      add(symbols);
    }
    if (!compiler.missing_dwos().empty()) missing = true;
  };
  std::vector<std::thread> threads;
  unsigned n = std::min(kMostThreads, std::max(1u, std::thread::hardware_concurrency()));
  for (unsigned i = 1; i < n && i < map_->units.size(); ++i) threads.emplace_back(work);
  work();
  for (std::thread& t : threads) t.join();
  return missing ? image::kDwoMissing : 0u;
}

}  // namespace

std::unique_ptr<Source> open_dwarf_source(const locate::ModuleFiles& files) {
  if (!files.debug && !(files.pe && DwarfFile(files.pe).has_section(".debug_info"))) return nullptr;
  return std::make_unique<DwarfSource>(files);
}

}  // namespace inquest::symbols
