#include "session.h"

#include <sys/socket.h>
#include <unistd.h>

#include "../patient.h"

namespace lobby {

Session::~Session() { close(fd_); }

NOINLINE void Session::send(const std::string& lines) {
  std::lock_guard lock(mutex_);
  send_held(lines);
}

void Session::send_held(const std::string& lines) {
  const std::string packet = lines + "\n";
  for (std::size_t sent = 0; sent < packet.size();) {
    const ssize_t n = ::send(fd_, packet.data() + sent, packet.size() - sent, MSG_NOSIGNAL);
    if (n <= 0) return;  // the network thread will notice
    sent += static_cast<std::size_t>(n);
    sent_bytes_ += static_cast<std::uint64_t>(n);
  }
}

bool Session::receive(std::vector<std::string>& lines) {
  char buffer[2048];
  const ssize_t n = recv(fd_, buffer, sizeof buffer, MSG_DONTWAIT);
  if (n <= 0) return false;
  inbox_.append(buffer, static_cast<std::size_t>(n));
  std::size_t begin = 0;
  for (std::size_t end; (end = inbox_.find('\n', begin)) != std::string::npos; begin = end + 1) {
    lines.push_back(inbox_.substr(begin, end - begin));
  }
  inbox_.erase(0, begin);
  return true;
}

void Session::hang_up() { shutdown(fd_, SHUT_RDWR); }

}  // namespace lobby
