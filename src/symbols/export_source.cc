// The export table of a Windows image: the last resort. Functions that are not exported have no
// name there, so a name far before an address may be of another function; it is labelled.
#include <algorithm>

#include "symbols/cache/image_format.h"
#include "symbols/source.h"

namespace inquest::symbols {
namespace {

class ExportSource final : public Source {
 public:
  explicit ExportSource(std::shared_ptr<const pe::File> image) : image_(std::move(image)) {}

  uint32_t kinds() const override { return image::kFromExports; }

  void add_symbols(std::vector<SymbolClaim>& out, std::deque<std::string>& made) override {
    std::vector<Interval> claims;
    const auto& sections = image_->sections();
    for (uint32_t i = 0; i < sections.size(); ++i) {
      const pe::Section& s = sections[i];
      claims.push_back({s.rva, s.rva + std::min(s.virtual_size, UINT32_MAX - s.rva), i});
    }
    const std::vector<Interval> ranges = flatten(std::move(claims));
    for (const pe::Export& e : image_->exports()) {
      if (e.rva.value > UINT32_MAX) continue;
      const auto rva = static_cast<uint32_t>(e.rva.value);
      const Interval* section = find(ranges, rva);
      if (!section) continue;
      std::string_view name = e.name;
      if (name.empty()) name = made.emplace_back(fmt::format("Ordinal{}", e.ordinal));
      out.push_back({.symbol = {.name = name,
                                .address = rva,
                                .is_function = sections[section->owner].executable(),
                                .is_export = true},
                     .end = section->end,
                     .binding = 3});
    }
  }

 private:
  std::shared_ptr<const pe::File> image_;
};

}  // namespace

std::unique_ptr<Source> open_export_source(const locate::ModuleFiles& files) {
  return files.pe ? std::make_unique<ExportSource>(files.pe) : nullptr;
}

}  // namespace inquest::symbols
