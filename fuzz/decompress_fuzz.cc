// The unpackers: the first byte chooses the packing, the rest is the stream.
// Seeds: base/decompress_test.cc, written by `INQUEST_WRITE_SEEDS=fuzz/corpus inquest_base_test`.
#include <cstdint>
#include <cstdlib>
#include <sys/mman.h>
#include <unistd.h>

#include "base/decompress.h"

using namespace inquest;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  constexpr uint64_t kLimit = 1 << 16;
  auto packing = static_cast<Packing>(data[0] % 6);
  Bytes packed = std::as_bytes(std::span(data + 1, size - 1));
  (void)packing_of(packed);
  auto whole = unpack(packed, packing, kLimit);
  if (whole && whole->size() > kLimit) std::abort();

  int descriptor = memfd_create("unpacked", MFD_CLOEXEC);
  if (descriptor < 0) return 0;
  auto file = unpack_to_file(packed, packing, descriptor, kLimit);
  off_t end = lseek(descriptor, 0, SEEK_END);
  close(descriptor);
  if (file && file->bytes != static_cast<uint64_t>(end)) std::abort();
  // What unpacks whole to memory also unpacks whole to a file.
  if (whole && (!file || file->cut || file->bytes != whole->size())) std::abort();
  return 0;
}
