// A chat history copies a line into a block that was sized for its visible characters, and the line
// ends with a long colour code. The text runs over the size word of the next block; freeing the
// first one finds it. Which letter lands on the size's lowest byte depends on the speaker's name,
// and decides which of two messages glibc prints: with an even one it takes the overflow for a
// double free.
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "../patient.h"

constexpr std::size_t kPage = 2000;

class History {
 public:
  History() {
    pages_.reserve(3);
    for (int page = 0; page < 3; ++page) pages_.push_back(static_cast<char*>(std::malloc(kPage)));
  }
  NOINLINE ~History() {
    for (char* page : pages_) std::free(page);
  }

  NOINLINE void write(std::size_t page, const std::string& line) {
    std::memcpy(pages_[page], line.c_str(), line.size() + 1);
    written_ += line.size();
  }

  std::size_t written() const { return written_; }

 private:
  std::vector<char*> pages_;
  std::size_t written_ = 0;
};

NOINLINE std::size_t record(const std::string& speaker) {
  History history;
  history.write(0,
                speaker + " says " + std::string(kPage - 16, 'a') + "<colour=#ff8800><b>oh no</b>");
  history.write(1, speaker + " leaves");
  return history.written();
}

int main(int argc, char** argv) {
  const std::size_t written = record(argc > 1 ? argv[1] : "Bartholomew");
  std::printf("%zu characters\n", written);
}
