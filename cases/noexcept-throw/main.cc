// A journal flushes itself when it is destroyed. The disk is full by then, flush throws, and a
// destructor is noexcept.
#include <stdexcept>
#include <string>
#include <vector>

#include "../patient.h"

class Disk {
 public:
  explicit Disk(std::size_t blocks) : free_(blocks) {}

  NOINLINE void write(const std::string& line) {
    if (line.size() > free_) throw std::length_error("disk full, " + line + " is lost");
    free_ -= line.size();
  }

 private:
  std::size_t free_;
};

class Journal {
 public:
  explicit Journal(Disk& disk) : disk_(disk) {}
  NOINLINE ~Journal() { flush(); }

  void note(const std::string& line) { pending_.push_back(line); }

  NOINLINE void flush() {
    while (!pending_.empty()) {
      disk_.write(pending_.back());
      pending_.pop_back();
    }
  }

 private:
  Disk& disk_;
  std::vector<std::string> pending_;
};

NOINLINE int play(Disk& disk, int rounds) {
  Journal journal(disk);
  for (int round = 0; round < rounds; ++round) journal.note("round " + std::to_string(round));
  return rounds;
}

int main() {
  Disk disk(70);
  try {
    std::printf("%d rounds\n", play(disk, 4) + play(disk, 12));
  } catch (const std::exception& error) {
    std::printf("%s\n", error.what());  // never reached: the destructor is in between
  }
}
