// The commands of the players: a line in, one answer (OK or ERR) out, and events (*) to others.
//
//   LOGIN name · ENLIST guild · JOIN room · SAY text · GUILD text · WHISPER name text · IGNORE name
//   TRADE name gold · CANCEL · WAY from to · WHO · PING · QUIT
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "world.h"

namespace lobby {

class Protocol {
 public:
  explicit Protocol(World& world) : world_(world) {}

  void execute(Session& session, const std::string& line);

  /// Chat lines so far.
  std::uint64_t messages() const { return messages_; }

 private:
  using Fields = std::vector<std::string>;

  std::string dispatch(User& user, const std::string& line, const Fields& fields);
  std::string join(User& user, const Fields& fields);
  std::string whisper(User& user, const std::string& line, const Fields& fields);
  std::string trade(User& user, const Fields& fields);
  std::string way(const Fields& fields);

  World& world_;
  std::atomic<std::uint64_t> messages_{0};
};

}  // namespace lobby
