// A journal copies a line into a block that was sized for shorter ones. The text runs over the size
// word of the next block, which belongs to somebody who did nothing wrong: freeing that one fails.
// Which letter lands on the word's lowest byte decides how: free takes the block for one of another
// arena and follows a pointer that is not there, or for a mapping of its own, and refuses it as
// "not a block" although it is one.
#include <cstring>
#include <string>

#include "../patient.h"

struct Packet {
  int kind;
  unsigned length;
  char* body;
};

class Journal {
 public:
  Journal() : line_(new char[40]) {}
  NOINLINE void write(const std::string& text) {
    std::strcpy(line_, text.c_str());
    ++lines_;
  }
  std::size_t lines() const { return lines_; }

 private:
  char* line_;
  std::size_t lines_ = 0;
};

Journal* journal;

NOINLINE void drop(Packet* packet) {
  delete packet;
  std::printf("%zu lines\n", journal->lines());
}

int main(int argc, char** argv) {
  static Journal the_journal;
  journal = &the_journal;
  auto* packet = new Packet{1, 2, nullptr};
  journal->write("user=nobody action=login result=denied because of " +
                 std::string(argc > 1 ? argv[1] : "a wrong password"));
  drop(packet);
}
