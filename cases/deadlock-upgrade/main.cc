// The auction house is read under a shared lock, which is kept as the proof that it is held.
// To end an auction, the same thread wants the lock for writing: it waits for itself.
#include <map>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <thread>

#include "../patient.h"

class AuctionHouse {
 public:
  using Reading = std::shared_lock<std::shared_mutex>;

  void offer(const std::string& item, int hours) { hours_left_[item] = hours; }

  NOINLINE int hour() {
    Reading reading(mutex_);
    reading_ = &reading;
    int ended = 0;
    for (auto& [item, hours] : hours_left_) ended += pass(item, hours);
    return ended;
  }

 private:
  NOINLINE int pass(const std::string& item, int& hours) {
    if (!reading_->owns_lock()) return 0;
    if (hours > 0) return --hours, 0;
    end(item);
    return 1;
  }

  NOINLINE void end(const std::string& item) {
    std::unique_lock<std::shared_mutex> writing(mutex_);
    hours_left_[item] = -1;
  }

  std::shared_mutex mutex_;
  const Reading* reading_ = nullptr;
  std::map<std::string, int> hours_left_;
};

int main() {
  AuctionHouse house;
  house.offer("sword", 3);
  house.offer("shield", 1);
  std::thread crier([] { pause(); });
  announce_ready();
  for (int hour = 0; hour < 4; ++hour) house.hour();
}
