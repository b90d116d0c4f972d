// A spell is cast at a target that has been deleted meanwhile. The block of the target already
// belongs to a chat line of the same size, so the virtual table pointer is text.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "../patient.h"

class Target {
 public:
  explicit Target(int health) : health_(health) {}
  virtual ~Target() = default;
  virtual int damage(int points) {
    effects_[static_cast<std::size_t>(points) % 8] += 1;
    return health_ -= points;
  }

 private:
  int health_;
  std::uint64_t effects_[8] = {};
};

struct Spell {
  Target* target;
  int points;
};

class Chat {
 public:
  NOINLINE void say(const std::string& line) {
    auto text = std::make_unique<char[]>(sizeof(Target));
    line.copy(text.get(), sizeof(Target) - 1);
    lines_.push_back(std::move(text));
  }

 private:
  std::vector<std::unique_ptr<char[]>> lines_;
};

class Battle {
 public:
  NOINLINE void aim(Target* target, int points) { pending_.push_back({target, points}); }

  NOINLINE int resolve() {
    int left = 0;
    for (const Spell& spell : pending_) left += spell.target->damage(spell.points);
    pending_.clear();
    return left;
  }

 private:
  std::vector<Spell> pending_;
};

int main() {
  Chat chat;
  Battle battle;
  auto ogre = std::make_unique<Target>(300);
  auto goblin = std::make_unique<Target>(40);
  battle.aim(ogre.get(), 25);
  battle.aim(goblin.get(), 90);
  goblin.reset();  // fell off the bridge
  chat.say("the goblin fell off the bridge, did anybody see that?");
  std::printf("%d health left\n", battle.resolve());
}
