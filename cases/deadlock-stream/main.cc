// The audit log is written under the lock of the ledger, and the ledger is looked at while the
// log's stream is locked, so that its lines stay together.
#include <atomic>
#include <cstdio>
#include <mutex>
#include <thread>

#include "../patient.h"

std::mutex ledger;
long balance = 100;
FILE* audit = nullptr;
std::atomic<int> begun = 0;

void meet() {
  ++begun;
  while (begun < 2) usleep(1000);
}

NOINLINE void book(long amount) {
  std::lock_guard held(ledger);
  balance += amount;
  meet();
  std::fprintf(audit, "booked %ld\n", amount);
}

NOINLINE void report() {
  flockfile(audit);
  std::fprintf(audit, "balance:");
  meet();
  {
    std::lock_guard held(ledger);
    std::fprintf(audit, " %ld\n", balance);
  }
  funlockfile(audit);
}

int main() {
  audit = std::tmpfile();
  if (!audit) return 1;
  announce_ready();
  std::thread accountant([] {
    name_this_thread("accountant");
    report();
  });
  book(7);
  accountant.join();
}
