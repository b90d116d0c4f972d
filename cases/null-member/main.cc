// A raid roster ranks avatars by the guild they belong to. An avatar that belongs to none keeps
// Avatar::guild null, and Roster::standing reads Guild::rank all the same.
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "../patient.h"

struct Guild {
  std::uint64_t id = 0;
  std::string name;
  std::int32_t level = 1;
  std::int32_t rank = 0;
};

struct Avatar {
  std::uint64_t id = 0;
  std::string name;
  Guild* guild = nullptr;
};

class Roster {
 public:
  void found(const std::string& name, std::int32_t rank) {
    auto guild = std::make_unique<Guild>();
    guild->id = guilds_.size() + 1;
    guild->name = name;
    guild->rank = rank;
    guilds_[name] = std::move(guild);
  }

  void enlist(const std::string& name, const std::string& guild) {
    auto avatar = std::make_unique<Avatar>();
    avatar->id = avatars_.size() + 1;
    avatar->name = name;
    if (auto it = guilds_.find(guild); it != guilds_.end()) avatar->guild = it->second.get();
    avatars_.push_back(std::move(avatar));
  }

  NOINLINE int best_standing() const {
    int best = 1'000'000;
    for (const auto& avatar : avatars_) {
      const int standing = standing_of(*avatar);
      if (standing < best) best = standing;
    }
    return best;
  }

 private:
  NOINLINE int standing_of(const Avatar& avatar) const { return avatar.guild->rank * 100; }

  std::map<std::string, std::unique_ptr<Guild>> guilds_;
  std::vector<std::unique_ptr<Avatar>> avatars_;
};

int main() {
  Roster roster;
  roster.found("Dragons", 3);
  roster.found("Owls", 7);
  roster.enlist("alice", "Dragons");
  roster.enlist("bob", "Owls");
  roster.enlist("carol", "Ravens");  // disbanded last week
  std::printf("best standing: %d\n", roster.best_standing());
}
