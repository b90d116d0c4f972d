// A constructor forgets a pointer; the debug heap's CD is followed.
#include "../runtime/windows.h"

struct Weapon {
  int damage;
};

struct Fighter {
  explicit Fighter(int hp) : hp(hp) {}
  int hp;
  Weapon* weapon;
};

NOINLINE int strike(Fighter* fighter) { return fighter->weapon->damage; }

int run_patient() { return strike(new Fighter(100)); }
