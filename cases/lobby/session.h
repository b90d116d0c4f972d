// A connection: lines in, lines out.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

namespace lobby {

class User;

class Session {
 public:
  /// Owns `fd`.
  Session(int fd, std::uint64_t id) : fd_(fd), id_(id) {}
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  int fd() const { return fd_; }
  std::uint64_t id() const { return id_; }

  /// Sends a line, or several that are to arrive in one piece. Any thread.
  void send(const std::string& lines);

  /// Keeps other threads from sending; meanwhile the holder sends with send_held().
  std::unique_lock<std::mutex> hold() { return std::unique_lock(mutex_); }
  void send_held(const std::string& lines);

  /// Reads what has arrived; network thread only. False once the peer is gone.
  bool receive(std::vector<std::string>& lines);

  /// Makes the network thread see the end of the connection.
  void hang_up();

  /// Who is logged in here, or null. Guarded by the world's lock.
  User* user = nullptr;

 private:
  int fd_;
  std::uint64_t id_;
  std::string inbox_;
  std::mutex mutex_;  // guards sending
  std::uint64_t sent_bytes_ = 0;
};

}  // namespace lobby
