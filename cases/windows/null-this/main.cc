// A lookup finds nobody, and the caller calls a member of what was found.
#include "../runtime/windows.h"

class Session {
 public:
  NOINLINE void send(const char* text) {
    last_ = text;
    ++lines_;
  }

 private:
  [[maybe_unused]] char address_[24] = {};
  const char* last_ = nullptr;
  int lines_ = 0;
};

class Registry {
 public:
  NOINLINE Session* find(int id) { return id == 7 ? &only_ : nullptr; }
  NOINLINE void tell(int id, const char* text) { find(id)->send(text); }

 private:
  Session only_;
};

int run_patient() {
  static Registry registry;
  registry.tell(7, "welcome");
  registry.tell(8, "welcome");
  return 0;
}
