// What a PDB says of its sources: Source Link's JSON and a source server's index, asked for files
// that the input names itself. Seeds: an example of each.
#include <cstdlib>

#include "format/pdb/source_links.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace inquest;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  for (auto parse : {pdb::parse_source_link, pdb::parse_srcsrv}) {
    auto links = parse(text);
    if (!links) continue;
    for (size_t at = 0; at < size && at < 4096; at += 61) {
      std::string_view rest = text.substr(at);
      std::string_view file = rest.substr(0, rest.find_first_of("*\"\n"));
      pdb::SourcePlace place = links->find(file);
      if (!place.url.empty() && !pdb::is_shown_url(place.url)) std::abort();
      if (place.command.size() > (1 << 20)) std::abort();
    }
  }
  return 0;
}
