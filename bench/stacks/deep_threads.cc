// 200 threads, each about 60 frames deep through recursion, templates and inlined calls, all
// blocked at the bottom when the program dies: what a busy game server looks like to a stack
// walker.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <pthread.h>
#include <string>
#include <unistd.h>
#include <vector>

namespace lobby {

std::atomic<int> parked{0};

struct Message {
  int depth;
  std::string text;
  std::vector<int> payload;
};

template <int Kind>
struct Handler {
  [[gnu::noinline]] static int handle(Message& message);
  [[gnu::always_inline]] static inline int prepare(Message& message) {
    message.payload.push_back(Kind);
    return dispatch(message);
  }
  [[gnu::noinline]] static int dispatch(Message& message);
};

[[gnu::noinline]] int park(Message& message) {
  ++parked;
  for (;;) pause();
  return message.depth;
}

[[gnu::always_inline]] inline int route(Message& message) {
  switch (message.depth % 4) {
    case 0:
      return Handler<0>::prepare(message) + 1;
    case 1:
      return Handler<1>::prepare(message) + 2;
    case 2:
      return Handler<2>::prepare(message) + 3;
    default:
      return Handler<3>::prepare(message) + 4;
  }
}

template <int Kind>
int Handler<Kind>::handle(Message& message) {
  if (--message.depth <= 0) return park(message) + 1;
  return route(message) + Kind;
}

template <int Kind>
int Handler<Kind>::dispatch(Message& message) {
  return handle(message) + message.payload.back();
}

void* serve(void* argument) {
  Message message{static_cast<int>(reinterpret_cast<long>(argument)), "hello", {}};
  return reinterpret_cast<void*>(static_cast<long>(route(message)));
}

}  // namespace lobby

int main() {
  for (int i = 0; i < 200; ++i) {
    pthread_t thread;
    pthread_create(&thread, nullptr, lobby::serve, reinterpret_cast<void*>(28L + i % 3));
  }
  while (lobby::parked < 200) usleep(1000);
  std::abort();
}
