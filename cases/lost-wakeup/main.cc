// A mailbox announces its first letter before the postman waits for it: the notification is lost,
// because the condition is not looked at again under the lock. All threads sleep, and nobody will
// wake them.
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "../patient.h"

class Mailbox {
 public:
  NOINLINE void put(const std::string& letter) {
    std::lock_guard lock(mutex_);
    letters_.push_back(letter);
    arrived_.notify_one();
  }

  NOINLINE std::string take() {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock);  // waits for the next letter even if there is one
    std::string letter = letters_.back();
    letters_.pop_back();
    return letter;
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<std::string> letters_;
};

int main() {
  Mailbox mailbox;
  mailbox.put("you have won");
  std::thread postman([&mailbox] {
    name_this_thread("postman");
    std::printf("%s\n", mailbox.take().c_str());
  });
  announce_ready();
  postman.join();
}
