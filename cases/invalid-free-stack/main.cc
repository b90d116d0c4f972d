// A message queue frees the body of each message that it has sent. One message is built on the
// stack, its body in an array beside it.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "../patient.h"

struct Message {
  std::uint64_t sequence;
  char* body;
};

class Queue {
 public:
  NOINLINE void push(const Message& message) { messages_.push_back(message); }

  NOINLINE std::size_t flush() {
    std::size_t sent = 0;
    for (Message& message : messages_) sent += send(message);
    messages_.clear();
    return sent;
  }

 private:
  NOINLINE std::size_t send(Message& message) {
    const std::size_t length = std::strlen(message.body);
    std::free(message.body);
    return length;
  }

  std::vector<Message> messages_;
};

NOINLINE std::size_t farewell(Queue& queue, std::uint64_t sequence) {
  struct {
    std::uint64_t sequence;
    char text[48];
  } packet = {sequence, "The server goes down in five minutes."};
  queue.push({packet.sequence, packet.text});
  return queue.flush();
}

int main() {
  Queue queue;
  queue.push({1, strdup("hello")});
  queue.push({2, strdup("world")});
  std::size_t sent = queue.flush();
  sent += farewell(queue, 3);
  std::printf("%zu bytes sent\n", sent);
}
