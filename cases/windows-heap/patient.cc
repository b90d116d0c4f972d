// A program that knows what it holds: blocks of the process heap and of one of its own, of many
// sizes, some freed again, some reallocated, some large; and blocks behind a debug header as
// Microsoft's C runtime lays it out, one of them overrun. What it holds it writes to truth.txt
// beside its dump, "address size place", one a line: place is a line number for debug blocks.
// kept.txt names those that a global still points at; the program forgets the others.
#include "../windows/runtime/windows.h"

extern "C" {
WINDOWS_API Handle HeapCreate(unsigned flags, Size initial, Size most);
WINDOWS_API void* HeapReAlloc(Handle, unsigned flags, void*, Size);
WINDOWS_API Handle CreateFileA(const char*, unsigned, unsigned, void*, unsigned, unsigned, Handle);
WINDOWS_API int WriteFile(Handle, const void*, unsigned, unsigned*, void*);
WINDOWS_API int CloseHandle(Handle);
void* memset(void* to, int value, Size n);
}

namespace {

constexpr unsigned kBlocks = 4000, kDebugBlocks = 200;
// HEAP_ZERO_MEMORY: links of free blocks that stay in fresh ones would hold others.
constexpr unsigned kZero = 8;

struct Held {
  char* at;
  Size size;
  unsigned line;
  bool live;
};
Held* held = nullptr;  // in memory of its own
unsigned held_count = 0;
void* keeper[64];  // the program's only pointers to some of them

void note(void* at, Size size, unsigned line, bool live) {
  held[held_count++] = {static_cast<char*>(at), size, line, live};
}

unsigned random_state = 12345;
unsigned random() {
  random_state = random_state * 1664525 + 1013904223;
  return random_state >> 8;
}

/// _CrtMemBlockHeader, 64 bits.
struct DebugHeader {
  DebugHeader* next;
  DebugHeader* previous;
  const char* file;
  int line;
  int use;
  Size size;
  int request;
  unsigned char guard[4];
};
DebugHeader* newest = nullptr;
int requests = 0;

void* debug_allocate(Size size, const char* file, int line) {
  auto* header =
      static_cast<DebugHeader*>(HeapAlloc(GetProcessHeap(), 0, sizeof(DebugHeader) + size + 4));
  *header = {newest, nullptr, file, line, 1, size, ++requests, {}};
  // The runtime's `next` is the block allocated before.
  if (newest) newest->previous = header;
  newest = header;
  memset(header->guard, 0xFD, 4);
  memset(header + 1, 0xCD, size);
  memset(reinterpret_cast<char*>(header + 1) + size, 0xFD, 4);
  return header + 1;
}

void debug_free(void* data) {
  auto* header = static_cast<DebugHeader*>(data) - 1;
  (header->next ? header->next->previous : header->previous) = header->previous;
  if (header->previous) header->previous->next = header->next;
  if (newest == header) newest = header->next;
  HeapFree(GetProcessHeap(), 0, header);
}

char text[1 << 20];
unsigned text_size = 0;
void put(Size value, unsigned base, char end) {
  char digits[24];
  int n = 0;
  do {
    digits[n++] = "0123456789abcdef"[value % base];
    value /= base;
  } while (value != 0);
  while (n > 0) text[text_size++] = digits[--n];
  text[text_size++] = end;
}

void write(const char* name) {
  Handle file = CreateFileA(name, 0x40000000, 0, nullptr, 2, 0x80, nullptr);
  unsigned written = 0;
  WriteFile(file, text, text_size, &written, nullptr);
  CloseHandle(file);
  text_size = 0;
}

void write_truth() {
  for (unsigned i = 0; i < held_count; ++i) {
    if (!held[i].live) continue;
    put(reinterpret_cast<Size>(held[i].at), 16, ' ');
    put(held[i].size, 10, ' ');
    put(held[i].line, 10, '\n');
  }
  write("truth.txt");
  for (void* kept : keeper) put(reinterpret_cast<Size>(kept), 16, '\n');
  write("kept.txt");
  // Digits are no pointers, but nor need they stay.
  memset(text, 0, sizeof text);
}

void fill(Handle heap) {
  for (unsigned i = 0; i < kBlocks; ++i) {
    Size size = i % 500 == 7 ? 600000 + random() % 2000000 : random() % (i % 9 == 0 ? 9000 : 300);
    note(HeapAlloc(heap, kZero, size), size, 0, true);
    if (random() % 3 == 0) {
      Held& one = held[random() % held_count];
      if (one.live && one.line == 0 && &one >= held + held_count - i - 1) {
        HeapFree(heap, 0, one.at);
        one.live = false;
      }
    }
    if (random() % 11 == 0) {
      Held& one = held[held_count - 1];
      if (one.live) {
        Size larger = one.size + random() % 400;
        one.at = static_cast<char*>(HeapReAlloc(heap, kZero, one.at, larger));
        one.size = larger;
      }
    }
  }
}

}  // namespace

int run_patient() {
  held = static_cast<Held*>(VirtualAlloc(nullptr, sizeof(Held) * 20000, 0x3000, 4));
  fill(GetProcessHeap());
  fill(HeapCreate(0, 0, 0));
  char* overrun = nullptr;
  for (unsigned i = 0; i < kDebugBlocks; ++i) {
    Size size = random() % 200;
    auto* data = static_cast<char*>(debug_allocate(size, "src\\patient.cpp", 1000 + i));
    bool is_freed = i % 4 == 3;
    if (is_freed) debug_free(data);
    note(data, size, 1000 + i, !is_freed);
    if (i == 101) overrun = data + size;
  }
  for (unsigned i = 0; i < 64; ++i) keeper[i] = held[i * 3].at;
  *overrun = 0x41;
  // What held them is hidden: but for the 64, all are lost.
  write_truth();
  for (unsigned i = 0; i < held_count; ++i) held[i].at = nullptr;
  newest = nullptr;
  dump_from_outside();
  return 0;
}
