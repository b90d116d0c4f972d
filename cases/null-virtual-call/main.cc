// A packet dispatcher looks up a handler for an opcode. Nobody registered one for opcode 9, and the
// virtual call loads the virtual table pointer of a null Handler.
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "../patient.h"

struct Packet {
  int opcode;
  std::string body;
};

class Handler {
 public:
  virtual ~Handler() = default;
  virtual std::size_t handle(const Packet& packet) = 0;
};

class ChatHandler : public Handler {
 public:
  std::size_t handle(const Packet& packet) override { return lines_ += packet.body.size(); }

 private:
  std::size_t lines_ = 0;
};

class MoveHandler : public Handler {
 public:
  std::size_t handle(const Packet& packet) override { return packet.body.size() / 2; }
};

class Dispatcher {
 public:
  void add(int opcode, std::unique_ptr<Handler> handler) { handlers_[opcode] = std::move(handler); }

  NOINLINE std::size_t dispatch(const Packet& packet) {
    Handler* handler = handlers_[packet.opcode].get();
    const std::size_t done = handler->handle(packet);
    handled_ += done;
    return done;
  }

  std::size_t handled() const { return handled_; }

 private:
  std::map<int, std::unique_ptr<Handler>> handlers_;
  std::size_t handled_ = 0;
};

int main() {
  Dispatcher dispatcher;
  dispatcher.add(1, std::make_unique<ChatHandler>());
  dispatcher.add(2, std::make_unique<MoveHandler>());
  const std::vector<Packet> packets = {{1, "hello"}, {2, "nnww"}, {9, "emote:dance"}, {1, "bye"}};
  for (const Packet& packet : packets) dispatcher.dispatch(packet);
  std::printf("%zu handled\n", dispatcher.handled());
}
