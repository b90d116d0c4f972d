// Real programs, compiled here, stopped at their fatal signal and walked in place: the compilers'
// and libc's own unwind data, the vDSO, signal frames.
#include <algorithm>
#include <cstdio>
#include <elf.h>
#include <fstream>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testkit/process.h"
#include "unwind/unwind.h"

namespace inquest::unwind {
namespace {

/// Reads the memory of a stopped child.
class ChildMemory : public snapshot::MemorySource {
 public:
  explicit ChildMemory(pid_t pid) : pid_(pid) {}
  size_t read(Address from, std::span<std::byte> out) const override {
    iovec here{out.data(), out.size()}, there{reinterpret_cast<void*>(from.value), out.size()};
    ssize_t got = process_vm_readv(pid_, &here, 1, &there, 1, 0);
    return got < 0 ? 0 : static_cast<size_t>(got);
  }

 private:
  pid_t pid_;
};

/// Runs `program` until it gets a fatal signal, takes what unwinding needs.
class StoppedProgram {
 public:
  explicit StoppedProgram(const std::string& program) {
    pid_ = fork();
    if (pid_ == 0) {
      ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
      execl(program.c_str(), program.c_str(), nullptr);
      _exit(127);
    }
    int status = 0;
    waitpid(pid_, &status, 0);  // the stop after exec
    for (;;) {
      int forward = WIFSTOPPED(status) ? WSTOPSIG(status) : 0;
      if (forward == SIGTRAP) forward = 0;
      if (forward == SIGSEGV || forward == SIGABRT) break;
      ptrace(PTRACE_CONT, pid_, nullptr, reinterpret_cast<void*>(static_cast<long>(forward)));
      if (waitpid(pid_, &status, 0) != pid_ || !WIFSTOPPED(status)) return;
    }
    read_registers();
    read_maps();
    stopped_ = true;
  }
  ~StoppedProgram() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }

  bool stopped() const { return stopped_; }
  Stack walk() {
    Unwinder unwinder(snapshot_, [](const snapshot::Module& module) {
      auto file = elf::File::open(module.path);
      return file ? RuleSource{*file, *file} : RuleSource{};
    });
    Stack stack = unwinder.walk(snapshot_.threads[0]);
    names_.clear();
    for (size_t i = 0; i < std::min<size_t>(stack.frames.size(), 64); ++i) {
      names_.push_back(name_of(stack.frames[i]));
    }
    return stack;
  }
  /// Function names of the program's own frames, innermost first; "?" outside it, "!" for a signal
  /// frame.
  const std::vector<std::string>& names() const { return names_; }

 private:
  void read_registers() {
    user_regs_struct regs;
    ptrace(PTRACE_GETREGS, pid_, nullptr, &regs);
    snapshot::Registers r(snapshot::Arch::x86_64);
    const uint64_t values[] = {regs.rax, regs.rdx, regs.rcx, regs.rbx, regs.rsi, regs.rdi,
                               regs.rbp, regs.rsp, regs.r8,  regs.r9,  regs.r10, regs.r11,
                               regs.r12, regs.r13, regs.r14, regs.r15, regs.rip};
    for (uint8_t n = 0; n < 17; ++n) r.set(n, values[n]);
    snapshot_.threads.push_back({.id = static_cast<uint32_t>(pid_), .registers = r});
    snapshot_.process.pid = pid_;
    snapshot_.memory.set_source(std::make_shared<ChildMemory>(pid_));
  }
  /// An executable that is not position-independent lies where its file says.
  static uint64_t bias_of(const std::string& path, uint64_t begin) {
    auto file = elf::File::open(path);
    return file ? begin - (*file)->load_base() : begin;
  }
  void read_maps() {
    std::ifstream maps(fmt::format("/proc/{}/maps", pid_));
    std::string line;
    while (std::getline(maps, line)) {
      uint64_t begin = 0, end = 0, offset = 0;
      char rights[8] = "", path[512] = "";
      std::sscanf(line.c_str(), "%lx-%lx %7s %lx %*s %*s %511s", &begin, &end, rights, &offset,
                  path);
      snapshot_.regions.push_back(
          {.range = {Address{begin}, Address{end}},
           .access = snapshot::Access{rights[0] == 'r', rights[1] == 'w', rights[2] == 'x'},
           .file = path});
      bool is_vdso = std::string_view(path) == "[vdso]";
      if (path[0] != '/' && !is_vdso) continue;
      auto& modules = snapshot_.modules;
      if (!modules.empty() && modules.back().path == path) {
        modules.back().range.end = Address{end};
      } else if (offset == 0) {
        modules.push_back({.path = path,
                           .range = {Address{begin}, Address{end}},
                           .bias = bias_of(path, begin),
                           .is_vdso = is_vdso});
      }
    }
  }
  std::string name_of(const Frame& frame) const {
    if (frame.is_signal_frame) return "!";
    if (!frame.module || frame.module != &snapshot_.modules[0]) return "?";
    auto file = elf::File::open(frame.module->path);
    if (!file) return "?";
    uint64_t at = frame.lookup_pc().value - frame.module->bias;
    for (const elf::Symbol& symbol : (*file)->symbols(SHT_SYMTAB)) {
      if (symbol.type == STT_FUNC && symbol.value <= at && at < symbol.value + symbol.size) {
        return std::string(symbol.name);
      }
    }
    return "?";
  }

  pid_t pid_ = -1;
  bool stopped_ = false;
  snapshot::Snapshot snapshot_;
  std::vector<std::string> names_;
};

constexpr std::string_view kCommon = R"(
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#define KEEP __attribute__((noinline, noclone, used))
extern "C" {
volatile int zero; volatile int sink; int* volatile null;
typedef void (*Function)(int);
Function volatile nowhere;
)";
constexpr std::string_view kLeaf = R"(
KEEP int leaf(int n) { return *null + n; }
KEEP int middle(int n) { sink = n; int r = leaf(n + 1); sink = r; return r + 1; }
KEEP int outer(int n) { char room[200]; memset(room, n, sizeof room); sink = room[n & 7];
  int r = middle(n + 1); sink = r + room[3]; return r; }
int main() { int r = outer(1); sink = r; return r; }
})";
constexpr std::string_view kNullCall = R"(
KEEP void outer(int n) { sink = n; nowhere(n); sink = n + 1; }
int main() { outer(1); sink = 2; return 0; }
})";
constexpr std::string_view kHandler = R"(
KEEP void handler(int) { sink = *null; sink = 3; }
KEEP void interrupted(int n) { sink = n; raise(SIGUSR1); sink = n + 1; }
int main() {
  stack_t alternate = {}; alternate.ss_sp = malloc(65536); alternate.ss_size = 65536;
  struct sigaction action; memset(&action, 0, sizeof action);
  action.sa_handler = handler;
  if (ALTERNATE) { sigaltstack(&alternate, 0); action.sa_flags = SA_ONSTACK; }
  sigaction(SIGUSR1, &action, 0);
  interrupted(1); sink = 2; return 0;
}
})";
constexpr std::string_view kTail = R"(
KEEP int last(int n) { return *null + n; }
KEEP int hop(int n) { sink = n; return last(n + 1); }
KEEP int outer(int n) { int r = hop(n + 1); sink = r; return r + 1; }
int main() { int r = outer(1); sink = r; return r; }
})";
constexpr std::string_view kAbort = R"(
KEEP void outer(int n) { sink = n; abort(); }
int main() { outer(1); return 0; }
})";

struct Case {
  const char* title;
  std::string_view source;
  const char* options;
  std::vector<std::string> names;  ///< the program's frames and signal frames, in order
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.title << " " << c.options; }

class RealProgram : public testing::TestWithParam<Case> {};

TEST_P(RealProgram, IsWalkedToItsBeginning) {
  if (!testkit::can_ptrace()) GTEST_SKIP() << "tracing is not allowed here";
  const Case& c = GetParam();
  testkit::TemporaryFolder folder;
  std::string program = folder.file("patient");
  std::string complaint =
      testkit::compile_program(program, std::string(kCommon) + std::string(c.source), c.options);
  ASSERT_EQ(complaint, "");
  StoppedProgram stopped(program);
  ASSERT_TRUE(stopped.stopped());
  Stack stack = stopped.walk();
  std::vector<std::string> own;
  std::string all;
  for (size_t i = 0; i < stack.frames.size(); ++i) {
    const std::string& name = stopped.names()[i];
    all += fmt::format("{} {} {} {:.2f}\n", stack.frames[i].pc, name,
                       unwind::name(stack.frames[i].trust), stack.frames[i].confidence);
    bool of_libc = name.starts_with("__libc_start");  // linked into static programs
    if (name != "?" && !of_libc) own.push_back(name);
  }
  EXPECT_EQ(own, c.names) << all << stack.note;
  EXPECT_EQ(stack.end, End::outermost) << all << stack.note;
}

const std::vector<std::string> kLeafNames{"leaf", "middle", "outer", "main", "_start"};
const std::vector<std::string> kCallNames{"outer", "main", "_start"};
const std::vector<std::string> kHandlerNames{"handler", "!", "interrupted", "main", "_start"};

TEST(RealProgram, OverflowsItsStack) {
  if (!testkit::can_ptrace()) GTEST_SKIP() << "tracing is not allowed here";
  testkit::TemporaryFolder folder;
  std::string program = folder.file("patient");
  std::string source = std::string(kCommon) + R"(
KEEP int deeper(int n) { volatile char room[24]; room[n & 7] = n; return deeper(n + 1) + room[1]; }
int main() { return deeper(1); }
})";
  ASSERT_EQ(testkit::compile_program(program, source, "-O1 -fno-optimize-sibling-calls"), "");
  StoppedProgram stopped(program);
  ASSERT_TRUE(stopped.stopped());
  Stack stack = stopped.walk();
  EXPECT_EQ(stack.end, End::outermost) << stack.note;
  EXPECT_GT(stack.depth(), 20'000u);
  EXPECT_EQ(stopped.names()[0], "deeper");
  EXPECT_EQ(stopped.names()[40], "deeper");
}

INSTANTIATE_TEST_SUITE_P(
    Unwind, RealProgram,
    testing::Values(
        Case{"leaf", kLeaf, "-O0", kLeafNames}, Case{"leaf", kLeaf, "-O2", kLeafNames},
        Case{"leaf", kLeaf, "-O2 -fomit-frame-pointer -static", kLeafNames},
        Case{"leaf by frame pointers", kLeaf,
             "-O1 -fno-omit-frame-pointer -mno-omit-leaf-frame-pointer -fno-optimize-sibling-calls "
             "-fno-asynchronous-unwind-tables -fno-unwind-tables -fno-exceptions",
             kLeafNames},
        Case{"leaf by scanning", kLeaf,
             "-O2 -fomit-frame-pointer -fno-asynchronous-unwind-tables -fno-unwind-tables "
             "-fno-exceptions",
             kLeafNames},
        Case{"leaf by .debug_frame", kLeaf,
             "-O2 -g -fno-asynchronous-unwind-tables -fno-unwind-tables -fno-exceptions",
             kLeafNames},
        Case{"null call", kNullCall, "-O0", kCallNames},
        Case{"null call", kNullCall, "-O2", kCallNames},
        Case{"handler", kHandler, "-O0 -DALTERNATE=0", kHandlerNames},
        Case{"handler", kHandler, "-O2 -DALTERNATE=0", kHandlerNames},
        Case{"handler on another stack", kHandler, "-O2 -DALTERNATE=1", kHandlerNames},
        Case{"tail call", kTail, "-O2", {"last", "outer", "main", "_start"}},
        Case{"abort", kAbort, "-O2", kCallNames}));

}  // namespace
}  // namespace inquest::unwind
