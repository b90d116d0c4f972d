#include "app/heap_options.h"

#include <charconv>
#include <fmt/core.h>

namespace inquest::app {

void add_naming_options(CLI::App& verb, cause::BlockNaming& naming) {
  using cause::BlockNaming;
  auto* typed = verb.add_flag_callback(
      "--typed", [&naming] { naming = BlockNaming::always; },
      "Recognise every block by debug information, where that takes more than seconds too");
  verb.add_flag_callback(
          "--untyped", [&naming] { naming = BlockNaming::virtual_tables; },
          "Name blocks by their virtual tables alone: no debug information is read for it")
      ->excludes(typed);
}

void add_reference_options(CLI::App& verb, objects::ReferenceOptions& options) {
  verb.add_option("--pointer-mask", options.pointer_mask,
                  "Bits that the program keeps tags in: cleared before a word is taken for a "
                  "pointer")
      ->type_name("HEX");
  verb.add_flag("!--no-mappings", options.mappings_are_roots,
                "Pointers in anonymous mappings that no allocator owns keep nothing alive");
}

Result<Address> address_of(const cause::Process& process, const std::string& text) {
  std::string_view digits = text;
  const bool is_hex = digits.starts_with("0x") || digits.starts_with("0X");
  if (is_hex) digits.remove_prefix(2);
  uint64_t value = 0;
  auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  const bool is_number = problem == std::errc() && end == digits.data() + digits.size();
  if (is_hex && is_number) return Address{value};
  for (const snapshot::Module& module : process.snapshot().modules) {
    const symbols::TypeReader* types = process.types(module);
    if (!types) continue;
    auto globals = types->globals(text);
    if (!globals.empty()) return module.range.begin + globals.front().begin.value;
  }
  if (auto at = process.find_symbol(text)) return *at;
  if (is_number) return Address{value};
  return fail(fmt::format("\"{}\" is neither an address nor a variable of the process", text),
              "an address is written as 0x7f1234");
}

}  // namespace inquest::app
