#include "cause/runtime/what.h"

#include <algorithm>

#include "base/limits.h"
#include "cause/runtime/followed_call.h"

namespace inquest::cause {
namespace {

constexpr uint64_t kWhatSlot = 2;  // behind the two destructors
constexpr uint64_t kLongestString = 1 << 16;

template <class T>
std::optional<ReadText> number(const snapshot::Memory& memory, Address at) {
  auto value = memory.read<T>(at);
  if (!value) return {};
  return ReadText{fmt::format("{}", *value), "value"};
}

/// A thrown number, pointer or string.
std::optional<ReadText> plain_value(const Process& process, Address object,
                                    std::string_view mangled) {
  const auto& memory = process.memory();
  if (mangled.size() == 1) {
    switch (mangled[0]) {
      case 'i':
        return number<int32_t>(memory, object);
      case 'j':
        return number<uint32_t>(memory, object);
      case 'l':
      case 'x':
        return number<int64_t>(memory, object);
      case 'm':
      case 'y':
        return number<uint64_t>(memory, object);
      case 's':
        return number<int16_t>(memory, object);
      case 't':
        return number<uint16_t>(memory, object);
      case 'f':
        return number<float>(memory, object);
      case 'd':
        return number<double>(memory, object);
      case 'b':
      case 'c':
      case 'a':
      case 'h': {
        auto value = memory.read<uint8_t>(object);
        if (!value) return {};
        return ReadText{fmt::format("{}", static_cast<unsigned>(*value)), "value"};
      }
      default:
        return {};
    }
  }
  if (mangled == "PKc" || mangled == "Pc") {
    auto pointer = memory.read<uint64_t>(object);
    if (!pointer) return {};
    auto text = text_at(memory, Address{*pointer});
    if (!text) return {};
    return ReadText{*text, "the characters thrown"};
  }
  if (mangled == "NSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE") {
    auto text = std_string_at(memory, object);
    if (!text) return {};
    return ReadText{*text, "the string thrown"};
  }
  return {};
}

struct Fixed {
  std::string_view mangled, text;
};
/// Classes whose what() says the same in every object, for when the library's image is missing.
constexpr Fixed kFixed[] = {
    {"St9bad_alloc", "std::bad_alloc"},
    {"St20bad_array_new_length", "std::bad_array_new_length"},
    {"St8bad_cast", "std::bad_cast"},
    {"St10bad_typeid", "std::bad_typeid"},
    {"St13bad_exception", "std::bad_exception"},
    {"St17bad_function_call", "bad_function_call"},
    {"St12bad_weak_ptr", "bad_weak_ptr"},
    {"St19bad_optional_access", "bad optional access"},
    {"St12bad_any_cast", "bad any_cast"},
    {"St9exception", "std::exception"},
};

/// The program's own classes are named in the message as they are in the source.
std::optional<ReadText> by_layout(const Process& process, Address object, const TypeInfo& type) {
  const auto& memory = process.memory();
  for (std::string_view base : {"St13runtime_error", "St11logic_error"}) {
    auto at = find_base(process, object, type, base);
    if (!at) continue;
    auto pointer = memory.read<uint64_t>(*at + 8);
    auto text = pointer ? text_at(memory, Address{*pointer}) : std::nullopt;
    if (text)
      return ReadText{*text, fmt::format("the message of its {}", base == "St13runtime_error"
                                                                      ? "std::runtime_error"
                                                                      : "std::logic_error")};
  }
  for (const auto& fixed : kFixed) {
    if (type.mangled == fixed.mangled) return ReadText{std::string(fixed.text), "its type"};
  }
  return {};
}

}  // namespace

std::optional<std::string> text_at(const snapshot::Memory& memory, Address at) {
  if (at.value < 4096) return {};
  auto text = memory.read_string(at, kLongestString);
  if (!text) return {};
  for (size_t i = 0; i < text->size();) {
    auto c = static_cast<unsigned char>((*text)[i]);
    size_t more = c < 0x80                ? 0
                  : c >= 0xc2 && c < 0xe0 ? 1
                  : c >= 0xe0 && c < 0xf0 ? 2
                  : c >= 0xf0 && c < 0xf5 ? 3
                                          : 9;
    if (more == 9 || i + more >= text->size() + (more == 0)) return {};
    if (more == 0 && c < 0x20 && c != '\n' && c != '\t' && c != '\r' && c != 0x1b) return {};
    if (c == 0x7f) return {};
    for (size_t k = 1; k <= more; ++k) {
      if ((static_cast<unsigned char>((*text)[i + k]) & 0xc0) != 0x80) return {};
    }
    i += 1 + more;
  }
  return text;
}

std::optional<std::string> std_string_at(const snapshot::Memory& memory, Address at) {
  auto data = memory.read<uint64_t>(at);
  auto size = memory.read<uint64_t>(at + 8);
  auto capacity = memory.read<uint64_t>(at + 16);
  if (!data || !size || !capacity || *size > kLongestString) return {};
  bool local = *data == at.value + 16;
  if (local ? *size > 15 : *capacity < *size || *capacity > uint64_t{1} << 46) return {};
  if (memory.read<uint8_t>(Address{*data} + *size) != uint8_t{0}) return {};
  auto text = text_at(memory, Address{*data});
  if (!text || text->size() != *size) return {};
  return text;
}

std::optional<ReadText> what_of(const Process& process, Address object, const TypeInfo& type) {
  if (auto value = plain_value(process, object, type.mangled)) return value;
  auto base = find_base(process, object, type, "St9exception");
  if (base && process.arch() == snapshot::Arch::x86_64) {
    auto vptr = process.memory().read<uint64_t>(*base);
    auto slot =
        vptr ? process.memory().read<uint64_t>(Address{*vptr + 8 * kWhatSlot}) : std::nullopt;
    if (slot) {
      auto result = followed_call(process, Address{*slot}, *base);
      auto text = result ? text_at(process.memory(), Address{*result}) : std::nullopt;
      if (text) return ReadText{*text, "its what()"};
    }
  }
  return by_layout(process, object, type);
}

}  // namespace inquest::cause
