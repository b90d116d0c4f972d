#include <chrono>
#include <cstring>
#include <elf.h>
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capture/capture.h"
#include "capture/proc_files.h"
#include "testkit/process.h"

namespace inquest::capture {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
namespace fs = std::filesystem;

class Dump : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!testkit::can_ptrace()) GTEST_SKIP() << "ptrace is not permitted here";
  }
  void TearDown() override {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
  }
  /// Compiles and starts a program, and waits until it has printed "ready".
  void start(std::string_view source) {
    ASSERT_EQ(testkit::compile_program(program_, source), "");
    pid_ = testkit::start_program({program_}, output_);
    ASSERT_TRUE(testkit::wait_for_text(output_, "ready"));
  }
  CoreWritten dump() {
    auto core = dump_process(pid_, options_);
    EXPECT_TRUE(core) << core.error().line();
    return core ? *std::move(core) : CoreWritten{};
  }
  std::string gdb(const std::string& command) {
    return testkit::run_command("gdb -nx -batch -ex 'set pagination off' " + command + " '" +
                                program_ + "' '" + options_.path + "'")
        .output;
  }
  std::string readelf(const std::string& what) {
    return testkit::run_command("readelf -W " + what + " '" + options_.path + "'").output;
  }

  /// Whether the core's program headers say that it holds the byte at `address`.
  bool records(uint64_t address) {
    auto bytes = testkit::read_text(options_.path);
    Elf64_Ehdr header;
    std::memcpy(&header, bytes.data(), sizeof header);
    for (unsigned i = 0; i < header.e_phnum; ++i) {
      Elf64_Phdr segment;
      std::memcpy(&segment, bytes.data() + header.e_phoff + i * sizeof segment, sizeof segment);
      if (segment.p_type == PT_LOAD && address - segment.p_vaddr < segment.p_filesz) return true;
    }
    return false;
  }

  testkit::TemporaryFolder folder_;
  std::string program_ = folder_.file("program");
  std::string output_ = folder_.file("output");
  CoreOptions options_{.path = folder_.file("core")};
  pid_t pid_ = 0;
};

TEST_F(Dump, LiveProcessGoesOn) {
  start(R"(
    #include <errno.h>
    #include <stdio.h>
    #include <string.h>
    #include <thread>
    #include <unistd.h>
    #include <poll.h>
    int main() {
      int pipe_ends[2]; if (pipe(pipe_ends) != 0) return 1;
      std::thread reader([&] { char c; ssize_t n = read(pipe_ends[0], &c, 1);
        printf("read %zd %s\n", n, n < 0 ? strerror(errno) : "-"); fflush(stdout); });
      usleep(100000); puts("ready"); fflush(stdout);
      for (int i = 0; ; ++i) { printf("tick %d\n", i); fflush(stdout);
        if (i == 30) { if (write(pipe_ends[1], "x", 1) != 1) return 1; reader.join(); return 0; }
        int n = poll(nullptr, 0, 20); if (n < 0) printf("poll %s\n", strerror(errno)); }
    })");
  auto core = dump();
  EXPECT_EQ(core.threads, 2u);
  EXPECT_EQ(core.pid, pid_);
  EXPECT_THAT(core.warnings, IsEmpty());
  EXPECT_GT(core.stopped.count(), 0);
  EXPECT_LT(core.stopped.count(), 20'000'000);
  EXPECT_EQ(thread_status(pid_)->tracer, 0);

  int status = 0;
  ASSERT_EQ(::waitpid(pid_, &status, 0), pid_);
  pid_ = 0;
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  auto said = testkit::read_text(output_);
  EXPECT_THAT(said, HasSubstr("tick 30\n"));
  EXPECT_THAT(said, HasSubstr("read 1 -"));
  EXPECT_THAT(said, Not(HasSubstr("poll")));  // interrupted calls are restarted

  auto text = gdb("-ex 'thread apply all bt'");
  EXPECT_THAT(text, HasSubstr("main"));
  EXPECT_THAT(text, HasSubstr("read ("));
}

TEST_F(Dump, StoppedProcessStaysStopped) {
  start(R"(
    #include <stdio.h>
    #include <unistd.h>
    int main() { puts("ready"); fflush(stdout); for (;;) pause(); })");
  ::kill(pid_, SIGSTOP);
  int status = 0;
  ASSERT_EQ(::waitpid(pid_, &status, WUNTRACED), pid_);
  dump();
  for (int i = 0; i < 200 && thread_status(pid_)->state != 'T'; ++i) ::usleep(5000);
  EXPECT_EQ(thread_status(pid_)->state, 'T');
}

TEST_F(Dump, LeaderThatEnded) {
  start(R"(
    #include <pthread.h>
    #include <stdio.h>
    #include <thread>
    #include <unistd.h>
    void survivor() { usleep(50000); puts("ready"); fflush(stdout); for (;;) pause(); }
    int main() { std::thread(survivor).detach(); pthread_exit(nullptr); })");
  auto core = dump();
  EXPECT_EQ(core.threads, 1u);
  EXPECT_EQ(core.pid, pid_);
  EXPECT_THAT(core.warnings, IsEmpty());
  EXPECT_THAT(gdb("-ex bt"), HasSubstr("survivor"));
}

TEST_F(Dump, FortyGibibytesHardlyTouched) {
  start(R"(
    #include <stdio.h>
    #include <string.h>
    #include <sys/mman.h>
    #include <unistd.h>
    char* wide; char* guard; char* hidden;
    int main() {
      size_t size = 40ull << 30;
      wide = (char*)mmap(nullptr, size, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
      if (wide == MAP_FAILED) { puts("no address space; ready"); fflush(stdout); pause(); }
      madvise(wide, size, MADV_NOHUGEPAGE);
      for (size_t at = 0; at < size; at += 4ull << 30) wide[at + 4096 * 7] = 'a' + (at >> 32);
      wide[size - 1] = 'z';
      volatile char sum = 0;
      for (size_t at = 1 << 20; at < 2 << 20; at += 4096) sum += wide[at];  // the page of zeros
      guard = (char*)mmap(nullptr, 1ull << 40, PROT_NONE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
      hidden = (char*)mmap(nullptr, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      strcpy(hidden, "still there"); mprotect(hidden, 1 << 20, PROT_NONE);
      puts("ready"); fflush(stdout); for (;;) pause(); })");
  auto before = std::chrono::steady_clock::now();
  auto core = dump();
  auto took = std::chrono::steady_clock::now() - before;
  EXPECT_LT(took, std::chrono::seconds(10));  // 30 ms on a machine that is not busy
  EXPECT_GT(core.bytes, 40ull << 30);
  EXPECT_LT(core.bytes, 42ull << 30);
  EXPECT_LT(core.disk_bytes, 8ull << 20);
  RecordProperty("stopped_us", static_cast<int>(core.stopped.count()));
  struct stat file{};
  ASSERT_EQ(::stat(core.path.c_str(), &file), 0);
  EXPECT_LE(static_cast<uint64_t>(file.st_blocks) * 512, 8ull << 20);
  EXPECT_EQ(file.st_mode & 0777, 0600u);
  auto text =
      gdb("-ex 'p wide[4096*7]' -ex 'p wide[(8ull<<30)+4096*7]' -ex 'p wide[(40ull<<30)-1]' "
          "-ex 'p wide[5ull<<30]' -ex 'p (char*)hidden'");
  EXPECT_THAT(text, HasSubstr("97 'a'"));
  EXPECT_THAT(text, HasSubstr("99 'c'"));
  EXPECT_THAT(text, HasSubstr("122 'z'"));
  EXPECT_THAT(text, HasSubstr("0 '\\000'"));
  EXPECT_THAT(text, HasSubstr("still there"));
}

TEST_F(Dump, WhatIsRecordedAndWhatIsNot) {
  start(R"(
    #include <fcntl.h>
    #include <stdio.h>
    #include <stdlib.h>
    #include <string.h>
    #include <sys/mman.h>
    #include <unistd.h>
    char *secret, *shared, *changed, *large;
    char* map(size_t size, int flags, int file) {
      return (char*)mmap(nullptr, size, PROT_READ | PROT_WRITE, flags, file, 0); }
    int main(int, char** argv) {
      secret = map(1 << 20, MAP_PRIVATE | MAP_ANONYMOUS, -1);
      strcpy(secret, "must not be seen"); madvise(secret, 1 << 20, MADV_DONTDUMP);
      shared = map(1 << 20, MAP_SHARED | MAP_ANONYMOUS, -1);
      if (fork() == 0) { strcpy(shared + 8192, "from the child"); _exit(0); }
      usleep(100000);
      changed = map(16384, MAP_PRIVATE, open("/proc/self/exe", O_RDONLY));
      strcpy(changed + 4096, "modified page");
      char name[] = "/tmp/inquest-large-XXXXXX"; int file = mkstemp(name);
      if (ftruncate(file, 200 << 20) != 0 || pwrite(file, "in the file", 11, 100 << 20) != 11) return 1;
      large = map(200 << 20, MAP_PRIVATE, file); unlink(name);
      strcpy(large + (50 << 20), "in memory");
      printf("%lx %lx %lx\n", (long)secret, (long)large + (50l << 20), (long)large + (100l << 20));
      puts("ready"); fflush(stdout); for (;;) pause(); })");
  auto core = dump();
  EXPECT_LT(core.disk_bytes, 12ull << 20);
  auto text = gdb("-ex 'p shared+8192' -ex 'p changed+4096' -ex 'p large+(50<<20)'");
  EXPECT_THAT(text, HasSubstr("from the child"));
  EXPECT_THAT(text, HasSubstr("modified page"));
  EXPECT_THAT(text, HasSubstr("in memory"));
  unsigned long secret = 0, changed = 0, clean = 0;
  ASSERT_EQ(::sscanf(testkit::read_text(output_).c_str(), "%lx %lx %lx", &secret, &changed, &clean),
            3);
  EXPECT_FALSE(records(secret));
  EXPECT_TRUE(records(changed));
  // Not changed by the process: it is in the file, and the core does not pretend to hold it.
  EXPECT_FALSE(records(clean));
  EXPECT_THAT(readelf("-l"), ContainsRegex("LOAD .* 0x000000 0x[0-9a-f]+ R E"));  // text
  EXPECT_THAT(testkit::run_command("grep -c 'must not be seen' '" + core.path + "'").output,
              HasSubstr("0"));
}

TEST_F(Dump, Everything) {
  start(R"(
    #include <stdio.h>
    #include <unistd.h>
    int main() { puts("ready"); fflush(stdout); for (;;) pause(); })");
  auto lean = dump();
  options_.everything = true;
  auto full = dump();
  EXPECT_GT(full.bytes, lean.bytes + (1 << 20));  // the text of libc
  // Enough for a debugger without any file.
  auto text = testkit::run_command("gdb -nx -batch -ex 'x/2i $pc' -c '" + full.path + "'").output;
  EXPECT_THAT(text, Not(HasSubstr("Cannot access memory at address")));
}

TEST_F(Dump, ThreadsThatComeAndGo) {
  start(R"(
    #include <stdio.h>
    #include <thread>
    #include <unistd.h>
    void storm() { for (;;) std::thread([] { usleep(10); }).join(); }
    int main() { for (int i = 0; i < 6; ++i) std::thread(storm).detach();
      puts("ready"); fflush(stdout); for (;;) pause(); })");
  for (int round = 0; round < 10; ++round) {
    auto core = dump();
    EXPECT_GE(core.threads, 7u);
    EXPECT_THAT(core.warnings, IsEmpty());
  }
  EXPECT_EQ(::kill(pid_, 0), 0);
  for (pid_t thread : threads_of(pid_)) {
    auto status = thread_status(thread);
    EXPECT_NE(status ? status->state : 'R', 't');
  }
}

TEST_F(Dump, MoreMappingsThanAHeaderCanCount) {
  start(R"(
    #include <stdio.h>
    #include <sys/mman.h>
    #include <unistd.h>
    int main() {
      size_t count = 65600, page = 4096; char* base = nullptr;
      // Every other page of another protection: each is a mapping of its own. Shared ones with a
      // large limit on mappings only; otherwise there are fewer.
      base = (char*)mmap(nullptr, count * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      size_t made = 0;
      for (; made < count; made += 2) if (mprotect(base + made * page, page, PROT_READ) != 0) break;
      base[page] = 'q';
      printf("%zu\nready\n", made); fflush(stdout); for (;;) pause(); })");
  auto core = dump();
  auto header = readelf("-h");
  bool enough = std::stoul(testkit::read_text(output_)) >= 65600;
  if (!enough) GTEST_SKIP() << "vm.max_map_count allows too few mappings";
  EXPECT_THAT(header, HasSubstr("65535 ("));
  EXPECT_THAT(header, Not(HasSubstr("Warning")));
  EXPECT_THAT(gdb("-ex bt"), HasSubstr("main"));
}

TEST_F(Dump, ErrorsSayWhatToDo) {
  EXPECT_THAT(dump_process(0x7ffffff0, options_).error().line(), HasSubstr("there is no process"));
  EXPECT_THAT(dump_process(::getpid(), options_).error().line(), HasSubstr("cannot dump itself"));
  start(R"(
    #include <stdio.h>
    #include <unistd.h>
    int main() { puts("ready"); fflush(stdout); for (;;) pause(); })");
  CoreOptions nowhere{.path = folder_.file("no/such/core")};
  auto core = dump_process(pid_, nowhere);
  ASSERT_FALSE(core);
  EXPECT_THAT(core.error().line(), HasSubstr("no/such/core"));
  EXPECT_THAT(core.error().line(), HasSubstr("make the folder first"));
  EXPECT_EQ(thread_status(pid_)->tracer, 0);
}

TEST_F(Dump, FullDisk) {
  std::string disk = folder_.file("disk");
  fs::create_directory(disk);
  if (testkit::run_command("mount -t tmpfs -o size=64k none '" + disk + "'").status != 0) {
    GTEST_SKIP() << "no right to mount a small disk";
  }
  start(R"(
    #include <stdio.h>
    #include <unistd.h>
    int main() { puts("ready"); fflush(stdout); for (;;) pause(); })");
  options_.path = disk + "/core";
  auto core = dump_process(pid_, options_);
  ASSERT_FALSE(core);
  EXPECT_THAT(core.error().line(), HasSubstr("free some space"));
  EXPECT_TRUE(fs::is_empty(disk));
  testkit::run_command("umount '" + disk + "'");
}

}  // namespace
}  // namespace inquest::capture
