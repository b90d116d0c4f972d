#include "cause/runtime/msvc_exception.h"

#include <algorithm>

#include "snapshot/exceptions.h"
#include "symbols/symbols.h"

namespace inquest::cause {
namespace {

constexpr uint32_t kMagic[] = {0x19930520, 0x19930521, 0x19930522, 0x01994000};
constexpr uint32_t kMostTypes = 64;
constexpr size_t kLongestWhat = 4096;

std::string exception_text_at(const snapshot::Memory& memory, Address at, size_t longest) {
  std::string text;
  while (text.size() < longest) {
    auto c = memory.read<u8>(at + text.size());
    if (!c || *c == 0) break;
    text += static_cast<char>(uint8_t{*c});
  }
  return text;
}

/// A type's name stands in a writable section, behind a word that the runtime fills in: small dumps
/// lack it, and the image has it as it will always be.
std::string type_text(const Process& process, Address at) {
  std::string text = exception_text_at(process.memory(), at, kLongestWhat);
  if (!text.empty()) return text;
  const auto* module = process.snapshot().module_at(at);
  const auto image = module ? process.files(*module).pe : nullptr;
  if (!image) return {};
  Bytes stored = image->from(Rva{at - module->range.begin});
  stored = stored.first(std::min(stored.size(), kLongestWhat));
  auto end = std::find(stored.begin(), stored.end(), std::byte{0});
  if (end == stored.end()) return {};
  return {reinterpret_cast<const char*>(stored.data()), static_cast<size_t>(end - stored.begin())};
}

/// Follows the tables of one exception; in 64-bit images by RVAs, else by pointers.
class Tables {
 public:
  Tables(const Process& process, Address image) : process_(process), image_(image) {}

  std::optional<Address> link(Address at) const {
    auto word = process_.memory().read<le32>(at);
    if (!word || *word == 0) return {};
    return is_64() ? image_ + *word : Address{*word};
  }
  bool is_64() const { return is_64_bit(process_.arch()); }

 private:
  const Process& process_;
  Address image_;
};

bool is_printable_text(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 || byte == '\n' || byte == '\t' || byte == '\r';
  });
}

/// std::exception's text; `base` is where that base class begins in the object.
std::optional<std::string> what_of(const Process& process, Address base) {
  unsigned size = snapshot::pointer_size(process.arch());
  auto pointer = process.memory().read_pointer(base + size, size);
  if (!pointer || *pointer == 0) return {};
  std::string text = exception_text_at(process.memory(), Address{*pointer}, kLongestWhat);
  if (text.empty() || !is_printable_text(text)) return {};
  return text;
}

}  // namespace

std::string type_name(std::string_view decorated) {
  if (!decorated.starts_with(".?A") || decorated.size() < 5) return std::string(decorated);
  std::string name = symbols::demangle("??_R0" + std::string(decorated.substr(1)) + "@8");
  size_t suffix = name.find(" `RTTI Type Descriptor'");
  if (suffix != name.npos) {
    name.resize(suffix);
    for (std::string_view word : {"class ", "struct ", "union ", "enum "}) {
      if (name.starts_with(word)) name.erase(0, word.size());
    }
    return name;
  }
  // Names without templates: the parts stand innermost first.
  std::string_view parts = decorated.substr(4);
  while (parts.ends_with('@')) parts.remove_suffix(1);
  std::string out;
  while (!parts.empty()) {
    size_t at = parts.rfind('@');
    std::string_view part = at == parts.npos ? parts : parts.substr(at + 1);
    out.append(out.empty() ? "" : "::").append(part);
    parts = at == parts.npos ? std::string_view{} : parts.substr(0, at);
  }
  return out;
}

std::optional<MicrosoftException> microsoft_exception(const Process& process) {
  const auto& fault = process.snapshot().fault;
  if (!fault || fault->exception != snapshot::exception::kCppMicrosoft) return {};
  const auto& parameters = fault->parameters;
  if (parameters.size() < 3) return {};
  auto magic = static_cast<uint32_t>(parameters[0]);
  if (std::find(std::begin(kMagic), std::end(kMagic), magic) == std::end(kMagic)) return {};
  MicrosoftException out{.object = Address{parameters[1]}};
  const auto& memory = process.memory();
  Tables tables(process, Address{parameters.size() > 3 ? parameters[3] : 0});
  if (parameters[2] == 0) return out;  // `throw;` with nothing in flight
  auto list = tables.link(Address{parameters[2]} + 12);
  auto count = list ? memory.read<le32>(*list) : std::nullopt;
  for (uint32_t i = 0; count && i < std::min<uint32_t>(*count, kMostTypes); ++i) {
    auto entry = tables.link(*list + 4 + uint64_t{4} * i);
    auto descriptor = entry ? tables.link(*entry + 4) : std::nullopt;
    if (!descriptor) continue;
    uint64_t head = tables.is_64() ? 16 : 8;
    std::string decorated = type_text(process, *descriptor + head);
    if (!decorated.starts_with(".")) continue;
    out.types.push_back(type_name(decorated));
    auto displacement = memory.read<le32>(*entry + 8);
    if (out.types.back() == "std::exception" && displacement && !out.what) {
      out.what = what_of(process, out.object + uint32_t{*displacement});
    }
  }
  return out;
}

}  // namespace inquest::cause
