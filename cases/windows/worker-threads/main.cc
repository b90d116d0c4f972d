// Four workers wait for work; a fifth follows a null pointer.
#include "../runtime/windows.h"

struct Job {
  int priority;
  int cost;
};

NOINLINE unsigned wait_for_work(void*) {
  Sleep(60000);
  return 0;
}

NOINLINE int cost_of(const Job* job) { return job->cost; }

NOINLINE unsigned work(void* job) { return static_cast<unsigned>(cost_of(static_cast<Job*>(job))); }

int run_patient() {
  for (int i = 0; i < 4; ++i) CreateThread(nullptr, 0, wait_for_work, nullptr, 0, nullptr);
  Sleep(50);
  WaitForSingleObject(CreateThread(nullptr, 0, work, nullptr, 0, nullptr), ~0u);
  return 0;
}
