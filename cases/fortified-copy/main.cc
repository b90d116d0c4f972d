// A name is too long for its member, and the build has _FORTIFY_SOURCE: the copy is stopped before
// it writes. Nothing on the stack was smashed, and the destination is a block of the heap.
#include <cstdlib>
#include <cstring>

#include "../patient.h"

struct User {
  char name[12];
  int id;
};

NOINLINE void rename_user(User* user, const char* name) { std::strcpy(user->name, name); }

int main(int argc, char** argv) {
  auto* user = static_cast<User*>(std::calloc(1, sizeof(User)));
  user->id = 7;
  rename_user(user, argc > 1 ? argv[1] : "somebody-with-a-long-name");
  std::printf("%s is %d\n", user->name, user->id);
}
