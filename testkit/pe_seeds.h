/// Small Windows images, one of each kind that the reader knows: seeds for the fuzzer.
#pragma once

#include "testkit/elf_seeds.h"

namespace inquest::testkit {

/// File name -> bytes, as pe_fuzz takes them: a byte (0: a file, 1: an image in memory), the image.
Seeds pe_seeds();

}  // namespace inquest::testkit
