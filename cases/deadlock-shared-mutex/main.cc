// Two guilds declare an alliance with each other: each writer holds its own guild's
// std::shared_mutex and wants the other's. Readers of the ladder wait behind them.
#include <barrier>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <thread>
#include <vector>

#include "../patient.h"

class Guild {
 public:
  explicit Guild(std::string name) : name_(std::move(name)) {}

  NOINLINE void ally(Guild& other, std::barrier<>& council) {
    std::unique_lock lock(mutex_);
    council.arrive_and_wait();
    other.accept(name_);
    allies_.push_back(other.name_);
  }

  NOINLINE std::size_t allies() const {
    std::shared_lock lock(mutex_);
    return allies_.size();
  }

 private:
  NOINLINE void accept(const std::string& ally) {
    std::unique_lock lock(mutex_);
    allies_.push_back(ally);
  }

  std::string name_;
  mutable std::shared_mutex mutex_;
  std::vector<std::string> allies_;
};

int main() {
  Guild dragons("Dragons");
  Guild owls("Owls");
  std::barrier council(3);
  std::thread first([&] {
    name_this_thread("dragons");
    dragons.ally(owls, council);
  });
  std::thread second([&] {
    name_this_thread("owls");
    owls.ally(dragons, council);
  });
  council.arrive_and_wait();
  std::thread reader([&] {
    name_this_thread("ladder");
    std::printf("%zu allies\n", dragons.allies() + owls.allies());
  });
  announce_ready();
  first.join();
  second.join();
  reader.join();
}
