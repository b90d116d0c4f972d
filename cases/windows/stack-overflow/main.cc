// A menu that contains itself is drawn.
#include "../runtime/windows.h"

struct Menu {
  const char* title;
  Menu* child;
};

NOINLINE int draw(const Menu* menu, int depth) {
  volatile char line[512];
  line[depth % 512] = menu->title[0];
  int width = menu->child ? draw(menu->child, depth + 1) : 0;
  return width + line[depth % 512];
}

int run_patient() {
  static Menu menu = {"Options", nullptr};
  menu.child = &menu;
  return draw(&menu, 0);
}
