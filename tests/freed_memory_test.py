"""A pointer read out of a freed block, on every allocator: `why` says so by the allocator's own books, and says
nothing of the kind of a living block, or of an allocator that trips over its own links."""
import glob
import pathlib
import subprocess
import unittest

import patient
from patient import folder_of, build, die

LIBRARIES = {"glibc": None, "jemalloc": "libjemalloc.so.2", "tcmalloc": "libtcmalloc_minimal.so.4",
             "mimalloc": "libmimalloc.so.2*"}
SHOP = r"""
#include <map>
#include <string>
#include <vector>
struct Item { int id; Item* next; long prices[6]; std::string* label; };
struct Shop { std::vector<Item*> items; std::map<int, Item*> index; };
__attribute__((noinline)) size_t length_of(Item* item) { return item->label->size() + item->next->id; }
__attribute__((noinline)) void close(Shop& shop, bool with_items) {
  for (Item* item : shop.items) {
    delete item->label;
    item->label = nullptr;
    if (with_items) delete item;
  }
}
int main(int argc, char**) {
  Shop shop;
  for (int i = 0; i < 50; ++i) {
    auto* item = new Item{i, nullptr, {}, new std::string(40, 'x')};
    item->next = item;
    shop.items.push_back(item);
    shop.index[i] = item;
  }
  close(shop, argc == 1);
  size_t sum = 0;
  for (auto& [id, item] : shop.index) {
    if (id > 7) sum += length_of(item);
  }
  return sum == 1;
}
"""
LINKS = r"""
#include <cstdlib>
#include <cstring>
int main() {
  char* blocks[6];
  for (auto& block : blocks) block = (char*)malloc(2000);
  std::free(blocks[1]);
  std::free(blocks[3]);
  for (int i = 1; i < 4; i += 2) std::memset(blocks[i], 0x42 + i, 16);
  for (int i = 0; i < 9; ++i) blocks[0] = (char*)malloc(2000);
  return blocks[0] == nullptr;
}
"""


class FreedMemory(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.holder = folder_of(cls)
        cls.root = pathlib.Path(cls.holder.name)
        for name, text in (("shop", SHOP), ("links", LINKS)):
            build(cls.root / name, text, "g++", "-g", "-O0", "-w", "-std=c++20", "-fno-lifetime-dse")
        subprocess.run(["strip", "-o", cls.root / "stripped", cls.root / "shop"], check=True)

    def why(self, program, *arguments, library=None):
        core = self.root / "core"
        core.unlink(missing_ok=True)
        start = ["env", f"LD_PRELOAD={library}"] if library else []
        die(core, *start, self.root / program, *arguments)
        return patient.answer("why", core)

    def test_the_allocator_is_asked(self):
        for name, pattern in LIBRARIES.items():
            library = None
            if pattern:
                found = glob.glob(f"/usr/lib/x86_64-linux-gnu/{pattern}")
                if not found:
                    continue
                library = found[0]
            for program in ("shop", "stripped"):
                with self.subTest(allocator=name, program=program):
                    verdict = self.why(program, library=library)["verdict"]
                    self.assertEqual(verdict["cause"], "use-after-free", verdict["summary"])
                    said = [e["what"] for e in verdict["evidence"]]
                    self.assertTrue(any(f"say the books of {name}" in what for what in said), said)
            with self.subTest(allocator=name, living=True):
                answer = self.why("shop", "living", library=library)
                self.assertEqual(answer["verdict"]["cause"], "null-dereference", answer["verdict"]["summary"])
                self.assertNotIn("use-after-free", [finding["kind"] for finding in answer["findings"]])

    def test_an_allocator_that_trips_is_damaged(self):
        verdict = self.why("links")["verdict"]
        self.assertEqual(verdict["cause"], "heap-corruption", verdict["summary"])


if __name__ == "__main__":
    unittest.main()
