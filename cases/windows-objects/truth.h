// What the patient knows of its blocks, kept in memory of its own and written beside its dump:
// "address kind elements type", one block a line.
//
// kind: object (polymorphic: its virtual table says what it is), plain (only who points to it
// says), tree or list (plain, and its links show what kind of node it is), text, lost (nobody
// points to it: without a virtual table nobody can know).
#pragma once

#include "../windows/runtime/windows.h"

namespace truth {

void note(const void* block, const char* kind, Size elements, const char* type);

/// Writes truth.txt and forgets what it knows, so that the dump does not hold it.
void write();

}  // namespace truth

inline void* operator new(Size, void* at) noexcept { return at; }
void* operator new[](Size size);
void operator delete[](void* memory) noexcept;
void operator delete[](void* memory, Size) noexcept;

/// `new T(...)`, noted.
#define MAKE(kind, T, ...) truth::noted(new T{__VA_ARGS__}, #kind, #T)

namespace truth {

template <class T>
T* noted(T* made, const char* kind, const char* type) {
  note(made, kind, 1, type);
  return made;
}

/// `new T[n]` of what has a destructor keeps n in front.
template <class T>
T* counted(T* made, const char* kind, Size n, const char* type) {
  note(reinterpret_cast<char*>(made) - sizeof(Size), kind, n, type);
  return made;
}

/// `new T[n]` of what has none, or what an allocator gives for n.
template <class T>
T* array(T* made, const char* kind, Size n, const char* type) {
  note(made, kind, n, type);
  return made;
}

}  // namespace truth
