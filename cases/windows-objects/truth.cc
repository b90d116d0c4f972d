#include "truth.h"

extern "C" {
WINDOWS_API Handle CreateFileA(const char*, unsigned, unsigned, void*, unsigned, unsigned, Handle);
WINDOWS_API int WriteFile(Handle, const void*, unsigned, unsigned*, void*);
WINDOWS_API int CloseHandle(Handle);
void* memset(void* to, int value, Size n);
Size strlen(const char* text);
}

void* operator new[](Size size) { return operator new(size); }
void operator delete[](void* memory) noexcept { operator delete(memory); }
void operator delete[](void* memory, Size) noexcept { operator delete(memory); }

namespace truth {
namespace {

constexpr Size kMostText = 4 << 20;
char* text = nullptr;
Size text_size = 0;

void put(Size value, unsigned base) {
  char digits[24];
  int n = 0;
  do {
    digits[n++] = "0123456789abcdef"[value % base];
    value /= base;
  } while (value != 0);
  while (n > 0) text[text_size++] = digits[--n];
}

void put(const char* words, char end) {
  for (Size i = 0, n = strlen(words); i < n; ++i) text[text_size++] = words[i];
  text[text_size++] = end;
}

}  // namespace

void note(const void* block, const char* kind, Size elements, const char* type) {
  if (!text) text = static_cast<char*>(VirtualAlloc(nullptr, kMostText, 0x3000, 4));
  put(reinterpret_cast<Size>(block), 16);
  put("", ' ');
  put(kind, ' ');
  put(elements, 10);
  put("", ' ');
  put(type, '\n');
}

void write() {
  Handle file = CreateFileA("truth.txt", 0x40000000, 0, nullptr, 2, 0x80, nullptr);
  unsigned written = 0;
  WriteFile(file, text, static_cast<unsigned>(text_size), &written, nullptr);
  CloseHandle(file);
  memset(text, 0, text_size);
  text_size = 0;
}

}  // namespace truth
