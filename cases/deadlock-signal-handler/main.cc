// A timer's signal handler makes a report in memory that it allocates. Sooner or later the signal
// comes while the program is allocating, and malloc waits for itself.
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <sys/time.h>
#include <thread>

#include "../patient.h"

volatile int reports = 0;

/// Tells the compiler that somebody looks at it.
void keep(void* memory) { asm volatile("" : : "r"(memory) : "memory"); }

// What is larger than the threads' own caches take goes through the arena and its lock.
extern "C" NOINLINE void make_report(int) {
  for (int line = 0; line < 50; ++line) {
    char* text = static_cast<char*>(std::malloc(3000 + static_cast<size_t>(line) * 16));
    if (!text) return;
    std::memset(text, '.', 100);
    keep(text);
    std::free(text);
  }
  reports = reports + 1;
}

NOINLINE int play(unsigned round) {
  char* boards[40];
  for (unsigned i = 0; i < 40; ++i) {
    boards[i] = static_cast<char*>(std::malloc(2000 + (round * 7 + i * 131) % 20000));
    if (boards[i]) boards[i][0] = static_cast<char>(i);
    keep(boards[i]);
  }
  int sum = 0;
  for (char* board : boards) {
    if (board) sum += board[0];
    std::free(board);
  }
  return sum;
}

int main() {
  // While a process has one thread, malloc takes no lock, and is damaged instead.
  std::thread console([] { pause(); });
  struct sigaction action{};
  action.sa_handler = make_report;
  action.sa_flags = SA_RESTART;
  sigaction(SIGALRM, &action, nullptr);
  itimerval every{{0, 100}, {0, 100}};
  announce_ready();
  setitimer(ITIMER_REAL, &every, nullptr);
  for (unsigned round = 0;; ++round) {
    if (play(round) < 0) break;
  }
  console.join();
}
