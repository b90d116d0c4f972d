// A match is rolled back when it breaks off; the rollback of a finished match "cannot happen" and
// calls std::terminate. No exception is in flight.
#include <exception>
#include <string>
#include <vector>

#include "../patient.h"

enum class State { open, running, finished };

class Match {
 public:
  void join(const std::string& player) { players_.push_back(player); }
  void start() { state_ = State::running; }
  void finish() { state_ = State::finished; }

  NOINLINE std::size_t roll_back() {
    if (state_ == State::finished) std::terminate();
    state_ = State::open;
    const std::size_t leaving = players_.size();
    players_.clear();
    return leaving;
  }

 private:
  State state_ = State::open;
  std::vector<std::string> players_;
};

NOINLINE std::size_t disconnect(std::vector<Match>& matches) {
  std::size_t leaving = 0;
  for (Match& match : matches) leaving += match.roll_back();
  return leaving;
}

int main() {
  std::vector<Match> matches(3);
  for (Match& match : matches) {
    match.join("alice");
    match.start();
  }
  matches[1].finish();
  std::printf("%zu left\n", disconnect(matches));
}
