// A loader returns early and forgets to unlock. Its thread is long gone when somebody else wants
// the table: the mutex names an owner that nobody will find.
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "../patient.h"

class Table {
 public:
  NOINLINE void load(const std::string& line) {
    mutex_.lock();
    std::size_t equals = line.find('=');
    if (equals == std::string::npos) return;
    entries_[line.substr(0, equals)] = line.substr(equals + 1);
    mutex_.unlock();
  }

  NOINLINE std::size_t count() {
    std::lock_guard lock(mutex_);
    return entries_.size();
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::string> entries_;
};

int main() {
  Table table;
  std::thread([&] { table.load("colour=red"); }).join();
  std::thread([&] { table.load("# end"); }).join();
  announce_ready();
  std::printf("%zu entries\n", table.count());
}
