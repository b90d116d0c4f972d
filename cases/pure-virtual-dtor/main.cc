// A widget takes itself off the screen in the destructor of its base class, and the screen asks for
// its area to repaint: the derived part is gone by then, and area() is pure virtual.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "../patient.h"

class Widget;

class Screen {
 public:
  void show(Widget* widget) { widgets_.push_back(widget); }
  NOINLINE void remove(Widget* widget);
  int repainted() const { return repainted_; }

 private:
  std::vector<Widget*> widgets_;
  int repainted_ = 0;
};

class Widget {
 public:
  explicit Widget(Screen& screen) : screen_(screen) { screen_.show(this); }
  virtual ~Widget() { screen_.remove(this); }
  virtual int area() const = 0;

 private:
  Screen& screen_;
};

void Screen::remove(Widget* widget) {
  repainted_ += widget->area();
  widgets_.erase(std::find(widgets_.begin(), widgets_.end(), widget));
}

class Button : public Widget {
 public:
  Button(Screen& screen, int width, int height) : Widget(screen), width_(width), height_(height) {}
  int area() const override { return width_ * height_; }

 private:
  int width_;
  int height_;
};

NOINLINE int close_dialog(Screen& screen, std::vector<std::unique_ptr<Widget>>& widgets) {
  widgets.clear();
  return screen.repainted();
}

int main() {
  Screen screen;
  std::vector<std::unique_ptr<Widget>> widgets;
  widgets.push_back(std::make_unique<Button>(screen, 80, 24));
  widgets.push_back(std::make_unique<Button>(screen, 120, 24));
  std::printf("%d pixels\n", close_dialog(screen, widgets));
}
