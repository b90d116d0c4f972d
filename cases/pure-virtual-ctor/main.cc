// Each monster registers itself from the constructor of its base class, and the registry asks for
// its name right away: the derived class does not exist yet, so the call ends in a pure virtual
// function.
#include <memory>
#include <string>
#include <vector>

#include "../patient.h"

class Monster;

class Bestiary {
 public:
  NOINLINE void enter(Monster* monster);
  std::size_t letters() const { return letters_; }

 private:
  std::vector<Monster*> monsters_;
  std::size_t letters_ = 0;
};

class Monster {
 public:
  explicit Monster(Bestiary& bestiary) { bestiary.enter(this); }
  virtual ~Monster() = default;
  virtual std::string name() const = 0;
};

void Bestiary::enter(Monster* monster) {
  monsters_.push_back(monster);
  letters_ += monster->name().size();
}

class Troll : public Monster {
 public:
  explicit Troll(Bestiary& bestiary) : Monster(bestiary) {}
  std::string name() const override { return "troll"; }
};

NOINLINE std::unique_ptr<Monster> spawn(Bestiary& bestiary) {
  return std::make_unique<Troll>(bestiary);
}

int main() {
  Bestiary bestiary;
  auto monster = spawn(bestiary);
  std::printf("%s %zu\n", monster->name().c_str(), bestiary.letters());
}
