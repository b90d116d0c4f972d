// Breakpad's text and linkers' maps of any bytes. Seeds: records of every kind, as dump_syms writes
// them; the maps of link.exe, GNU ld and lld.
#include <cstdint>
#include <sys/mman.h>
#include <unistd.h>

#include "format/breakpad/sym_file.h"
#include "symbols/symbols.h"

using namespace inquest;
using namespace inquest::symbols;

namespace {

std::shared_ptr<const MappedFile> file_of(const uint8_t* data, size_t size) {
  int descriptor = memfd_create("fuzz", MFD_CLOEXEC);
  if (descriptor < 0) return nullptr;
  bool good = write(descriptor, data, size) == static_cast<ssize_t>(size);
  auto file = MappedFile::from_descriptor(descriptor, "fuzz");
  close(descriptor);
  return good && file ? *file : nullptr;
}

void ask(const locate::ModuleFiles& files, const std::vector<Rva>& places) {
  auto symbols = ModuleSymbols::open(files, snapshot::Arch::x86, {.use_cache = false});
  for (Rva at : places) {
    for (uint64_t distance : {0, 3, 17}) {
      symbols->frames_at(at + distance);
      symbols->symbol_at(at + distance);
    }
  }
  symbols->find("main");
  symbols->warnings();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto file = file_of(data, size);
  if (!file) return 0;
  breakpad::read_module(file->bytes(), "fuzz").has_value();
  std::vector<Rva> places = {{0x1000}};
  const breakpad::SymIndex index = breakpad::read_index(file->bytes());
  for (const auto& function : index.functions) {
    if (places.size() < 64) places.push_back({function.begin});
  }
  locate::ModuleFiles sym, map;
  sym.sym = file;
  map.map = file;
  ask(sym, places);
  ask(map, places);
  if (auto rules = read_frame_rules(sym)) {
    for (Rva at : places) {
      rules->win_at(at.value + 2);
      rules->cfi_at(at.value + 2);
    }
  }
  return 0;
}
