// What a dump does not say of its Windows modules, from their headers as they lay in memory: Wine
// and some other writers leave the CodeView records out.
#include "format/pe/file.h"
#include "ingest/minidump_parts.h"

namespace inquest::ingest {
namespace {

using snapshot::Module;

bool lacks_something(const Module& module) {
  const snapshot::Identity& identity = module.identity;
  return !identity.debug_id || identity.timestamp.value_or(0) == 0 || module.version.empty();
}

void identify_one(const snapshot::Memory& memory, Module& module) {
  AddressRange range = module.range;
  auto read = [&memory, range](Rva rva, std::span<std::byte> out) -> size_t {
    if (rva.value >= range.size()) return 0;
    return memory.read(range.begin + rva.value,
                       out.first(std::min<uint64_t>(out.size(), range.size() - rva.value)));
  };
  auto image = pe::File::from_memory(read, module.path);
  if (!image) return;
  snapshot::Identity& identity = module.identity;
  // The writer asked the loader; headers that say another time were written over.
  const uint32_t told = identity.timestamp.value_or(0);
  if (told != 0 && told != (*image)->timestamp()) return;
  if (told == 0 && (*image)->timestamp() != 0) identity.timestamp = (*image)->timestamp();
  if (!identity.checksum && (*image)->checksum() != 0) identity.checksum = (*image)->checksum();
  if (!identity.debug_id) {
    // A GUID of zeros was wiped: it is nobody's.
    auto record = (*image)->codeview();
    if (record && record->debug_id.find_first_not_of('0') < 32) {
      identity.debug_id = record->debug_id;
      identity.debug_file = record->pdb;
    }
  }
  if (module.version.empty()) module.version = (*image)->version();
}

}  // namespace

void identify_from_memory(snapshot::Snapshot& snapshot) {
  if (snapshot.os != snapshot::Os::windows) return;
  for (Module& module : snapshot.modules) {
    if (lacks_something(module)) identify_one(snapshot.memory, module);
  }
}

}  // namespace inquest::ingest
