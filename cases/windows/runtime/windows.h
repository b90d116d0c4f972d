// What the patients need of Windows, declared by hand: they are built with the MSVC ABI and without
// Microsoft's headers and C runtime.
#pragma once

using Handle = void*;
using Size = unsigned long long;

struct CriticalSection {
  void* debug;
  long lock_count;
  long recursion_count;
  Handle owner;  // a thread id
  Handle semaphore;
  Size spin_count;
};

extern "C" {
#define WINDOWS_API __declspec(dllimport)
using ThreadMain = unsigned (*)(void*);
WINDOWS_API Handle CreateThread(void*, Size stack, ThreadMain main, void* argument, unsigned flags,
                                unsigned* id);
WINDOWS_API unsigned WaitForSingleObject(Handle, unsigned milliseconds);
WINDOWS_API void Sleep(unsigned milliseconds);
WINDOWS_API void ExitProcess(unsigned);
WINDOWS_API void RaiseException(unsigned code, unsigned flags, unsigned count, const Size*);
WINDOWS_API void InitializeCriticalSection(CriticalSection*);
WINDOWS_API void EnterCriticalSection(CriticalSection*);
WINDOWS_API void LeaveCriticalSection(CriticalSection*);
WINDOWS_API Handle GetProcessHeap();
WINDOWS_API void* HeapAlloc(Handle, unsigned flags, Size);
WINDOWS_API int HeapFree(Handle, unsigned flags, void*);
WINDOWS_API void* VirtualAlloc(void*, Size, unsigned type, unsigned protect);
WINDOWS_API unsigned GetCurrentThreadId();
}

/// Keeps a function as a frame and a symbol of its own.
#define NOINLINE __declspec(noinline)

/// The patient: what it returns is the exit status when it lives on.
int run_patient();

/// Writes the dump as somebody would who looks at a process that hangs, and ends the process.
void dump_from_outside();

/// The same, with the registers of the thread that calls it.
void dump_from_another_thread();
