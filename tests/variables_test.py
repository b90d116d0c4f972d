"""Arguments and locals beside stacks: what `stack --variables` and `why` say against what the program printed, as gcc
and clang compile it with and without optimisation; gdb is the second witness where nothing is optimised."""
import os
import re
import shutil
import subprocess
import time
import unittest

import patient
from patient import folder_of, build, die, inquest

SOURCE = r"""
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <list>
#include <map>
#include <string>
#include <vector>
namespace game {
enum class Rank { recruit, officer = 3, leader };
struct Guild { int id; std::string name; std::vector<int> members; Guild* next; };
struct Point { int x, y; };
}
static int g_calls = 5;
int* volatile g_nowhere = nullptr;
volatile int g_sink;
__attribute__((noinline)) void say(const char* name, const char* value) { std::printf("%s=%s\n", name, value); }
__attribute__((noinline)) void say(const char* name, long value) { std::printf("%s=%ld\n", name, value); }

static inline __attribute__((always_inline)) void deep(int inner) {
  say("deep.inner", inner);
  std::fflush(stdout);
  *g_nowhere = inner;
  g_sink = inner;
}

__attribute__((noinline)) int fail(int level, double ratio, const std::string& text, game::Guild* guild,
                                   unsigned char small) {
  int doubled = level * 2;
  game::Rank rank = level > 3 ? game::Rank::officer : game::Rank::leader;
  bool flag = level == 7;
  char letter = static_cast<char>('q' + level);
  long long negative = -5000000000ll - level;
  game::Point point{level - 4, -level};
  std::vector<int> numbers{level, 2, 3};
  std::map<std::string, int> ranks{{"a", 1}, {"b", level}};
  std::string longer(200, 'L');
  const char* words = "plain words";
  say("fail.level", level);
  say("fail.ratio", ratio == 3.5 ? "3.5" : "?");
  say("fail.small", small);
  say("fail.doubled", doubled);
  say("fail.rank", rank == game::Rank::officer ? "officer" : "leader");
  say("fail.flag", flag ? "true" : "false");
  say("fail.negative", static_cast<long>(negative));
  std::printf("fail.text=%p -> \"%s\"\n", (const void*)&text, text.c_str());
  std::printf("fail.letter=%d '%c'\n", letter, letter);
  std::printf("fail.point={x = %d, y = %d}\n", point.x, point.y);
  std::printf("fail.numbers=%zu elements {%d, 2, 3}\n", numbers.size(), numbers[0]);
  std::printf("fail.ranks=%zu elements {\"a\": 1, \"b\": %d}\n", ranks.size(), ranks["b"]);
  std::printf("fail.longer=\"%.60s\"...\n", longer.c_str());
  std::printf("fail.words=%p \"%s\"\n", (const void*)words, words);
  std::printf("fail.guild=%p -> {id = %d, name = \"%s\", members = %zu elements, next = null}\n", (void*)guild,
              guild->id, guild->name.c_str(), guild->members.size());
  std::printf("fail.g_calls=%d\n", g_calls);
  deep(doubled + 1);
  int later = level * 3;
  g_sink = later + doubled + flag + letter + point.x + numbers[1] + ranks["a"] + int(longer.size()) + int(rank) +
           int(negative) + words[1] + small;
  say("fail.later", later);
  return guild->id;
}

__attribute__((noinline)) int outer(int kept, int dead) {
  game::Guild guild{kept * 100, "Night", {1, 2}, nullptr};
  int local = kept + 1;
  say("outer.kept", kept);
  say("outer.dead", dead);
  say("outer.local", local);
  int got = fail(kept, 3.5, "a text", &guild, 200);
  return got + kept + local;
}

__attribute__((noinline)) int corrupt(int mode) {
  std::vector<int> vector{1, 2, 3};
  std::string string = "short";
  std::list<int> list{1, 2, 3};
  std::map<int, int> map{{1, 2}};
  struct { void* a[8]; } wild;
  std::memset(&wild, 0x41, sizeof wild);
  long size = 1l << 60;
  std::memcpy(reinterpret_cast<char*>(&string) + 8, &size, 8);
  std::memset(reinterpret_cast<char*>(&vector), 0x41, 8);
  void** node = *reinterpret_cast<void***>(&list);
  node[0] = node;  // round in a circle
  std::memset(reinterpret_cast<char*>(&map) + 8, 0x42, 32);
  *g_nowhere = mode;
  return g_sink + int(string[0]) + int(list.size()) + int(map.size()) + vector[0] + (wild.a[0] != nullptr);
}

__attribute__((noinline)) int recurse(int depth, int twice) {
  volatile char pad[200];
  pad[0] = static_cast<char>(depth);
  return depth < 0 ? 0 : recurse(depth + 1, 2 * depth + 2) + pad[0] + twice;
}

int main(int count, char** arguments) {
  std::string mode = count > 1 ? arguments[1] : "";
  if (mode == "corrupt") return corrupt(count);
  if (mode == "overflow") return recurse(1, 2);
  return outer(count + 6, count + 40);
}
"""


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=300, **options)


class Program:
    def __init__(self, folder, compiler, level):
        self.path = os.path.join(folder, f"{compiler}{level}")
        # clang leaves the library's classes to the library's own debug information.
        whole = ["-fstandalone-debug"] if "clang" in compiler else []
        build(self.path, SOURCE, compiler, "-g", level, "-w", *whole)

    def core(self, mode=""):
        core = f"{self.path}.{mode}.core"
        said = die(core, self.path, *([mode] if mode else []))
        truth = dict(line.split("=", 1) for line in said.splitlines() if re.match(r"\w+\.\w+=", line))
        return core, truth


def answer(verb, core, *options):
    return patient.answer(verb, core, "--no-symbol-cache", *options)


def crashed_frames(value):
    return next(thread for thread in value["threads"] if thread["crashed"])["frames"]


def variables_of(frames, function):
    frame = next(frame for frame in frames if frame.get("function", "").split("(")[0] == function)
    return {one["name"]: one for one in frame["variables"]}


class Variables(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = folder_of(cls)
        cls.compilers = [one for one in ("g++", "clang++", "clang++-19", "clang++-14") if shutil.which(one)][:2]

    @classmethod
    def program(cls, compiler, level, _made={}):
        if (compiler, level) not in _made:
            _made[compiler, level] = Program(cls.folder.name, compiler, level)
        return _made[compiler, level]

    def compare(self, frames, truth):
        """How many values were told. None may differ from what the program printed."""
        told = 0
        for name, expected in truth.items():
            function, variable = name.split(".")
            one = variables_of(frames, function).get(variable)
            if one is None or "value" not in one:
                continue
            self.assertEqual(one["value"], expected, name)
            told += 1
        return told

    def test_without_optimisation_all_are_told(self):
        for compiler in self.compilers:
            with self.subTest(compiler):
                core, truth = self.program(compiler, "-O0").core()
                frames = crashed_frames(answer("stack", core, "--variables"))
                truth.pop("fail.g_calls")
                self.assertEqual(self.compare(frames, truth), len(truth))
                self.assertGreater(len(truth), 15)
                fail = variables_of(frames, "fail")
                self.assertTrue(fail["level"]["parameter"])
                self.assertFalse(fail["doubled"]["parameter"])
                self.assertEqual(fail["guild"]["type"], "game::Guild*")
                self.assertEqual(fail["later"].get("note"), "perhaps not set yet")
                self.assertNotIn("note", fail["doubled"])
                deep = next(frame for frame in frames if frame["function"].startswith("deep"))
                self.assertTrue(deep["inlined"])
                self.assertEqual([one["name"] for one in deep["variables"]], ["inner"])

    def test_optimised_none_is_wrong(self):
        for compiler in self.compilers:
            with self.subTest(compiler):
                core, truth = self.program(compiler, "-O2").core()
                frames = crashed_frames(answer("stack", core, "--variables"))
                self.assertGreater(self.compare(frames, truth), 5)
                outer = variables_of(frames, "outer")
                # It is needed after the call, so a register that calls keep holds it, or the stack.
                self.assertEqual(outer["kept"].get("value"), truth["outer.kept"])
                if "value" not in outer["dead"]:
                    self.assertRegex(outer["dead"]["unavailable"], "^(optimised out|not available: )")

    def test_gdb_says_the_same(self):
        if not shutil.which("gdb"):
            self.skipTest("gdb is not installed")
        program = self.program("g++", "-O0")
        core, _ = program.core()
        ran = run("gdb", "-nx", "-batch", "-ex", "set print elements 10", "-ex", "frame 1", "-ex",
                  "info args", "-ex", "info locals", "-ex", "frame 2", "-ex", "info args", "-ex",
                  "info locals", program.path, core)
        frames = crashed_frames(answer("stack", core, "--variables"))
        compared, function = 0, ""
        for line in ran.stdout.splitlines():
            entered = re.match(r"#\d+\s+(?:0x\w+ in )?(\w+) \(", line)
            if entered:
                function = entered[1]
            found = re.match(r"(\w+) = (-?\d+(?:\.\d+)?|true|false|0x[0-9a-f]+)\b", line)
            if not found or function not in ("fail", "outer"):
                continue
            ours = variables_of(frames, function)[found[1]]["value"]
            self.assertEqual(ours.split(" ")[0], found[2], line)
            compared += 1
        self.assertGreater(compared, 6, ran.stdout)

    def test_text_and_why(self):
        core, truth = self.program("g++", "-O0").core()
        text = inquest("stack", core, "--variables").stdout
        self.assertIn("\n        level = 7\n", text)
        self.assertIn("point (game::Point) = {x = 3, y = -7}", text)
        self.assertIn("guild (game::Guild*) = " + truth["fail.guild"][:40], text)
        self.assertNotIn("level = 7", inquest("stack", core).stdout)
        self.assertNotIn("variables", crashed_frames(answer("stack", core))[0])
        why = inquest("why", core).stdout
        self.assertIn("inner = 15", why)
        self.assertIn("level = 7", why)
        self.assertIn("more: inquest stack --variables", why)
        self.assertEqual(self.compare(crashed_frames(answer("why", core)), truth), len(truth) - 1)
        html = inquest("why", core, "--format", "html").stdout
        self.assertIn("doubled = 14", html)

    def test_corrupt_objects_end(self):
        for compiler in self.compilers:
            with self.subTest(compiler):
                core, _ = self.program(compiler, "-O0").core("corrupt")
                begin = time.monotonic()
                told = variables_of(crashed_frames(answer("stack", core, "--variables")), "corrupt")
                self.assertLess(time.monotonic() - begin, 60)
                for name in ("vector", "string", "list", "map"):
                    one = told[name]
                    self.assertLess(len(one.get("value", "")), 410)
                    self.assertTrue(one.get("note") or "not in the dump" in str(one), one)

    def test_a_frame_that_is_not_there_yet_holds_nothing(self):
        for compiler in self.compilers:
            with self.subTest(compiler):
                core, _ = self.program(compiler, "-O0").core("overflow")
                frames = [frame for frame in crashed_frames(answer("stack", core, "--variables"))
                          if frame.get("function", "").startswith("recurse") and "variables" in frame]
                self.assertGreater(len(frames), 100)
                seen = [{one["name"]: one for one in frame["variables"]} for frame in frames]
                values = [(one["depth"].get("value"), one["twice"].get("value")) for one in seen]
                for (depth, twice), (next_depth, _) in zip(values[1:100], values[2:101]):
                    self.assertEqual(int(twice), 2 * int(depth))
                    self.assertEqual(int(depth), int(next_depth) + 1)
                if values[0][0] is not None:
                    self.assertEqual(int(values[0][0]), int(values[1][0]) + 1)


if __name__ == "__main__":
    unittest.main()
