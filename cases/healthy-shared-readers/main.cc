// Healthy: several readers hold a std::shared_mutex while they stream a file to slow clients, a
// writer waits for them, and the lock names no owner for any of them.
#include <chrono>
#include <latch>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <thread>
#include <vector>

#include "../patient.h"

class Catalogue {
 public:
  NOINLINE std::size_t stream(std::latch& begun) const {
    std::shared_lock lock(mutex_);
    begun.count_down();
    std::size_t bytes = 0;
    for (const std::string& entry : entries_) bytes += send_slowly(entry);
    return bytes;
  }

  NOINLINE void add(const std::string& entry) {
    std::unique_lock lock(mutex_);
    entries_.push_back(entry);
  }

 private:
  NOINLINE std::size_t send_slowly(const std::string& entry) const {
    std::this_thread::sleep_for(std::chrono::seconds(10));
    return entry.size();
  }

  mutable std::shared_mutex mutex_;
  std::vector<std::string> entries_;
};

int main() {
  Catalogue catalogue;
  for (const char* entry : {"sword", "shield", "potion"}) catalogue.add(entry);
  std::latch begun(3);
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&, i] {
      name_this_thread(("reader-" + std::to_string(i)).c_str());
      catalogue.stream(begun);
    });
  }
  begun.wait();
  threads.emplace_back([&] {
    name_this_thread("writer");
    catalogue.add("helmet");
  });
  announce_ready();
  for (std::thread& thread : threads) thread.join();
}
