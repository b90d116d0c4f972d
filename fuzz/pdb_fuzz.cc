// PDBs of any bytes: identity, functions, inlined calls, lines, public symbols, frame rules, types
// and variables. Seeds: programs of clang's and lld's, small and repacked into blocks of 512 bytes
// by fuzz/repack_pdb.py, for x64, x86 and with identical code folded.
#include <cstdint>
#include <sys/mman.h>
#include <unistd.h>

#include "symbols/pdb/pdb_file.h"
#include "symbols/symbols.h"
#include "symbols/types.h"
#include "type_questions.h"

using namespace inquest;
using namespace inquest::symbols;

namespace {

constexpr size_t kMostPlaces = 256;

std::vector<Rva> places_in(const std::shared_ptr<const MappedFile>& file) {
  std::vector<Rva> places;
  auto pdb = symbols::pdb::PdbFile::open(file);
  if (!pdb) return places;
  for (const Interval& part : (*pdb)->contributions()) {
    for (uint64_t at = part.begin; at < part.end && places.size() < kMostPlaces; at += 9) {
      places.push_back({at});
    }
  }
  return places;
}

std::shared_ptr<const MappedFile> file_of(const uint8_t* data, size_t size) {
  int descriptor = memfd_create("fuzz", MFD_CLOEXEC);
  if (descriptor < 0) return nullptr;
  bool good = write(descriptor, data, size) == static_cast<ssize_t>(size);
  auto file = MappedFile::from_descriptor(descriptor, "fuzz");
  close(descriptor);
  return good && file ? *file : nullptr;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  locate::ModuleFiles files;
  files.pdb = file_of(data, size);
  if (!files.pdb) return 0;
  read_frame_rules(files);
  auto symbols = ModuleSymbols::open(files, snapshot::Arch::x86_64, {.use_cache = false});
  const std::vector<Rva> places = places_in(files.pdb);
  for (Rva at : places) symbols->frames_at(at);
  symbols->find("plain");
  symbols->symbol_at({0x1010});
  symbols->warnings();
  symbols->source_place("C:\\src\\a.cc");
  const TypeReader* types = symbols->types();
  if (!types) return 0;
  FrameAccess frame{.reg = [](snapshot::Register reg) { return std::optional<uint64_t>(reg * 8); }};
  for (size_t i = 0; i < places.size(); i += 8) {
    for (const Variable& v : types->variables_at(places[i], frame)) ask_of_types(*types, v.type, 0);
  }
  for (const char* name : {"game::Guild", "game::Base", "game::Rank", "int"}) {
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
  for (uint64_t id = 0x1000; id < 0x1020; ++id) ask_of_types(*types, {id}, 3);
  return 0;
}
