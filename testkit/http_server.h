/// A web server on loopback for tests: answers GET by a function, keeps connections open, counts.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace inquest::testkit {

class HttpServer {
 public:
  struct Reply {
    int status = 404;
    std::string body = {};
    /// Claims so many bytes more than it sends, then closes: a transfer that breaks.
    size_t missing = 0;
  };
  explicit HttpServer(std::function<Reply(const std::string& path)> answer);
  ~HttpServer();

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  int requests() const { return requests_; }
  int connections() const { return connections_; }

 private:
  void serve();
  bool answer_one(int socket);

  std::function<Reply(const std::string&)> answer_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<int> requests_ = 0, connections_ = 0;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

}  // namespace inquest::testkit
