// The match maker is stopped: the thread that stops it waits for its end while holding the very
// lock that the match maker needs to see that it shall end.
#include <deque>
#include <mutex>
#include <thread>

#include "../patient.h"

class MatchMaker {
 public:
  MatchMaker() : thread_([this] { run(); }) {}

  void ask(int player) {
    std::lock_guard held(mutex_);
    waiting_.push_back(player);
  }

  NOINLINE void stop() {
    std::lock_guard held(mutex_);
    stopped_ = true;
    thread_.join();
  }

 private:
  NOINLINE void run() {
    name_this_thread("match maker");
    for (;;) {
      {
        std::lock_guard held(mutex_);
        if (stopped_) return;
        if (waiting_.size() >= 2) waiting_.erase(waiting_.begin(), waiting_.begin() + 2);
      }
      usleep(1000);
    }
  }

  std::mutex mutex_;
  bool stopped_ = false;
  std::deque<int> waiting_;
  std::thread thread_;
};

int main() {
  MatchMaker maker;
  for (int player = 0; player < 7; ++player) maker.ask(player);
  usleep(20000);
  announce_ready();
  maker.stop();
}
