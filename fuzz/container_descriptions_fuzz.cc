// A text of container descriptions, and names of types to be matched with what it describes: the
// first line that begins with "?" and those after it are the names.
#include <algorithm>
#include <cstdlib>

#include "objects/containers.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace inquest;
  std::string_view text(reinterpret_cast<const char*>(data), std::min<size_t>(size, 1 << 14));
  size_t questions = text.find("\n?");
  std::string_view names = questions == text.npos ? text : text.substr(questions + 2);
  auto own = objects::Descriptions::parse(text.substr(0, questions), "fuzz",
                                          &objects::Descriptions::built_in());
  const objects::Descriptions& all = own ? *own : objects::Descriptions::built_in();
  for (size_t asked = 0; !names.empty() && asked < 16; ++asked) {
    size_t end = std::min(names.find('\n'), names.size());
    std::string_view name = names.substr(0, std::min<size_t>(end, 512));
    names.remove_prefix(std::min(end + 1, names.size()));
    all.links(name);
    all.cells(name);
    if (all.plain_type(name).size() > (1 << 24)) std::abort();
    if (objects::split_template(name).name.size() > name.size()) std::abort();
  }
  return 0;
}
