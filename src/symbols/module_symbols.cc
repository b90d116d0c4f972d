#include <algorithm>
#include <mutex>
#include <unordered_map>

#include "symbols/cache/cache_file.h"
#include "symbols/cache/image_builder.h"
#include "symbols/dwarf/type_reader.h"
#include "symbols/dwarf/unit_compiler.h"
#include "symbols/dwarf/unit_map.h"
#include "symbols/symbol_table.h"

namespace inquest::symbols {
namespace {

/// Debug information smaller than this is read faster than a cache is made.
constexpr uint64_t kWorthCaching = 1 << 20;

/// Units read for one run that are kept; a program whose stacks need more is a rare one.
constexpr size_t kMostUnitsKept = 4096;

/// An image over bytes of its own.
std::shared_ptr<const Image> image_of(ImageBuilder& builder) {
  auto bytes = std::make_shared<std::vector<std::byte>>();
  for (Bytes part : builder.finish({}, 0)) bytes->insert(bytes->end(), part.begin(), part.end());
  auto image = Image::open(*bytes, bytes, "symbols of a unit");
  return image ? std::shared_ptr<const Image>(std::move(*image)) : nullptr;
}

/// Symbols read from the module's files, a unit at a time.
class FileSymbols {
 public:
  FileSymbols(const locate::ModuleFiles& files, snapshot::Arch arch) : files_(files), arch_(arch) {}

  /// The image that holds what is known of `rva`; null when no unit describes it.
  std::shared_ptr<const Image> image_at(uint32_t rva) {
    std::lock_guard lock(mutex_);
    if (!files_.debug) return {};
    if (!compiler_) {
      layout_ = CodeLayout::of(files_);
      map_ = read_unit_map(*files_.debug, layout_);
      compiler_ = std::make_unique<UnitCompiler>(files_, layout_);
    }
    uint32_t unit = map_.unit_at(rva);
    if (unit == kNone) return {};
    if (auto known = images_.find(unit); known != images_.end()) return known->second;
    std::vector<CodeRange> owned;
    for (const Interval& s : map_.segments) {
      if (s.owner == unit) owned.push_back({s.begin, s.end});
    }
    ImageBuilder builder;
    builder.add(compiler_->compile(map_.units[unit], owned));
    if (images_.size() >= kMostUnitsKept) images_.clear();
    return images_[unit] = image_of(builder);
  }

  const SymbolTable& table() {
    std::call_once(table_read_, [&] { table_ = read_symbol_table(files_, arch_); });
    return table_;
  }

  std::vector<std::string> missing_dwos() {
    std::lock_guard lock(mutex_);
    return compiler_ ? compiler_->missing_dwos() : std::vector<std::string>{};
  }

 private:
  const locate::ModuleFiles& files_;
  snapshot::Arch arch_;
  std::mutex mutex_;
  CodeLayout layout_;
  UnitMap map_;
  std::unique_ptr<UnitCompiler> compiler_;
  std::unordered_map<uint32_t, std::shared_ptr<const Image>> images_;
  std::once_flag table_read_;
  SymbolTable table_;
};

class Symbols final : public ModuleSymbols {
 public:
  Symbols(const locate::ModuleFiles& files, snapshot::Arch arch, const Options& options)
      : files_(files), arch_(arch), from_files_(files_, arch), use_cache_(options.use_cache) {
    has_dwarf_ = sources_of(files_) & image::kFromDwarf;
    cache_path_ = use_cache_ ? cache_path(files_, options) : std::string{};
    if (use_cache_) cache_ = open_cache(cache_path_, files_);
  }

  std::vector<SourceFrame> frames_at(Rva rva) const override;
  std::optional<Rva> find(std::string_view linkage_name) const override;
  std::optional<Nearest> symbol_at(Rva rva) const override;
  const TypeReader* types() const override;
  std::vector<Warning> warnings() const override;
  bool cached() const override { return cache() != nullptr; }
  bool wants_compiling() const override {
    if (cached() || cache_path_.empty() || !has_dwarf_) return false;
    return files_.debug->section(".debug_info")->size >= kWorthCaching;
  }

 private:
  /// Null when there is none, or no longer: damage in it is noticed when it is touched.
  const Image* cache() const { return cache_ && !cache_->damaged() ? cache_.get() : nullptr; }
  /// The image for an address, from wherever; `hold` keeps it alive.
  const Image* image_at(uint32_t rva, std::shared_ptr<const Image>& hold) const;
  std::vector<SourceFrame> frames_in(const Image& image, uint32_t rva) const;

  locate::ModuleFiles files_;
  snapshot::Arch arch_;
  mutable FileSymbols from_files_;
  bool use_cache_ = true;
  bool has_dwarf_ = false;
  std::string cache_path_;
  std::shared_ptr<const Image> cache_;
  mutable std::once_flag types_made_;
  mutable std::unique_ptr<TypeReader> types_;
};

const Image* Symbols::image_at(uint32_t rva, std::shared_ptr<const Image>& hold) const {
  if (const Image* image = cache()) return image;
  if (!has_dwarf_) return nullptr;
  hold = from_files_.image_at(rva);
  return hold.get();
}

std::vector<SourceFrame> Symbols::frames_in(const Image& image, uint32_t rva) const {
  std::vector<SourceFrame> out;
  for (const ImageFrame& frame : image.frames_at(rva)) {
    SourceFrame& next = out.emplace_back();
    next.function = frame.is_linkage ? demangle(frame.name) : std::string(frame.name);
    if (frame.is_linkage) next.linkage = frame.name;
    next.file = frame.file;
    next.line = frame.line;
    next.column = frame.column;
    next.inlined = frame.inlined;
    next.begin = {frame.code.begin};
    next.size = frame.code.end - frame.code.begin;
  }
  return out;
}

std::vector<SourceFrame> Symbols::frames_at(Rva rva) const {
  if (rva.value > UINT32_MAX) return {};
  const auto at = static_cast<uint32_t>(rva.value);
  std::shared_ptr<const Image> hold;
  const Image* image = image_at(at, hold);
  std::vector<SourceFrame> out;
  if (image) out = frames_in(*image, at);
  if (image && image == cache_.get() && image->damaged()) return frames_at(rva);  // from the files
  if (!out.empty() && !out.back().function.empty()) return out;

  // Assembly often has lines without functions; most libraries have symbols only.
  auto symbol = symbol_at(rva);
  if (!symbol || !symbol->is_function) return out;
  if (out.empty()) {
    out.emplace_back();
    if (auto line = image ? image->line_at(at) : std::nullopt) {
      out[0].file = line->file;
      out[0].line = line->line;
      out[0].column = line->column;
    }
  }
  out.back().function = symbol->name;
  out.back().linkage = symbol->linkage;
  out.back().begin = {at - symbol->offset};
  out.back().size = symbol->size;
  return out;
}

std::optional<Rva> Symbols::find(std::string_view linkage_name) const {
  if (const Image* image = cache()) {
    if (auto symbol = image->find_symbol(linkage_name)) return Rva{symbol->address};
    if (!image->damaged()) return {};
  }
  const ElfSymbol* symbol = from_files_.table().find(linkage_name);
  if (!symbol) return {};
  return Rva{symbol->address};
}

std::optional<ModuleSymbols::Nearest> Symbols::symbol_at(Rva rva) const {
  if (rva.value > UINT32_MAX) return {};
  const auto at = static_cast<uint32_t>(rva.value);
  auto nearest = [&](std::string_view name, uint32_t address, uint32_t size, bool is_function) {
    return Nearest{.linkage = std::string(name),
                   .name = demangle(name),
                   .offset = at - address,
                   .size = size,
                   .is_function = is_function};
  };
  if (const Image* image = cache()) {
    if (auto s = image->symbol_at(at)) return nearest(s->name, s->address, s->size, s->is_function);
    if (!image->damaged()) return {};
  }
  const ElfSymbol* s = from_files_.table().at(at);
  if (!s) return {};
  return nearest(s->name, s->address, s->size, s->is_function);
}

const TypeReader* Symbols::types() const {
  if (!has_dwarf_) return nullptr;
  std::call_once(types_made_, [&] {
    types_ = open_type_reader(files_, [this](uint32_t rva) -> std::optional<CodeRange> {
      auto symbol = symbol_at({rva});
      if (!symbol || symbol->is_function) return {};
      auto begin = static_cast<uint32_t>(rva - symbol->offset);
      return CodeRange{begin, begin + static_cast<uint32_t>(symbol->size)};
    });
  });
  return types_.get();
}

std::vector<Warning> Symbols::warnings() const {
  std::vector<Warning> out;
  std::vector<std::string> missing = from_files_.missing_dwos();
  const std::string module = files_.image ? files_.image->path() : std::string("this module");
  if (cache() && (cache()->sources() & image::kDwoMissing) && missing.empty()) {
    out.push_back({fmt::format("some split debug information (.dwo) of {} was not found when its "
                               "symbols were cached",
                               module),
                   fmt::format("put the .dwo or .dwp files in place and remove {}", cache_path_)});
  }
  if (!missing.empty()) {
    out.push_back({fmt::format("{} of {} split debug files of {} not found, such as {}",
                               missing.size(), missing.size(), module, missing.front()),
                   "keep the .dwo files where they were built, or beside the program, or pack "
                   "them into a .dwp"});
  }
  if (cache_ && cache_->damaged()) {
    out.push_back({fmt::format("the symbol cache {} is damaged and was not used", cache_path_),
                   "remove it; it is made anew"});
  }
  return out;
}

}  // namespace

std::unique_ptr<ModuleSymbols> ModuleSymbols::open(const locate::ModuleFiles& files,
                                                   snapshot::Arch arch, const Options& options) {
  return std::make_unique<Symbols>(files, arch, options);
}

}  // namespace inquest::symbols
