// The linker's map: names for builds without debug information.
#include "symbols/cache/image_format.h"
#include "symbols/map/map_file.h"
#include "symbols/source.h"

namespace inquest::symbols {
namespace {

class MapSource final : public Source {
 public:
  explicit MapSource(const locate::ModuleFiles& files) : file_(files.map) {
    if (files.pe) base_ = files.pe->image_base();
    if (files.image) base_ = files.image->load_base();
  }

  uint32_t kinds() const override { return image::kFromMap; }

  void add_symbols(std::vector<SymbolClaim>& out, std::deque<std::string>&) override {
    for (const MapSymbol& s : read_map(file_->bytes(), base_)) {
      out.push_back({.symbol = {.name = s.name, .address = s.rva, .is_function = s.is_code},
                     .end = s.section_end,
                     .binding = 1});
    }
  }

 private:
  std::shared_ptr<const MappedFile> file_;
  uint64_t base_ = 0;
};

}  // namespace

std::unique_ptr<Source> open_map_source(const locate::ModuleFiles& files) {
  return files.map ? std::make_unique<MapSource>(files) : nullptr;
}

}  // namespace inquest::symbols
