// A host resolves the entry points of its modules by name. The configuration names "chat_version",
// which is a variable, where "chat_start" was meant: dlsym finds both, and the host calls what it
// found.
#include <dlfcn.h>
#include <string>
#include <vector>

#include "../patient.h"

extern "C" {
int chat_version = 42;
int chat_start(int slot) { return slot + chat_version; }
int ladder_start(int slot) { return slot * 2; }
}

class Host {
 public:
  NOINLINE void load(const std::string& symbol) {
    if (void* entry = dlsym(RTLD_DEFAULT, symbol.c_str())) {
      entries_.push_back(reinterpret_cast<Entry>(entry));
    }
  }

  NOINLINE int start() {
    int sum = 0;
    for (std::size_t i = 0; i < entries_.size(); ++i) sum += start_module(i);
    return sum;
  }

 private:
  using Entry = int (*)(int slot);

  NOINLINE int start_module(std::size_t slot) {
    const int result = entries_[slot](static_cast<int>(slot));
    started_ += 1;
    return result;
  }

  std::vector<Entry> entries_;
  int started_ = 0;
};

int main() {
  Host host;
  for (const char* symbol : {"ladder_start", "chat_version"}) host.load(symbol);
  std::printf("%d\n", host.start());
}
