// A base class's constructor calls, by way of a helper, what only derived classes have.
#include "../runtime/windows.h"

class Widget;
NOINLINE void announce(Widget* widget);

class Widget {
 public:
  Widget() { announce(this); }
  virtual int height() const = 0;
};

class Button : public Widget {
 public:
  int height() const override { return 20; }
};

NOINLINE void announce(Widget* widget) {
  volatile int height = widget->height();
  (void)height;
}

int run_patient() {
  auto* button = new Button;
  return button->height();
}
