// A greeting is formatted into a local buffer of 32 bytes; the name comes from the player. Built
// with -fstack-protector-strong, so the broken canary is noticed when the function returns.
#include <string>
#include <vector>

#include "../patient.h"

class Greeter {
 public:
  explicit Greeter(std::string server) : server_(std::move(server)) {}

  NOINLINE std::string greet(const char* player) const {
    char line[32];
    std::sprintf(line, "%s welcomes %s", server_.c_str(), player);
    return line;
  }

 private:
  std::string server_;
};

NOINLINE std::size_t greet_all(const Greeter& greeter, const std::vector<std::string>& players) {
  std::size_t letters = 0;
  for (const std::string& player : players) letters += greeter.greet(player.c_str()).size();
  return letters;
}

int main() {
  const Greeter greeter("Westmarch");
  std::printf("%zu letters\n",
              greet_all(greeter, {"alice", "Sir Bartholomew the Undefeated of Kingsbridge"}));
}
