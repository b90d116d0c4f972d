// Network errors of a server have std::exception as a virtual base, so that a class may be several
// kinds of error at once. A TimeoutError reaches main uncaught. what() can only be found through
// the object's virtual table, and what it would say lies in a member.
#include <exception>
#include <string>
#include <vector>

#include "../patient.h"

struct LobbyError : virtual std::exception {
  int severity = 3;
};

struct RetryableError : virtual std::exception {
  int attempts = 0;
};

struct TimeoutError : LobbyError, RetryableError {
  TimeoutError(const std::string& peer, int milliseconds)
      : message("no answer from " + peer + " within " + std::to_string(milliseconds) + " ms") {
    attempts = 5;
  }
  const char* what() const noexcept override { return message.c_str(); }

  std::string message;
};

class Upstream {
 public:
  explicit Upstream(std::string host, int latency) : host_(std::move(host)), latency_(latency) {}

  NOINLINE int ping(int patience) const {
    if (latency_ > patience) throw TimeoutError(host_, patience);
    return latency_;
  }

 private:
  std::string host_;
  int latency_;
};

NOINLINE int slowest(const std::vector<Upstream>& upstreams, int patience) {
  int worst = 0;
  for (const Upstream& upstream : upstreams) {
    const int latency = upstream.ping(patience);
    if (latency > worst) worst = latency;
  }
  return worst;
}

int main() {
  const std::vector<Upstream> upstreams = {Upstream("accounts.example", 12),
                                           Upstream("ladder.example", 900),
                                           Upstream("shop.example", 30)};
  std::printf("slowest: %d ms\n", slowest(upstreams, 250));
}
