// Windows x64 code, run natively one instruction at a time: at each the frames that unwinding finds
// are held against the calls that were seen.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testkit/process.h"
#include "testkit/windows_code.h"
#include "unwind/unwind.h"

#ifdef __x86_64__

namespace inquest::unwind {
namespace {

namespace x64 = snapshot::x64;
using snapshot::Register;

constexpr std::string_view kSource = R"(
#define NOINLINE __attribute__((noinline))
volatile int sink;
NOINLINE int leaf(int a) { return a * 3 + sink; }
NOINLINE int tail(int a) { sink = a; return leaf(a + 1); }
NOINLINE int plain(int a) { int b = leaf(a); return b + leaf(b) + a; }
NOINLINE int many(int a, int b, int c, int d, int e, int f) {
  int s = 0;
  for (int i = 0; i < 2; ++i) s += leaf(a + i) * b + leaf(c) * d + leaf(e) * f + leaf(s) * a;
  return s + a * b * c * d * e * f;
}
NOINLINE int dynamic(int n) {
  volatile char* p = __builtin_alloca(n * 16);
  p[0] = (char)n; p[n] = 1;
  return leaf(p[0]) + plain(n);
}
NOINLINE int large(int n) {
  volatile char p[200000];
  p[n] = 1; p[199999] = 2;
  return leaf(p[n]) + p[199999];
}
NOINLINE double floats(double a, double b) {
  double c = leaf((int)a) * b, d = leaf((int)b) * a;
  for (int i = 0; i < 2; ++i) c += leaf(i) * d + a, d -= leaf(2) * c * b;
  return a * b + c * d;
}
NOINLINE int recurse(int n) {
  volatile int mine[4] = {n};
  return n ? recurse(n - 1) + mine[0] : leaf(n);
}
NOINLINE int branches(int n) {
  if (n == 1) return plain(n);
  if (n == 2) return tail(n) + 1;
  if (n > 5) { sink = n; return tail(n); }
  return leaf(n) + leaf(n + 1);
}
int (*volatile pointer)(int) = plain;
NOINLINE int indirect(int n) { sink = leaf(n); return pointer(n); }
int start(int n) {
  int s = plain(n) + tail(n) + many(n, 2, 3, 4, 5, 6) + dynamic(n) + large(n) + recurse(n);
  s += (int)floats(n, 2.5) + indirect(n);
  for (int i = 0; i < 8; ++i) s += branches(i);
  return s;
}
int _fltused;
)";

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

constexpr Register kKept[] = {x64::rbx, x64::rbp, x64::rsi, x64::rdi,
                              x64::r12, x64::r13, x64::r14, x64::r15};

/// A call that was seen: what its return must find.
struct Seen {
  uint64_t pc, sp;
  snapshot::Registers registers;
};

class NativeRun {
 public:
  NativeRun(const std::string& path, bool use_file) {
    auto opened = pe::File::open(path);
    EXPECT_TRUE(opened);
    file_ = *opened;
    base_ = file_->image_base();
    start_child();
    snapshot_.os = snapshot::Os::windows;
    snapshot_.modules = {{.path = path,
                          .range = {Address{base_}, Address{base_ + file_->image_size()}},
                          .bias = base_}};
    // The caller is not of the image; it lies anywhere.
    snapshot_.regions = {{.range = {Address{0x1000}, Address{uint64_t{1} << 47}},
                          .access = snapshot::Access{true, true, true}}};
    snapshot_.memory.set_source(std::make_shared<ChildMemory>(pid_));
    unwinder_ = std::make_unique<Unwinder>(snapshot_, [this, use_file](const snapshot::Module&) {
      return use_file ? RuleSource{.pe = file_} : RuleSource{};
    });
  }
  ~NativeRun() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }

  /// How many instructions of the image were executed and found right.
  size_t run() {
    snapshot::Registers before;
    size_t right = 0;
    bool entered = false;
    for (int i = 0; i < 2'000'000; ++i) {
      snapshot::Registers now = registers();
      uint64_t pc = now.pc()->value, sp = now.sp()->value;
      bool inside = snapshot_.modules[0].range.contains(Address{pc});
      if (inside && entered) follow(before, now);
      if (inside && !entered) {
        entered = true;
        calls_ = {{word(sp), sp + 8, now}};
      }
      if (inside) {
        if (!check(now)) return right;
        ++right;
      } else if (entered && calls_.size() == 1 && pc == calls_[0].pc) {
        return right;  // back in the caller
      }
      before = now;
      ptrace(PTRACE_SINGLESTEP, pid_, nullptr, nullptr);
      int status = 0;
      if (waitpid(pid_, &status, 0) != pid_ || !WIFSTOPPED(status) || WSTOPSIG(status) != SIGTRAP) {
        ADD_FAILURE() << "the program died at " << std::hex << pc - base_;
        return right;
      }
    }
    ADD_FAILURE() << "did not end";
    return right;
  }

 private:
  void start_child() {
    pid_ = fork();
    if (pid_ == 0) {
      uint64_t size = file_->image_size();
      auto* image = static_cast<std::byte*>(
          mmap(reinterpret_cast<void*>(base_), size, PROT_READ | PROT_WRITE | PROT_EXEC,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
      if (image == MAP_FAILED) _exit(1);
      Bytes headers = file_->from(Rva{0});
      std::memcpy(image, headers.data(), headers.size());
      for (const pe::Section& section : file_->sections()) {
        Bytes bytes = file_->from(Rva{section.rva});
        if (!bytes.empty()) std::memcpy(image + section.rva, bytes.data(), bytes.size());
      }
      using Entry = int(__attribute__((ms_abi))*)(int);
      auto entry = reinterpret_cast<Entry>(base_ + file_->entry_point().value);
      ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
      raise(SIGSTOP);
      _exit(entry(3) == 0 ? 0 : 2);
    }
    int status = 0;
    waitpid(pid_, &status, 0);
  }

  uint64_t word(uint64_t at) { return snapshot_.memory.read<uint64_t>(Address{at}).value_or(0); }

  snapshot::Registers registers() {
    user_regs_struct raw{};
    ptrace(PTRACE_GETREGS, pid_, nullptr, &raw);
    snapshot::Registers r(snapshot::Arch::x86_64);
    const uint64_t values[] = {raw.rax, raw.rdx, raw.rcx, raw.rbx, raw.rsi, raw.rdi,
                               raw.rbp, raw.rsp, raw.r8,  raw.r9,  raw.r10, raw.r11,
                               raw.r12, raw.r13, raw.r14, raw.r15, raw.rip};
    for (Register n = 0; n < 17; ++n) r.set(n, values[n]);
    return r;
  }

  /// Keeps the list of calls: a call pushes the address behind itself, a return takes it off.
  void follow(const snapshot::Registers& before, const snapshot::Registers& now) {
    uint64_t old_pc = before.pc()->value, sp = now.sp()->value;
    if (sp == before.sp()->value - 8) {
      uint64_t top = word(sp);
      auto opcode = snapshot_.memory.read<uint8_t>(Address{old_pc}).value_or(0);
      bool calls =
          (opcode == 0xe8 || opcode == 0xff || opcode == 0x41) && top > old_pc && top - old_pc <= 8;
      if (calls) {
        calls_.push_back({top, sp + 8, before});
        return;
      }
    }
    const Seen& last = calls_.back();
    if (now.pc()->value == last.pc && sp == last.sp) calls_.pop_back();
  }

  bool check(const snapshot::Registers& now) {
    Stack stack = unwinder_->walk(now);
    std::string where = fmt::format("at {:#x}", now.pc()->value - base_);
    for (size_t i = 0; i < calls_.size(); ++i) {
      const Seen& seen = calls_[calls_.size() - 1 - i];
      if (stack.frames.size() < i + 2) {
        ADD_FAILURE() << where << ": " << stack.frames.size() << " frames; " << stack.note;
        return false;
      }
      const Frame& frame = stack.frames[i + 1];
      EXPECT_EQ(frame.pc, Address{seen.pc}) << where << ", frame " << i + 1;
      EXPECT_EQ(frame.registers.sp(), Address{seen.sp}) << where << ", frame " << i + 1;
      EXPECT_EQ(frame.trust, Trust::pe) << where << ", frame " << i + 1;
      for (Register reg : kKept) {
        EXPECT_EQ(frame.registers.get(reg), seen.registers.get(reg))
            << where << ", frame " << i + 1 << ", register " << int{reg};
      }
      if (testing::Test::HasFailure()) return false;
    }
    return true;
  }

  std::shared_ptr<const pe::File> file_;
  uint64_t base_ = 0;
  pid_t pid_ = -1;
  snapshot::Snapshot snapshot_;
  std::unique_ptr<Unwinder> unwinder_;
  std::vector<Seen> calls_;
};

class NativeWindowsCode : public testing::TestWithParam<const char*> {};

TEST_P(NativeWindowsCode, IsUnwoundAtEachInstruction) {
  if (!testkit::can_build_windows() || !testkit::can_ptrace()) GTEST_SKIP() << "no tools";
  testkit::TemporaryFolder folder;
  std::string path = folder.file("a.exe");
  std::string failure =
      testkit::build_windows_program(path, kSource, "x86_64", GetParam(), "start");
  ASSERT_EQ(failure, "");
  for (bool use_file : {true, false}) {
    NativeRun native(path, use_file);
    EXPECT_GT(native.run(), 400u);
    if (HasFailure()) break;
  }
}

INSTANTIATE_TEST_SUITE_P(Unwind, NativeWindowsCode,
                         testing::Values("-O0", "-O1", "-O2", "-Os", "-O2 -fno-omit-frame-pointer",
                                         "-O1 -fno-optimize-sibling-calls"));

}  // namespace
}  // namespace inquest::unwind

#endif
