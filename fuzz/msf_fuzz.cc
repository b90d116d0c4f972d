/// What is read of files before they are believed: PDBs, images, .sym, maps, archives, pointers.
/// Seeds: src/locate/seeds_test.cc, by `INQUEST_WRITE_SEEDS=fuzz/corpus inquest_locate_test`.
#include <cstdlib>
#include <sys/mman.h>
#include <unistd.h>

#include "format/pdb/identity.h"
#include "format/pdb/msf.h"
#include "format/pe/identity.h"
#include "locate/file_facts.h"
#include "locate/packed_file.h"
#include "locate/store_layout.h"
#include "locate/symbol_path.h"

namespace {

using namespace inquest;

constexpr uint64_t kLargest = 1 << 20;

void unpack_one(Bytes bytes) {
  if (locate::packing_name(bytes).empty()) return;
  int out = memfd_create("out", MFD_CLOEXEC);
  if (out < 0) return;
  (void)locate::unpack_file(bytes, "crash.pdb", out, kLargest, "fuzzed");
  // The limit holds, whatever the archive claims.
  if (lseek(out, 0, SEEK_END) > static_cast<off_t>(kLargest)) std::abort();
  close(out);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Bytes bytes = std::as_bytes(std::span(data, size));
  if (auto pdb = pdb::read_identity(bytes, "fuzzed")) {
    if (!pdb->matches(pdb->debug_id())) std::abort();
    (void)pdb::claimed_size(bytes);
  }
  (void)pe::read_identity(bytes, "fuzzed");
  if (auto sym = locate::read_sym_module(bytes)) {
    auto key = locate::sym_key(sym->name, sym->id);
    // No name leads out of the store.
    if (key && key->relative().starts_with("../")) std::abort();
    if (key && key->relative().find("/../") != std::string::npos) std::abort();
  }
  (void)locate::read_map_timestamp(bytes);
  (void)locate::read_pointer(bytes);
  std::string text(reinterpret_cast<const char*>(data), size < 4096 ? size : 4096);
  (void)locate::parse_symbol_path(locate::split_symbol_path(text), "/cache");
  unpack_one(bytes);
  return 0;
}
