// A member record keeps the name in a fixed field; the length comes from the packet and is trusted.
// A long name runs over the pointer behind it, which then is eight letters: no address at all.
#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "../patient.h"

struct Guild {
  std::string name;
  int members = 0;
};

struct Member {
  char name[16] = {};
  Guild* guild = nullptr;
};

struct Packet {
  std::size_t length;
  const char* text;
};

class Register {
 public:
  explicit Register(Guild& guild) : guild_(guild) {}

  NOINLINE void admit(const Packet& packet) {
    auto member = std::make_unique<Member>();
    member->guild = &guild_;
    std::memcpy(member.get(), packet.text, packet.length);  // straight into the leading name field
    members_.push_back(std::move(member));
  }

  NOINLINE int count() const {
    for (const auto& member : members_) note(*member);
    return guild_.members;
  }

 private:
  NOINLINE void note(const Member& member) const { ++member.guild->members; }

  Guild& guild_;
  std::vector<std::unique_ptr<Member>> members_;
};

int main() {
  Guild guild{"Dragons", 0};
  Register members(guild);
  for (const char* name : {"alice", "bob", "Dragonslayer of Westmarch"}) {
    members.admit({std::min(std::strlen(name), sizeof(Member)), name});
  }
  std::printf("%d members\n", members.count());
}
