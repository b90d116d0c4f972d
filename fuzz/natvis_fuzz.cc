// A .natvis file. What is made of it must parse as our own text.
#include <algorithm>
#include <cstdlib>

#include "objects/containers.h"
#include "objects/containers/natvis.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace inquest;
  std::string_view xml(reinterpret_cast<const char*>(data), std::min<size_t>(size, 1 << 14));
  objects::is_natvis(xml);
  auto natvis = objects::translate_natvis(xml, "fuzz");
  if (natvis && !objects::Descriptions::parse(natvis->text, "fuzz")) std::abort();
  return 0;
}
