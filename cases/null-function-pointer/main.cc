// Plug-ins hand over a table of C callbacks. One of them fills in on_login only, and the host calls
// its on_logout: the program counter becomes 0, and only the return address says who called.
#include <string>
#include <vector>

#include "../patient.h"

struct Hooks {
  const char* name = "";
  int (*on_login)(const char* player) = nullptr;
  int (*on_logout)(const char* player) = nullptr;
};

int count_letters(const char* player) { return static_cast<int>(std::string(player).size()); }
int forget(const char* player) { return -count_letters(player); }

class Host {
 public:
  void add(Hooks hooks) { plugins_.push_back(hooks); }

  NOINLINE int login(const std::string& player) {
    int sum = 0;
    for (const Hooks& hooks : plugins_) sum += hooks.on_login(player.c_str());
    return sum;
  }

  NOINLINE int logout(const std::string& player) {
    int sum = 0;
    for (const Hooks& hooks : plugins_) sum += hooks.on_logout(player.c_str());
    return sum;
  }

 private:
  std::vector<Hooks> plugins_;
};

int main() {
  Host host;
  host.add({"statistics", count_letters, forget});
  host.add({"greeter", count_letters});
  int sum = host.login("alice");
  sum += host.logout("alice");
  std::printf("%d\n", sum);
}
