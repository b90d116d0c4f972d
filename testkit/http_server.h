/// A web server on loopback for tests: answers GET by a function, keeps connections open, counts,
/// and misbehaves as told. Each connection has a thread of its own.
#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace inquest::testkit {

class HttpServer {
 public:
  struct Request {
    std::string path;     ///< as sent, escapes included
    std::string headers;  ///< all, in lower case
    size_t range = 0;     ///< of "Range: bytes=N-"
  };
  struct Reply {
    int status = 404;
    std::string body = {};
    /// Claims so many bytes more than it sends, then closes: a transfer that breaks.
    size_t missing = 0;
    std::string headers = {};  ///< whole lines, each with its "\r\n"
    /// With `headers` that hold an ETag: answers a Range by 206 and the rest of the body.
    bool ranges = false;
    int delay_ms = 0;  ///< before the answer; ends early when the server does
  };
  explicit HttpServer(std::function<Reply(const std::string& path)> answer);
  explicit HttpServer(std::function<Reply(const Request&)> answer);
  ~HttpServer();

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  int requests() const { return requests_; }
  int connections() const { return connections_; }
  int most_at_once() const { return most_at_once_; }  ///< answers in the making
  std::vector<std::string> paths() const;             ///< asked for, in order

 private:
  void serve();
  void serve_connection(int socket);
  bool answer_one(int socket);
  bool wait_readable(int socket) const;

  std::function<Reply(const Request&)> answer_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<int> requests_ = 0, connections_ = 0, at_once_ = 0, most_at_once_ = 0;
  std::atomic<bool> stop_ = false;
  mutable std::mutex mutex_;
  std::vector<std::string> paths_;
  std::list<std::jthread> connection_threads_;
  std::thread thread_;
};

}  // namespace inquest::testkit
