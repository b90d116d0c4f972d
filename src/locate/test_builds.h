/// Real files made by the machine's compiler, for the tests of this room; made once a test program.
#pragma once

#include <cstdlib>

#include "locate/locate.h"
#include "testkit/shell.h"

namespace inquest::locate {

/// In the folder:
///   app            with debug information and a build id
///   other          another build of it, same name of functions, other build id
///   app.debug      objcopy --only-keep-debug app
///   stripped       app without debug information and symbols
///   linked/app     stripped, with .gnu_debuglink to app.debug (which lies elsewhere)
///   noid, noid2    two builds without a build id; noid.stripped, noid.debug as above
class Builds {
 public:
  static const Builds* get() {
    static Builds builds;
    return builds.made_ ? &builds : nullptr;
  }
  const testkit::TemporaryFolder& folder() const { return folder_; }

 private:
  Builds() {
    if (!testkit::has_tool("gcc") || !testkit::has_tool("objcopy")) return;
    testkit::write_file(folder_ / "app.c",
                        "volatile int sink;\n"
                        "__attribute__((noinline)) int step(int n) { return sink + n + SALT; }\n"
                        "int main(void) { return step(1); }\n");
    std::string cd = "cd " + folder_.path() + " && ";
    made_ = testkit::run(cd + "gcc -g -O1 -DSALT=1 -Wl,--build-id -o app app.c") &&
            testkit::run(cd + "gcc -g -O1 -DSALT=2 -Wl,--build-id -o other app.c") &&
            testkit::run(cd + "objcopy --only-keep-debug app app.debug") &&
            testkit::run(cd + "objcopy --only-keep-debug other other.debug") &&
            testkit::run(cd + "objcopy -S app stripped") &&
            testkit::run(cd + "gcc -g -O1 -DSALT=1 -Wl,--build-id=none -o noid app.c") &&
            testkit::run(cd + "gcc -g -O1 -DSALT=2 -Wl,--build-id=none -o noid2 app.c") &&
            testkit::run(cd + "objcopy --only-keep-debug noid noid.debug") &&
            testkit::run(cd + "objcopy -S noid noid.stripped") &&
            testkit::run(cd + "objcopy --add-gnu-debuglink=noid.debug noid.stripped noid.linked") &&
            testkit::run(cd +
                         "mkdir linked && objcopy --add-gnu-debuglink=app.debug stripped "
                         "linked/app");
  }
  testkit::TemporaryFolder folder_;
  bool made_ = false;
};

/// Copies one of the builds, so that it lies where the test wants it.
inline void put(const std::string& build, const std::string& to) {
  std::string from = Builds::get()->folder() / build;
  if (!testkit::run("mkdir -p $(dirname " + to + ") && cp " + from + " " + to)) std::abort();
}

/// A snapshot with one module, as if the file `build` had been mapped at 0x400000 and recorded with
/// the path `recorded`. With `with_header` its first page is in the dump.
inline snapshot::Snapshot snapshot_of(const std::string& build, const std::string& recorded,
                                      bool with_id = true, bool with_header = false) {
  auto file = elf::File::open(Builds::get()->folder() / build);
  if (!file) std::abort();
  snapshot::Snapshot snapshot;
  uint64_t end = 0;
  for (const elf::Segment& s : (*file)->segments()) {
    if (s.type == 1) end = std::max(end, s.vaddr + s.memory_size);
  }
  snapshot::Module module;
  module.path = recorded;
  module.range = {{0x400000}, {0x400000 + (end + 4095) / 4096 * 4096}};
  module.bias = 0x400000 - (*file)->load_base();
  module.is_main = true;
  if (with_id) {
    Bytes id = (*file)->build_id();
    module.identity.build_id.assign(id.begin(), id.end());
  }
  if (with_header) {
    snapshot.memory.add(module.range.begin, (*file)->bytes().first(4096), snapshot::Origin::dump,
                        *file);
  }
  snapshot.modules.push_back(module);
  return snapshot;
}

inline ModuleFiles find_with(const snapshot::Snapshot& snapshot, Options options) {
  if (options.cache.empty()) options.cache = "/nonexistent";
  return Locator(std::move(options)).find(snapshot, snapshot.modules[0]);
}

}  // namespace inquest::locate

#define SKIP_WITHOUT_COMPILER() \
  if (!::inquest::locate::Builds::get()) GTEST_SKIP() << "no gcc or objcopy here"
