// Every worker is to set the session that it serves before it calls into the shop. One kind of
// worker, added later, does not: its thread's pointer is still null.
#include <string>
#include <thread>

#include "../patient.h"

struct Session {
  std::string user;
  long id = 0;
  int credit = 0;
};

thread_local Session* current_session = nullptr;

NOINLINE int credit_of_session() { return current_session->credit; }

NOINLINE int buy(int price) { return credit_of_session() - price; }

int main() {
  int left = 0;
  std::thread player([&] {
    Session session{"alice", 7, 120};
    current_session = &session;
    left += buy(30);
  });
  player.join();
  std::thread auction([&] {
    name_this_thread("auction");
    left += buy(50);
  });
  auction.join();
  std::printf("%d left\n", left);
}
