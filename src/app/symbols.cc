#include "app/symbols.h"

#include "app/verbs.h"

namespace inquest::app {

void add_symbols(CLI::App& root, ExitStatus& status) {
  auto* verb =
      root.add_subcommand("symbols", "Look after symbols: keep a store, find what is missing");
  verb->require_subcommand(1);
  verb->footer(
      "Examples:\n"
      "  inquest symbols find crash.dmp                          what is missing, and where was it "
      "looked for?\n"
      "  inquest symbols add --store /srv/symbols build/release  keep the symbols of a build\n"
      "  inquest why crash.dmp --symbols /srv/symbols            use them");
  add_symbols_find(*verb, status);
  add_symbols_add(*verb, status);
  add_symbols_list(*verb, status);
  add_symbols_check(*verb, status);
  add_symbols_compile(*verb, status);
}

}  // namespace inquest::app
