// A lobby whispers to a player by name. Lobby::find says null for somebody who has left, and the
// member function Session::send is called on it: it "works" until it touches its first member.
#include <map>
#include <memory>
#include <string>

#include "../patient.h"

class Session {
 public:
  explicit Session(std::string peer) : peer_(std::move(peer)) {}

  NOINLINE std::size_t send(const std::string& line) {
    std::string packet = "MSG " + line + "\r\n";
    sent_bytes_ += packet.size();
    outbox_ += packet;
    return outbox_.size();
  }

 private:
  std::string peer_;
  std::string outbox_;
  std::size_t sent_bytes_ = 0;
};

class Lobby {
 public:
  void enter(const std::string& name) { sessions_[name] = std::make_unique<Session>(name); }
  void leave(const std::string& name) { sessions_.erase(name); }

  NOINLINE std::size_t whisper(const std::string& to, const std::string& text) {
    const std::size_t queued = find(to)->send(text);
    ++whispers_;
    return queued;
  }

 private:
  NOINLINE Session* find(const std::string& name) {
    auto it = sessions_.find(name);
    return it == sessions_.end() ? nullptr : it->second.get();
  }

  std::map<std::string, std::unique_ptr<Session>> sessions_;
  int whispers_ = 0;
};

int main() {
  Lobby lobby;
  lobby.enter("alice");
  lobby.enter("bob");
  std::size_t queued = lobby.whisper("bob", "are you there?");
  lobby.leave("bob");
  queued += lobby.whisper("bob", "still there?");
  std::printf("%zu bytes queued\n", queued);
}
