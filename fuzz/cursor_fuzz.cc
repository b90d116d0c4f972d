// Cursor under any sequence of calls: it stays inside its bytes, and its first error sticks.
// Each operation is one byte of the input, its argument the next two; the cursor reads the input.
// Seeds: the files in corpus/cursor are written by hand (printf).
#include <cstdint>
#include <cstdlib>

#include "base/cursor.h"

using namespace inquest;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto require = [](bool promise) {
    if (!promise) std::abort();
  };
  Bytes bytes = std::as_bytes(std::span(data, size));
  Cursor cursor{bytes, "fuzz", 0x1000};
  for (size_t i = 0; i + 2 < size; i += 3) {
    uint64_t argument = data[i + 1] | static_cast<uint64_t>(data[i + 2]) << 8;
    if (argument & 0x8000) argument = ~argument;  // also numbers near 2^64
    bool failed = cursor.failed();
    uint64_t before = cursor.position();
    switch (data[i] % 12) {
      case 0:
        cursor.read<u8>();
        break;
      case 1:
        cursor.read<le16>();
        break;
      case 2:
        cursor.read<le64>();
        break;
      case 3:
        require(cursor.take(argument).size() <= size);
        break;
      case 4:
        cursor.uleb128();
        break;
      case 5:
        cursor.sleb128();
        break;
      case 6:
        require(cursor.c_string().size() < size + 1);
        break;
      case 7:
        cursor.seek(argument);
        break;
      case 8:
        cursor.align(uint64_t{1} << (argument % 16));
        break;
      case 9:
        require(cursor.count(argument) <= size || argument == 0);
        break;
      case 10:
        cursor.fits(argument, argument >> 3);
        break;
      case 11:
        cursor.skip(argument);
        break;
    }
    require(cursor.position() <= size && cursor.remaining() <= size);
    if (failed) require(cursor.failed() && cursor.position() == before);
    require(cursor.finish().has_value() != cursor.failed());
  }
  return 0;
}
