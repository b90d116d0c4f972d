// A queue is walked while one of its entries adds another: the vector moves, and the iterator is of
// where it was. libstdc++'s debug mode notices, says so on stderr, and aborts.
#define _GLIBCXX_DEBUG 1
#include <string>
#include <vector>

#include "../patient.h"

class Mailbox {
 public:
  NOINLINE void post(std::string text) { letters_.push_back(std::move(text)); }

  NOINLINE std::size_t deliver() {
    std::size_t bytes = 0;
    for (const std::string& letter : letters_) {
      bytes += letter.size();
      if (letter.starts_with("reply:")) post("thanks for " + letter);
    }
    return bytes;
  }

 private:
  std::vector<std::string> letters_;
};

int main() {
  Mailbox mailbox;
  mailbox.post("hello");
  mailbox.post("reply: where are you?");
  mailbox.post("bye");
  mailbox.post("see you");
  std::printf("%zu\n", mailbox.deliver());
}
