// A crash handler that wants to log takes the log's lock, which the code that crashed holds. The
// server does not die, it hangs, until somebody kills it.
#include <csignal>
#include <cstdio>
#include <mutex>
#include <string>

#include "../patient.h"

struct Player {
  std::string name;
  int score[8] = {};
  int level = 1;
};

std::mutex log_lock;

void log_line(const char* text) {
  std::lock_guard held(log_lock);
  std::fprintf(stderr, "%s\n", text);
}

extern "C" NOINLINE void on_crash(int) {
  log_line("crashed; writing what is known");
  _exit(3);
}

NOINLINE void log_level(const Player* player) {
  std::lock_guard held(log_lock);
  std::fprintf(stderr, "level %d\n", player->level);
}

int main() {
  std::signal(SIGSEGV, on_crash);
  Player first;
  log_level(&first);
  announce_ready();
  const Player* volatile gone = nullptr;
  log_level(gone);
}
