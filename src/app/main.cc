#include <cstdio>
#include <cstdlib>
#include <malloc.h>

#include "app/verbs.h"

int main(int argc, char** argv) {
  // A report makes and drops tables of a megabyte or so: they are to come from memory that is
  // there, not from the kernel, which clears each page anew.
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 512 << 20);
  mallopt(M_TOP_PAD, 1 << 20);
  int status = inquest::app::run_command_line(argc, argv);
  // What is left is memory and waiting threads: the system is rid of them faster than we are.
  std::fflush(nullptr);
  std::_Exit(status);
}
