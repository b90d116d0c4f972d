/// libedit, loaded when the first prompt is shown: it needs three libraries more, and most runs of
/// the program ask nothing.
#pragma once

#include <histedit.h>

namespace inquest::app {

struct Editline {
  decltype(&::el_init) init = nullptr;
  decltype(&::el_end) end = nullptr;
  decltype(&::el_set) set = nullptr;
  decltype(&::el_get) get = nullptr;
  decltype(&::el_gets) gets = nullptr;
  decltype(&::el_line) line = nullptr;
  decltype(&::el_insertstr) insert = nullptr;
  decltype(&::el_deletestr) erase = nullptr;
  decltype(&::history_init) history_init = nullptr;
  decltype(&::history_end) history_end = nullptr;
  decltype(&::history) history = nullptr;
};

/// Null when this machine has no libedit. It stays loaded.
const Editline* load_editline();

}  // namespace inquest::app
