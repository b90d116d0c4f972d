#include "testkit/windows_program.h"

#include <fmt/core.h>

#include "testkit/shell.h"

namespace inquest::testkit {
namespace {

constexpr std::string_view kSource = R"(extern "C" int _fltused = 1;
extern "C" int atexit(void (*)()) { return 0; }
extern "C" int _purecall() { return 0; }
extern "C" void __main() {}
using size = decltype(sizeof(0));
void operator delete(void*) noexcept {}
void operator delete(void*, size) noexcept {}

namespace game {
volatile int sink;
struct Base {
  virtual int id() { return 7; }
  int base_id = 3;
};
enum class Rank : short { low = -1, high = 5 };
struct Stats {
  int hp;
  unsigned flag : 3;
  unsigned level : 7;
  double power;
  Rank rank;
};
struct Guild : Base {
  Stats stats;
  Guild* next;
  int slots[4];
  const char* name;
  int id() override { return 9; }
  int total(int n);
  static int made;
  union {
    int as_int;
    float as_float;
  } both;
};
#ifdef _WIN64
#pragma clang diagnostic ignored "-Winvalid-offsetof"
static_assert(sizeof(Guild) == 80 && __builtin_offsetof(Guild, stats) == 16 &&
              __builtin_offsetof(Guild, next) == 40 && __builtin_offsetof(Guild, slots) == 48 &&
              __builtin_offsetof(Guild, name) == 64 && __builtin_offsetof(Guild, both) == 72);
#endif
int Guild::made = 4;

static inline __attribute__((always_inline)) int innermost(int a) {
  int r = a * 3;
  sink = r;
  return r + sink;
}
static inline __attribute__((always_inline)) int middle(int a, int b) {
  int x = innermost(a);
  if (b > 2) x += innermost(b);
  return x + sink;
}
__attribute__((noinline)) int Guild::total(int n) {
  int sum = 0;
  for (int i = 0; i < n; ++i) {
    sum += middle(i, n);
    sink += sum;
  }
  return sum + stats.hp + (next ? next->stats.level : 0);
}
template <class T>
__attribute__((noinline)) T twice(T t) {
  sink = (int)t;
  return t + t;
}
static __attribute__((noinline)) int local_one(const Guild& g, int n) {
  sink = n;
  return g.slots[n & 3] + middle(n, 3);
}
}  // namespace game

game::Guild the_guild;
game::Guild* where_guild = &the_guild;

namespace {
__attribute__((noinline)) int hidden(int a) {
  game::sink = a;
  return a ^ game::sink;
}
}  // namespace

extern "C" __attribute__((noinline)) int plain(int x) {
  int y = x * game::sink + 3;
  return y;
}
extern "C" __declspec(dllexport) int entry() {
  return the_guild.total(5) + game::twice(3) + (int)game::twice(2.5) +
         game::local_one(*where_guild, 3) + plain(4) + hidden(3);
}
)";

}  // namespace

WindowsProgram::WindowsProgram(const WindowsBuild& build) {
  if (!has_tool("clang-19") || !has_tool("lld-link-19") || !has_tool("ld.lld-19")) return;
  write_file(folder_.file("app.cc"), std::string(kSource));
  const bool is_gnu = build.target.ends_with("gnu");
  const bool is_x86 = build.target.starts_with("i686");
  std::string compile = fmt::format(
      "cd {} && clang-19 --target={} {} -std=c++20 -fno-exceptions -fno-rtti {} -c app.cc -o "
      "app.obj",
      folder_.path(), build.target, is_gnu ? "-g" : "-g -gcodeview -gcolumn-info", build.flags);
  std::string link =
      is_gnu ? fmt::format("ld.lld-19 -m i386pep -e entry app.obj -o app.exe -Map=app.map {}",
                           build.link_flags)
             : fmt::format(
                   "lld-link-19 /debug /nodefaultlib /entry:{} /subsystem:console "
                   "/map:app.map app.obj /out:app.exe /pdb:app.pdb {} {}",
                   "entry", is_x86 ? "/safeseh:no" : "", build.link_flags);
  made_ = run(compile) && run("cd " + folder_.path() + " && " + link);
}

}  // namespace inquest::testkit
