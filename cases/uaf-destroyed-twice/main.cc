// Two owners of one session: the second destroys what the first had destroyed, whose string is now
// malloc's list of free blocks.
#include <string>
#include <vector>

#include "../patient.h"

struct Session {
  std::string token;
  int user = 0;
};

NOINLINE void close_session(Session* session) { delete session; }

int main() {
  std::vector<Session*> by_user, by_age;
  for (int user = 0; user < 3; ++user) {
    auto* session = new Session{std::string(90, 't'), user};
    by_user.push_back(session);
    by_age.push_back(session);
  }
  close_session(by_user[0]);
  close_session(by_age[0]);
}
