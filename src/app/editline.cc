#include "app/editline.h"

#include <dlfcn.h>

namespace inquest::app {
namespace {

constexpr const char* kLibrary = "libedit.so.2";  // the one of Debian's libedit2

template <typename Function>
bool find(void* library, const char* name, Function*& function) {
  function = reinterpret_cast<Function*>(::dlsym(library, name));
  return function != nullptr;
}

bool load(Editline& all) {
  void* library = ::dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  return library && find(library, "el_init", all.init) && find(library, "el_end", all.end) &&
         find(library, "el_set", all.set) && find(library, "el_get", all.get) &&
         find(library, "el_gets", all.gets) && find(library, "el_line", all.line) &&
         find(library, "el_insertstr", all.insert) && find(library, "el_deletestr", all.erase) &&
         find(library, "history_init", all.history_init) &&
         find(library, "history_end", all.history_end) && find(library, "history", all.history);
}

}  // namespace

const Editline* load_editline() {
  static Editline all;
  static const bool loaded = load(all);
  return loaded ? &all : nullptr;
}

}  // namespace inquest::app
