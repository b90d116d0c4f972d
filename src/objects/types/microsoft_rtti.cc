#include "objects/types/microsoft_rtti.h"

#include "base/limits.h"
#include "symbols/symbols.h"

namespace inquest::objects {
namespace {

constexpr uint32_t kMostMicrosoftBases = 1024;
constexpr uint32_t kFarthestTable = 1u << 31;
constexpr std::string_view kVftable = "::`vftable'";

/// Reads what lies in one image.
class ImageReader {
 public:
  ImageReader(const snapshot::Snapshot& process, const snapshot::Module& image)
      : memory_(process.memory),
        image_(image.range),
        word_size_(snapshot::pointer_size(process.arch)) {}

  bool is_relative() const { return word_size_ == 8; }
  unsigned word_size() const { return word_size_; }
  bool holds(uint64_t at, uint64_t size) const { return image_.contains({at}, size); }
  std::optional<uint32_t> number(uint64_t at) const {
    return holds(at, 4) ? memory_.read<uint32_t>({at}) : std::nullopt;
  }
  /// Follows the 32 bits at `at` to `size` bytes of the image.
  std::optional<uint64_t> follow(uint64_t at, uint64_t size) const {
    auto value = number(at);
    if (!value || *value == 0) return {};
    const uint64_t target = is_relative() ? image_.begin.value + *value : *value;
    if (!holds(target, size)) return {};
    return target;
  }
  std::optional<std::string> name_of(uint64_t descriptor) const {
    const uint64_t at = descriptor + 2 * word_size_;
    if (!holds(at, 4)) return {};
    auto text = memory_.read_string({at}, kLimits.string_bytes);
    if (!text || !text->starts_with(".?A")) return {};
    return text;
  }
  uint64_t begin() const { return image_.begin.value; }
  std::optional<uint64_t> pointer(uint64_t at) const {
    return holds(at, word_size_) ? memory_.read_pointer({at}, word_size_) : std::nullopt;
  }

 private:
  const snapshot::Memory& memory_;
  AddressRange image_;
  unsigned word_size_;
};

/// Whether a hierarchy is that of the class with this type descriptor: it names itself first.
bool is_hierarchy_of(const ImageReader& image, uint64_t hierarchy, uint64_t own_descriptor) {
  auto signature = image.number(hierarchy), attributes = image.number(hierarchy + 4);
  auto count = image.number(hierarchy + 8);
  if (!signature || !attributes || !count || *signature > 1 || *attributes > 7) return false;
  if (*count == 0 || *count > kMostMicrosoftBases) return false;
  auto array = image.follow(hierarchy + 12, uint64_t{*count} * 4);
  auto first = array ? image.follow(*array, 20) : std::nullopt;
  return first && image.follow(*first, 2 * image.word_size()) == own_descriptor;
}

}  // namespace

std::string_view class_of_vftable(std::string_view symbol) {
  const size_t end = symbol.find(kVftable);
  if (end == std::string_view::npos) return {};
  symbol = symbol.substr(0, end);
  if (symbol.starts_with("const ")) symbol.remove_prefix(6);
  return symbol;
}

std::string without_class_keywords(std::string text) {
  for (std::string_view word : {"class ", "struct ", "enum ", "union "}) {
    for (size_t at = 0; (at = text.find(word, at)) != std::string::npos;) {
      const bool starts = at == 0 || text[at - 1] == '<' || text[at - 1] == ',' ||
                          text[at - 1] == ' ' || text[at - 1] == '(';
      if (starts) {
        text.erase(at, word.size());
      } else {
        ++at;
      }
    }
  }
  return text;
}

std::string microsoft_name(std::string_view mangled) {
  // .?A, then V (class), U (struct) or T (union), then the name as every symbol has it.
  if (mangled.size() < 6 || !mangled.starts_with(".?A")) return {};
  if (mangled[3] != 'V' && mangled[3] != 'U' && mangled[3] != 'T') return {};
  const std::string table = symbols::demangle("??_7" + std::string(mangled.substr(4)) + "6B@");
  return without_class_keywords(std::string(class_of_vftable(table)));
}

std::optional<MicrosoftClass> microsoft_class(const snapshot::Snapshot& process, Address vptr) {
  const snapshot::Module* module = process.module_at(vptr);
  if (process.os != snapshot::Os::windows || !module) return {};
  const ImageReader image(process, *module);
  const uint64_t word_size = image.word_size();
  if (vptr.value % word_size != 0 || vptr.value < word_size) return {};
  auto locator = image.pointer(vptr.value - word_size);
  const uint64_t size = image.is_relative() ? 24 : 20;
  if (!locator || !image.holds(*locator, size)) return {};
  auto signature = image.number(*locator), offset = image.number(*locator + 4);
  auto displacement = image.number(*locator + 8);
  if (!signature || !offset || !displacement) return {};
  if (*signature != (image.is_relative() ? 1 : 0)) return {};
  if (*offset >= kFarthestTable || *offset % word_size != 0) return {};
  // A locator knows where it lies itself.
  if (image.is_relative() && image.number(*locator + 20) != *locator - image.begin()) return {};
  auto descriptor = image.follow(*locator + 12, 2 * word_size);
  auto hierarchy = image.follow(*locator + 16, 16);
  if (!descriptor || !hierarchy || !is_hierarchy_of(image, *hierarchy, *descriptor)) return {};
  auto mangled = image.name_of(*descriptor);
  if (!mangled) return {};
  MicrosoftClass out{.mangled = *mangled, .offset = *offset, .displacement_at = *displacement};
  out.name = microsoft_name(*mangled);
  if (out.name.empty()) return {};
  return out;
}

}  // namespace inquest::objects
