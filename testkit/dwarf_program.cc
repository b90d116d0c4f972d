#include "testkit/dwarf_program.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fmt/core.h>
#include <fstream>

namespace inquest::testkit {

bool have_tool(std::string_view command) {
  return std::system(fmt::format("command -v {} >/dev/null 2>&1", command).c_str()) == 0;
}

std::string output_of(const std::string& command) {
  std::string text;
  FILE* pipe = popen((command + " 2>/dev/null").c_str(), "r");
  if (!pipe) return text;
  std::array<char, 65536> buffer;
  while (size_t n = fread(buffer.data(), 1, buffer.size(), pipe)) text.append(buffer.data(), n);
  pclose(pipe);
  return text;
}

DwarfProgram::DwarfProgram(std::string_view compiler, std::string_view flags,
                           const std::vector<File>& files) {
  std::string name = std::filesystem::temp_directory_path() / "inquest-dwarf-XXXXXX";
  if (!mkdtemp(name.data())) return;
  folder_ = name;
  std::string objects;
  for (const File& file : files) {
    std::ofstream(folder_ + "/" + file.name) << file.text;
    if (!file.name.ends_with(".cc") && !file.name.ends_with(".c")) continue;
    std::string object = file.name.substr(0, file.name.rfind('.')) + ".o";
    std::string command = fmt::format("cd {} && {} -std=c++20 {} -c {} -o {} >/dev/null 2>&1",
                                      folder_, compiler, flags, file.name, object);
    if (std::system(command.c_str()) != 0) return;
    objects += object + " ";
  }
  std::string link = fmt::format("cd {} && {} {} {} -Wl,--build-id=sha1 -o program >/dev/null 2>&1",
                                 folder_, compiler, flags, objects);
  if (std::system(link.c_str()) == 0) path_ = folder_ + "/program";
}

DwarfProgram::~DwarfProgram() {
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

std::vector<DwarfProgram::File> sample_program() {
  return {{"guild.h", R"(#pragma once
namespace game {
struct Guild;
struct Stats { int level; short rank; };
enum class Mood : unsigned char { calm, angry = 7 };
struct Named { virtual ~Named() = default; char name[12]; };
struct Empty {};
struct Member : Empty, Named {
  Guild* guild = nullptr;
  Stats stats[3] = {};
  unsigned flags : 3 = 1;
  unsigned state : 7 = 2;
  union { long number; double real; };
  Mood mood = Mood::angry;
  static int alive;
  Member();
  int score(int by) const;
};
template <class T> struct Box { T value; int count; };
int total(const Member& member, int by);
}
)"},
          {"guild.cc", R"(#include "guild.h"
namespace game {
struct Guild { long id; Box<short> box; Member* first; int rank; };
int Member::alive = 0;
Guild the_guild = {7, {3, 4}, nullptr, 5};
Member::Member() { number = 0; guild = &the_guild; ++alive; }
namespace { volatile int sink = 0; }
static int hidden(int x) { sink = sink + x; return sink; }
static inline __attribute__((always_inline)) int innermost(int x) {
  sink = sink + x;
  return sink * 3;
}
static inline __attribute__((always_inline)) int middle(int x) {
  int y = innermost(x + 1);
  return y + innermost(y);
}
int Member::score(int by) const { return middle(by) + stats[1].rank; }
int total(const Member& member, int by) {
  struct Local { int twice(int n) { sink = sink + n; return n * 2; } } local;
  auto lambda = [&](int n) { return hidden(n) + by; };
  return member.score(by) + middle(by) + lambda(by) + local.twice(by) + the_guild.rank;
}
}
)"},
          {"main.cc", R"(#include <cstddef>
#include <cstdio>
#include "guild.h"
extern "C" int plain_c(int n) { static int calls = 0; calls += n; return calls; }
thread_local int per_thread = 42;
#define SHOW(name, value) std::printf("%s %ld\n", name, (long)(value))
#pragma GCC diagnostic ignored "-Winvalid-offsetof"
int main(int argc, char**) {
  game::Member member;
  game::Box<game::Stats> box = {{1, 2}, argc};
  SHOW("Member", sizeof(game::Member));
  SHOW("Stats", sizeof(game::Stats));
  SHOW("Member.guild", offsetof(game::Member, guild));
  SHOW("Member.stats", offsetof(game::Member, stats));
  SHOW("Member.number", offsetof(game::Member, number));
  SHOW("Member.mood", offsetof(game::Member, mood));
  SHOW("Box.count", offsetof(game::Box<game::Stats>, count));
  SHOW("total", game::total(member, argc) + plain_c(argc) + per_thread + box.count);
}
)"}};
}

}  // namespace inquest::testkit
