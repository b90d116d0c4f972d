// An avatar without a guild is asked for its guild's rank.
#include "../runtime/windows.h"

struct Guild {
  int slots[11];
  int rank;
};

struct Avatar {
  int id;
  Guild* guild;
};

NOINLINE int standing_of(const Avatar* avatar) { return avatar->guild->rank * 100; }

NOINLINE int best_standing(const Avatar* avatars, int n) {
  int best = 1000000;
  for (int i = 0; i < n; ++i) {
    int standing = standing_of(&avatars[i]);
    if (standing < best) best = standing;
  }
  return best;
}

int run_patient() {
  static Guild dragons = {{}, 3};
  Avatar avatars[] = {{1, &dragons}, {2, &dragons}, {3, nullptr}};
  return best_standing(avatars, 3);
}
