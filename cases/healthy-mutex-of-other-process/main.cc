// Healthy, if slow: parent and child share a counter and its mutex in a mapping. The parent holds
// it for a while, so the child waits for a mutex whose owner is no thread of its own process.
#include <csignal>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "../patient.h"

struct Shared {
  pthread_mutex_t mutex;
  long count;
};

NOINLINE void count_up(Shared& shared) {
  pthread_mutex_lock(&shared.mutex);
  ++shared.count;
  pthread_mutex_unlock(&shared.mutex);
}

int main() {
  auto* shared = static_cast<Shared*>(
      mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  pthread_mutex_init(&shared->mutex, &attributes);

  // The one that is looked at must be the process that was started: the holder is its child.
  int taken[2];
  if (pipe(taken) != 0) return 1;
  pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    pthread_mutex_lock(&shared->mutex);
    close(taken[1]);
    close(taken[0]);
    sleep(30);
    pthread_mutex_unlock(&shared->mutex);
    _exit(0);
  }
  close(taken[1]);
  char byte;
  while (read(taken[0], &byte, 1) > 0) {
  }
  announce_ready();
  count_up(*shared);
  waitpid(child, nullptr, 0);
  std::printf("%ld\n", shared->count);
}
