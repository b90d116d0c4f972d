// Two threads take two locks in two orders. Somebody dumps the process that hangs.
#include "../runtime/windows.h"

static CriticalSection accounts, trades;

NOINLINE unsigned trade(void*) {
  EnterCriticalSection(&accounts);
  Sleep(100);
  EnterCriticalSection(&trades);
  LeaveCriticalSection(&trades);
  LeaveCriticalSection(&accounts);
  return 0;
}

NOINLINE unsigned audit(void*) {
  EnterCriticalSection(&trades);
  Sleep(100);
  EnterCriticalSection(&accounts);
  LeaveCriticalSection(&accounts);
  LeaveCriticalSection(&trades);
  return 0;
}

int run_patient() {
  InitializeCriticalSection(&accounts);
  InitializeCriticalSection(&trades);
  CreateThread(nullptr, 0, trade, nullptr, 0, nullptr);
  CreateThread(nullptr, 0, audit, nullptr, 0, nullptr);
  Sleep(500);
  dump_from_outside();
  return 0;
}
