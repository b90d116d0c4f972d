// Debug information of any bytes: functions, inlined calls, lines, types and variables, as the
// other rooms ask for them. Seeds: small libraries by gcc and clang, DWARF 4 and 5, type units,
// split units.
#include <cstdint>
#include <elf.h>

#include "symbols/symbols.h"
#include "symbols/types.h"
#include "type_questions.h"

using namespace inquest;
using namespace inquest::symbols;

namespace {

constexpr size_t kMostPlaces = 96;

std::vector<Rva> places_in(const elf::File& file) {
  std::vector<Rva> places;
  for (const elf::Section& s : file.sections()) {
    if (!(s.flags & SHF_EXECINSTR)) continue;
    for (uint64_t at = 0; at < s.size && places.size() < kMostPlaces; at += 7) {
      places.push_back({s.address + at - file.load_base()});
    }
  }
  return places;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto opened = elf::File::parse(std::as_bytes(std::span(data, size)), nullptr, "fuzz");
  if (!opened) return 0;
  locate::ModuleFiles files;
  files.image = files.debug = files.symtab = *opened;
  auto symbols = ModuleSymbols::open(files, snapshot::Arch::x86_64, {.use_cache = false});
  const std::vector<Rva> places = places_in(**opened);
  for (Rva at : places) symbols->frames_at(at);
  symbols->find("entry");
  symbols->warnings();
  const TypeReader* types = symbols->types();
  if (!types) return 0;
  FrameAccess frame{.reg = [](snapshot::Register reg) { return std::optional<uint64_t>(reg * 8); },
                    .memory = [](Address at, unsigned) { return std::optional(at.value ^ 0x55); },
                    .cfa = Address{0x7fff0000}};
  for (size_t i = 0; i < places.size(); i += 8) {
    for (const Variable& v : types->variables_at(places[i], frame)) ask_of_types(*types, v.type, 0);
  }
  for (const char* name : {"g::Guild<4>", "g::Base", "g::Rank", "int"}) {
    ask_of_types(*types, types->find(name), 0);
  }
  size_t most = 64;
  types->each_global([&](const TypeReader::Global& global) {
    if (most > 0) ask_of_types(*types, global.type, 3);
    most -= most > 0;
  });
  for (TypeId id : types->instances("g::Guild")) ask_of_types(*types, id, 3);
  for (const auto& global : types->globals("the_guild")) {
    types->global_at(global.begin);
    ask_of_types(*types, global.type, 0);
  }
  return 0;
}
