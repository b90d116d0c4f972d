// What patients share. Kept to the little that the ground truth needs: a case must stay readable as a
// program of its own.
#pragma once

#include <pthread.h>
#include <unistd.h>

#include <cstdio>

/// Keeps a function as a frame and a symbol of its own at -O2, so that truth.json can name it. Functions
/// of a case also have external linkage (no anonymous namespace): gcc rewrites the signature of a local
/// one, which moves the faulting load into its caller.
#define NOINLINE [[gnu::noinline]]

/// Tells whoever started us that the interesting state is about to be reached, and which process to signal.
inline void announce_ready() {
  std::printf("READY pid=%d\n", static_cast<int>(getpid()));
  std::fflush(stdout);
}

/// At most 15 characters: the kernel's limit.
inline void name_this_thread(const char* name) { pthread_setname_np(pthread_self(), name); }
