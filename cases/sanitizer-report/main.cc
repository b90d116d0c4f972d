// A staging server is built with AddressSanitizer and told to abort, so that it leaves a core. What
// the sanitizer printed went to a standard error that nobody kept.
#include <string>
#include <vector>

#include "../patient.h"

/// The sanitizer's options, as if they stood in ASAN_OPTIONS.
extern "C" const char* __asan_default_options() {
  return "abort_on_error=1:disable_coredump=0:detect_leaks=0";
}

struct Member {
  std::string name;
  int points = 0;
};

class Club {
 public:
  void join(Member* member) { members_.push_back(member); }
  NOINLINE void expel(size_t which) { delete members_[which]; }
  NOINLINE int points() const {
    int sum = 0;
    for (const Member* member : members_) sum += member->points;
    return sum;
  }

 private:
  std::vector<Member*> members_;
};

int main() {
  Club club;
  for (int points = 0; points < 5; ++points) club.join(new Member{"member", points});
  club.expel(3);
  return club.points();
}
