#include "testkit/http_server.h"

#include <algorithm>
#include <arpa/inet.h>
#include <chrono>
#include <cstdlib>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace inquest::testkit {

HttpServer::HttpServer(std::function<Reply(const std::string& path)> answer)
    : HttpServer([answer = std::move(answer)](const Request& r) { return answer(r.path); }) {}

HttpServer::HttpServer(std::function<Reply(const Request&)> answer) : answer_(std::move(answer)) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* any = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener_, any, size) != 0 || listen(listener_, 16) != 0 ||
      getsockname(listener_, any, &size) != 0) {
    std::abort();
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

HttpServer::~HttpServer() {
  stop_ = true;
  thread_.join();
  connection_threads_.clear();
  close(listener_);
}

std::vector<std::string> HttpServer::paths() const {
  std::lock_guard lock(mutex_);
  return paths_;
}

/// False when the server is to stop.
bool HttpServer::wait_readable(int socket) const {
  pollfd one{socket, POLLIN, 0};
  while (!stop_) {
    if (poll(&one, 1, 20) > 0) return true;
  }
  return false;
}

void HttpServer::serve() {
  while (wait_readable(listener_)) {
    int socket = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) continue;
    ++connections_;
    connection_threads_.emplace_back([this, socket] { serve_connection(socket); });
  }
}

void HttpServer::serve_connection(int socket) {
  while (wait_readable(socket) && answer_one(socket)) {
  }
  close(socket);
}

bool HttpServer::answer_one(int socket) {
  std::string text;
  char chunk[1024];
  while (text.find("\r\n\r\n") == text.npos) {
    ssize_t n = recv(socket, chunk, sizeof chunk, 0);
    if (n <= 0) return false;
    text.append(chunk, static_cast<size_t>(n));
  }
  ++requests_;
  int now = ++at_once_;
  for (int most = most_at_once_; most < now && !most_at_once_.compare_exchange_weak(most, now);) {
  }
  size_t begin = text.find(' ') + 1;
  Request request{.path = text.substr(begin, text.find(' ', begin) - begin), .headers = text};
  std::ranges::transform(request.headers, request.headers.begin(),
                         [](unsigned char c) { return std::tolower(c); });
  if (size_t at = request.headers.find("range: bytes="); at != text.npos) {
    request.range = std::strtoul(request.headers.c_str() + at + 13, nullptr, 10);
  }
  {
    std::lock_guard lock(mutex_);
    paths_.push_back(request.path);
  }
  Reply reply = answer_(request);
  for (int waited = 0; waited < reply.delay_ms && !stop_; waited += 10) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  if (reply.ranges && request.range > 0 && request.range < reply.body.size()) {
    reply.status = 206;
    reply.body.erase(0, request.range);
  }
  --at_once_;
  std::string out = "HTTP/1.1 " + std::to_string(reply.status) +
                    " X\r\nContent-Length: " + std::to_string(reply.body.size() + reply.missing) +
                    "\r\n" + reply.headers + "\r\n" + reply.body;
  for (size_t done = 0; done < out.size();) {
    ssize_t n = send(socket, out.data() + done, out.size() - done, MSG_NOSIGNAL);
    if (n <= 0) return false;
    done += static_cast<size_t>(n);
  }
  return reply.missing == 0;
}

}  // namespace inquest::testkit
