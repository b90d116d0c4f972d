// A score board appends lines to a block without looking at its end. Behind the newest block lies
// the top of the heap, whose size becomes text; the next allocation that needs the top finds it.
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "../patient.h"

class ScoreBoard {
 public:
  explicit ScoreBoard(std::size_t lines)
      : text_(static_cast<char*>(std::malloc(lines * 24))), end_(text_) {}
  NOINLINE ~ScoreBoard() { std::free(text_); }
  ScoreBoard(const ScoreBoard&) = delete;
  ScoreBoard& operator=(const ScoreBoard&) = delete;

  NOINLINE void add(const char* name, int score) {
    end_ += std::sprintf(end_, "%-16s %6d\n", name, score);
  }

  NOINLINE char* copy() const {
    const std::size_t size = static_cast<std::size_t>(end_ - text_);
    auto* result = static_cast<char*>(std::malloc(size + 4096));
    std::memcpy(result, text_, size);
    result[size] = 0;
    return result;
  }

 private:
  char* text_;
  char* end_;
};

NOINLINE std::size_t publish(int players) {
  ScoreBoard board(10);
  for (int i = 0; i < players; ++i) board.add("player", 1000 - i);
  char* page = board.copy();
  const std::size_t size = std::strlen(page);
  std::free(page);
  return size;
}

int main() {
  const std::size_t size = publish(12);
  std::printf("%zu characters\n", size);
}
