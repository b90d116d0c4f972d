#include <algorithm>
#include <mutex>
#include <unordered_map>

#include "symbols/cache/cache_file.h"
#include "symbols/cache/image_builder.h"
#include "symbols/source.h"

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
  FileSymbols(const locate::ModuleFiles& files, snapshot::Arch arch)
      : sources_(open_sources(files, arch)), code_(code_source(sources_)) {}

  uint32_t kinds() const { return kinds_of(sources_); }
  /// Bytes that describe code; 0 when there are symbols at most.
  uint64_t bytes() const { return code_ ? code_->bytes() : 0; }

  /// The image that holds what is known of `rva`; null when no unit describes it.
  std::shared_ptr<const Image> image_at(uint32_t rva) {
    std::lock_guard lock(mutex_);
    if (!code_) return {};
    uint32_t unit = code_->unit_at(rva);
    if (unit == kNone) return {};
    if (auto known = images_.find(unit); known != images_.end()) return known->second;
    ImageBuilder builder;
    builder.add(code_->unit(unit));
    if (images_.size() >= kMostUnitsKept) images_.clear();
    return images_[unit] = image_of(builder);
  }

  std::string compiler_at(uint32_t rva) {
    std::lock_guard lock(mutex_);
    const uint32_t unit = code_ ? code_->unit_at(rva) : kNone;
    return unit == kNone ? std::string{} : code_->compiler(unit);
  }

  const SymbolTable& table() {
    std::call_once(table_read_, [&] {
      std::lock_guard lock(mutex_);
      std::vector<SymbolClaim> claims;
      std::deque<std::string> made;
      for (const auto& source : sources_) source->add_symbols(claims, made);
      table_ = make_symbol_table(std::move(claims), std::move(made));
    });
    return table_;
  }

  std::unique_ptr<TypeReader> open_types(const ObjectAt& object_at) const {
    for (const auto& source : sources_) {
      if (auto types = source->open_types(object_at)) return types;
    }
    return nullptr;
  }

  const inquest::pdb::SourceLinks* source_links() {
    std::call_once(links_read_, [&] {
      std::lock_guard lock(mutex_);
      for (const auto& source : sources_) {
        if (!links_) links_ = source->source_links();
      }
    });
    return links_.get();
  }

  std::vector<Warning> warnings() const {
    std::vector<Warning> out;
    for (const auto& source : sources_) {
      for (Warning& warning : source->warnings()) out.push_back(std::move(warning));
    }
    return out;
  }

 private:
  std::vector<std::unique_ptr<Source>> sources_;
  Source* code_;  // of sources_; null: none describes code
  std::mutex mutex_;
  std::unordered_map<uint32_t, std::shared_ptr<const Image>> images_;
  std::once_flag table_read_, links_read_;
  std::shared_ptr<const inquest::pdb::SourceLinks> links_;
  SymbolTable table_;
};

class Symbols final : public ModuleSymbols {
 public:
  Symbols(const locate::ModuleFiles& files, snapshot::Arch arch, const Options& options)
      : files_(files), from_files_(files_, arch) {
    if (!options.use_cache) return;
    const Identity identity = identity_of(files_);
    cache_path_ = cache_path(identity, options);
    cache_ = open_cache(cache_path_, identity, from_files_.kinds());
  }

  std::vector<SourceFrame> frames_at(Rva rva) const override;
  std::optional<Rva> find(std::string_view linkage_name) const override;
  std::optional<Nearest> symbol_at(Rva rva) const override;
  std::string compiler_at(Rva rva) const override {
    return rva.value > UINT32_MAX ? std::string{}
                                  : from_files_.compiler_at(static_cast<uint32_t>(rva.value));
  }
  SourcePlace source_place(std::string_view file) const override {
    const auto* links = file.empty() ? nullptr : from_files_.source_links();
    if (!links) return {};
    auto place = links->find(file);
    return {.url = std::move(place.url), .command = std::move(place.command)};
  }
  const TypeReader* types() const override;
  std::vector<Warning> warnings() const override;
  bool cached() const override { return cache() != nullptr; }
  bool wants_compiling() const override {
    return !cached() && !cache_path_.empty() && from_files_.bytes() >= kWorthCaching;
  }

 private:
  /// Null when there is none, or no longer: damage in it is noticed when it is touched.
  const Image* cache() const { return cache_ && !cache_->damaged() ? cache_.get() : nullptr; }
  /// The image for an address, from wherever; `hold` keeps it alive.
  const Image* image_at(uint32_t rva, std::shared_ptr<const Image>& hold) const;
  std::vector<SourceFrame> frames_in(const Image& image, uint32_t rva) const;

  locate::ModuleFiles files_;
  mutable FileSymbols from_files_;
  std::string cache_path_;
  std::shared_ptr<const Image> cache_;
  mutable std::once_flag types_made_;
  mutable std::unique_ptr<TypeReader> types_;
};

const Image* Symbols::image_at(uint32_t rva, std::shared_ptr<const Image>& hold) const {
  if (const Image* image = cache()) return image;
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
  out.back().is_export = symbol->is_export;
  return out;
}

std::optional<Rva> Symbols::find(std::string_view linkage_name) const {
  if (const Image* image = cache()) {
    if (auto symbol = image->find_symbol(linkage_name)) return Rva{symbol->address};
    if (!image->damaged()) return {};
  }
  const Symbol* symbol = from_files_.table().find(linkage_name);
  if (!symbol) return {};
  return Rva{symbol->address};
}

std::optional<ModuleSymbols::Nearest> Symbols::symbol_at(Rva rva) const {
  if (rva.value > UINT32_MAX) return {};
  const auto at = static_cast<uint32_t>(rva.value);
  auto nearest = [&](const Symbol& s) {
    return Nearest{.linkage = std::string(s.name),
                   .name = demangle(s.name),
                   .offset = at - s.address,
                   .size = s.size,
                   .is_function = s.is_function,
                   .is_export = s.is_export};
  };
  if (const Image* image = cache()) {
    if (auto symbol = image->symbol_at(at)) return nearest(*symbol);
    if (!image->damaged()) return {};
  }
  const Symbol* symbol = from_files_.table().at(at);
  if (!symbol) return {};
  return nearest(*symbol);
}

const TypeReader* Symbols::types() const {
  std::call_once(types_made_, [&] {
    types_ = from_files_.open_types([this](uint32_t rva) -> std::optional<CodeRange> {
      auto symbol = symbol_at({rva});
      if (!symbol || symbol->is_function) return {};
      auto begin = static_cast<uint32_t>(rva - symbol->offset);
      return CodeRange{begin, begin + static_cast<uint32_t>(symbol->size)};
    });
  });
  return types_.get();
}

std::vector<Warning> Symbols::warnings() const {
  std::vector<Warning> out = from_files_.warnings();
  if (cache() && (cache()->sources() & image::kDwoMissing) && out.empty()) {
    const std::string module = files_.image ? files_.image->path() : std::string("this module");
    out.push_back({fmt::format("some split debug information (.dwo) of {} was not found when its "
                               "symbols were cached",
                               module),
                   fmt::format("put the .dwo or .dwp files in place and remove {}", cache_path_)});
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
