#include "testkit/http_server.h"

#include <arpa/inet.h>
#include <cstdlib>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace inquest::testkit {

HttpServer::HttpServer(std::function<Reply(const std::string& path)> answer)
    : answer_(std::move(answer)) {
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
  close(listener_);
}

/// One thread serves all connections in turn: tests have few, and none waits for another.
void HttpServer::serve() {
  std::vector<pollfd> open{{listener_, POLLIN, 0}};
  while (!stop_) {
    if (poll(open.data(), open.size(), 20) <= 0) continue;
    for (size_t i = open.size(); i-- > 1;) {
      if (open[i].revents == 0) continue;
      if (answer_one(open[i].fd)) continue;
      close(open[i].fd);
      open.erase(open.begin() + static_cast<long>(i));
    }
    if (open[0].revents & POLLIN) {
      int socket = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (socket < 0) continue;
      ++connections_;
      open.push_back({socket, POLLIN, 0});
    }
  }
  for (size_t i = 1; i < open.size(); ++i) close(open[i].fd);
}

bool HttpServer::answer_one(int socket) {
  std::string request;
  char chunk[1024];
  while (request.find("\r\n\r\n") == request.npos) {
    ssize_t n = recv(socket, chunk, sizeof chunk, 0);
    if (n <= 0) return false;
    request.append(chunk, static_cast<size_t>(n));
  }
  ++requests_;
  size_t begin = request.find(' ') + 1;
  Reply reply = answer_(request.substr(begin, request.find(' ', begin) - begin));
  std::string out = "HTTP/1.1 " + std::to_string(reply.status) +
                    " X\r\nContent-Length: " + std::to_string(reply.body.size() + reply.missing) +
                    "\r\n\r\n" + reply.body;
  for (size_t done = 0; done < out.size();) {
    ssize_t n = send(socket, out.data() + done, out.size() - done, MSG_NOSIGNAL);
    if (n <= 0) return false;
    done += static_cast<size_t>(n);
  }
  return reply.missing == 0;
}

}  // namespace inquest::testkit
