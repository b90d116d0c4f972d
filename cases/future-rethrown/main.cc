// A lookup fails in a task of std::async. Its exception waits in the shared state until main asks
// for the result: main throws it again, but is not where it came from.
#include <future>
#include <map>
#include <string>

#include "../patient.h"

class Directory {
 public:
  void add(const std::string& name, int room) { rooms_[name] = room; }
  NOINLINE int room_of(const std::string& name) const { return rooms_.at(name); }

 private:
  std::map<std::string, int> rooms_;
};

NOINLINE int answer(std::future<int>& question) { return question.get(); }

int main() {
  Directory directory;
  directory.add("alice", 7);
  std::future<int> question =
      std::async(std::launch::async, [&] { return directory.room_of("bob"); });
  std::printf("room %d\n", answer(question));
}
