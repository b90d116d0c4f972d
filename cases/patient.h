// What patients share. Kept to the little that the ground truth needs: a case must stay readable as
// a program of its own.
#pragma once

#include <cstdio>
#include <pthread.h>
#include <unistd.h>

/// Keeps a function as a frame and a symbol of its own at -O2, so that truth.json can name it. gcc
/// may still rewrite the signature of one (`.isra.0`), and so may move the load of a member into
/// the caller: look at what both compilers made of a case before you write down where it dies.
#define NOINLINE [[gnu::noinline]]

/// Tells whoever started us that the interesting state is about to be reached, and which process to
/// signal.
inline void announce_ready() {
  std::printf("READY pid=%d\n", static_cast<int>(getpid()));
  std::fflush(stdout);
}

/// At most 15 characters: the kernel's limit.
inline void name_this_thread(const char* name) { pthread_setname_np(pthread_self(), name); }
