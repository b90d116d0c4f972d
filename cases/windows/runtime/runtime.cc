// The entry of every patient, the part of a C runtime that it needs, and the handler that writes
// its dump: PROGRAM.exe DUMP [full].
#include "windows.h"

extern "C" {
WINDOWS_API void* SetUnhandledExceptionFilter(void*);
WINDOWS_API Handle CreateFileA(const char*, unsigned, unsigned, void*, unsigned, unsigned, Handle);
WINDOWS_API Handle GetCurrentProcess();
WINDOWS_API unsigned GetCurrentProcessId();
WINDOWS_API const char* GetCommandLineA();
WINDOWS_API void* GetModuleHandleA(const char*);
WINDOWS_API void* AddVectoredExceptionHandler(unsigned first, void* handler);
WINDOWS_API Handle CreateEventA(void*, int manual, int set, const char*);
WINDOWS_API int SetEvent(Handle);
WINDOWS_API int MiniDumpWriteDump(Handle, unsigned, Handle, int, void*, void*, void*);

int _fltused = 1;
#ifdef _MSC_VER
void* type_info_table[2] __asm__("??_7type_info@@6B@");
#endif

void* memset(void* to, int value, Size n) {
  for (auto* p = static_cast<volatile char*>(to); n-- > 0;) *p++ = static_cast<char>(value);
  return to;
}
void* memcpy(void* to, const void* from, Size n) {
  auto* source = static_cast<const char*>(from);
  for (auto* p = static_cast<volatile char*>(to); n-- > 0;) *p++ = *source++;
  return to;
}
Size strlen(const char* text) {
  Size n = 0;
  while (text[n]) ++n;
  return n;
}

// Microsoft's executes `int 0x29` with 7, FAST_FAIL_FATAL_APP_EXIT, which no handler sees. This one
// raises what that leaves in a dump, so that ours sees it.
[[noreturn]] NOINLINE void abort() {
  const Size code = 7;
  RaiseException(0xC0000409, 1, 1, &code);
  __builtin_unreachable();
}
[[noreturn]] NOINLINE void _purecall() { abort(); }
[[noreturn]] NOINLINE void __std_terminate() { abort(); }

/// Searches on: the patients catch nothing.
int __CxxFrameHandler3(void*, void*, void*, void*) { return 1; }
int __C_specific_handler(void*, void*, void*, void*) { return 1; }

// What `throw` becomes: the exception's object and its description are parameters.
[[noreturn]] NOINLINE void _CxxThrowException(void* object, void* description) {
  const Size parameters[] = {0x19930520, reinterpret_cast<Size>(object),
                             reinterpret_cast<Size>(description),
                             reinterpret_cast<Size>(GetModuleHandleA(nullptr))};
  RaiseException(0xE06D7363, 1, 4, parameters);
  __builtin_unreachable();
}
}

/// Touches the stack page by page, as large frames must: rax bytes, all registers kept.
__asm__(R"(
  .globl __chkstk
__chkstk:
  pushq %rcx
  pushq %rax
  cmpq $0x1000, %rax
  leaq 24(%rsp), %rcx
  jb 2f
1:
  subq $0x1000, %rcx
  testl %eax, (%rcx)
  subq $0x1000, %rax
  cmpq $0x1000, %rax
  ja 1b
2:
  subq %rax, %rcx
  testl %eax, (%rcx)
  popq %rax
  popq %rcx
  retq
)");

#ifdef RELEASE_HEAP
// As Microsoft's release runtime: blocks of the process's heap.
void* operator new(Size size) { return HeapAlloc(GetProcessHeap(), 0, size); }
void operator delete(void* memory) noexcept { HeapFree(GetProcessHeap(), 0, memory); }
#else
// The debug heap of Microsoft's runtime: fresh memory is CD, freed DD, the ends are FD.
void* operator new(Size size) {
  auto* block = static_cast<char*>(HeapAlloc(GetProcessHeap(), 0, size + 24));
  *reinterpret_cast<Size*>(block) = size;
  memset(block + 8, 0xFD, 8);
  memset(block + 16, 0xCD, size);
  memset(block + 16 + size, 0xFD, 8);
  return block + 16;
}
void operator delete(void* memory) noexcept {
  if (!memory) return;
  Size size = *reinterpret_cast<Size*>(static_cast<char*>(memory) - 16);
  memset(memory, 0xDD, size);
}
#endif
void operator delete(void* memory, Size) noexcept { operator delete(memory); }

namespace {

struct [[gnu::packed]] ExceptionInformation {
  unsigned thread;
  void* pointers;
  int in_client;
};

const char* dump_path = nullptr;
bool full_memory = false, unnamed = false;
ExceptionInformation exception = {};
Handle wanted = nullptr;  // an event

/// Splits the command line at blanks; paths of the tests have none.
void read_arguments() {
  static char line[1024];
  const char* all = GetCommandLineA();
  Size n = 0;
  for (; all[n] && n + 1 < sizeof line; ++n) line[n] = all[n];
  bool in_word = false, quoted = false;
  int word = -1;
  for (Size i = 0; i < n; ++i) {
    if (line[i] == '"') quoted = !quoted;
    if (line[i] == ' ' && !quoted) {
      line[i] = 0;
      in_word = false;
    } else if (!in_word) {
      in_word = true;
      if (++word == 1) dump_path = line + i;
      if (word == 2) full_memory = line[i] == 'f';
      if (word == 2) unnamed = line[i] == 'u';
    }
  }
}

unsigned write_dump(void*) {
  Handle file = CreateFileA(dump_path, 0x40000000, 0, nullptr, 2, 0x80, nullptr);
  int kind = full_memory ? 2 : 0;
  int done =
      MiniDumpWriteDump(GetCurrentProcess(), GetCurrentProcessId(), file, kind,
                        exception.pointers && !unnamed ? &exception : nullptr, nullptr, nullptr);
  ExitProcess(done ? 3 : 4);
  return 0;
}

unsigned wait_for_a_death(void*) {
  WaitForSingleObject(wanted, ~0u);
  return write_dump(nullptr);
}

/// The dying thread may have next to no stack left: another one, made in time, writes.
long die(void* pointers) {
  exception = {GetCurrentThreadId(), pointers, 0};
  SetEvent(wanted);
  WaitForSingleObject(reinterpret_cast<Handle>(-2), ~0u);  // itself: for ever
  return 1;
}

/// After an overflow the search for a filter would itself need too much stack.
long die_of_overflow(unsigned** pointers) { return **pointers == 0xC00000FD ? die(pointers) : 0; }

}  // namespace

void dump_from_outside() { write_dump(nullptr); }

void dump_from_another_thread() {
  SetEvent(wanted);
  WaitForSingleObject(reinterpret_cast<Handle>(-2), ~0u);
}

extern "C" void start() {
  read_arguments();
  wanted = CreateEventA(nullptr, 0, 0, nullptr);
  CreateThread(nullptr, 0x100000, wait_for_a_death, nullptr, 0, nullptr);
  SetUnhandledExceptionFilter(reinterpret_cast<void*>(die));
  AddVectoredExceptionHandler(1, reinterpret_cast<void*>(die_of_overflow));
  ExitProcess(run_patient());
}
