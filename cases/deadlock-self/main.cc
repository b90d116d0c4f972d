// A room tells its members who has left, under its lock; a listener that has enough of it leaves as
// well, which takes the same lock again. A std::mutex does not let its own holder in.
#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "../patient.h"

class Room {
 public:
  using Listener = std::function<void(const std::string& who)>;

  void enter(const std::string& who, Listener listener) {
    std::lock_guard lock(mutex_);
    listeners_[who] = std::move(listener);
  }

  NOINLINE std::size_t leave(const std::string& who) {
    std::lock_guard lock(mutex_);
    listeners_.erase(who);
    notify(who);
    return listeners_.size();
  }

 private:
  NOINLINE void notify(const std::string& who) {
    for (const auto& [name, listener] : listeners_) listener(who);
  }

  std::mutex mutex_;
  std::map<std::string, Listener> listeners_;
};

int main() {
  Room room;
  room.enter("alice", [](const std::string& who) { std::printf("alice: bye %s\n", who.c_str()); });
  room.enter("bob", [&room](const std::string& who) {
    announce_ready();
    if (who == "carol") room.leave("bob");
  });
  room.enter("carol", [](const std::string&) {});
  std::printf("%zu left\n", room.leave("carol"));
}
