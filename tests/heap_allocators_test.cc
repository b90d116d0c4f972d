// The whole way from a process that runs with another allocator to its blocks: what the program
// knows that it holds, against what is found in its dump.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>
#include <signal.h>
#include <sys/wait.h>

#include "capture/capture.h"
#include "heap/heap.h"
#include "ingest/ingest.h"
#include "testkit/allocation_truth.h"
#include "testkit/process.h"

namespace inquest::heap {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testkit::AllocationTruth;

struct Case {
  std::string name;  ///< of the allocator, as the reader calls it
  std::string library;
  bool linked = false;  ///< by the program, instead of preloaded
  std::string environment = {};
  /// Over-aligned blocks are listed whole: they may begin before the program's pointer.
  bool aligned_inside = false;
};
std::ostream& operator<<(std::ostream& out, const Case& one) {
  return out << one.library << (one.linked ? ", linked" : ", preloaded") << one.environment;
}
std::string folder_of_libraries() { return "/usr/lib/x86_64-linux-gnu/"; }

class Allocators : public ::testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    if (!testkit::can_ptrace()) GTEST_SKIP() << "ptrace is not permitted here";
    if (!std::filesystem::exists(folder_of_libraries() + GetParam().library)) {
      GTEST_SKIP() << GetParam().library << " is not installed";
    }
  }
  void TearDown() override {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

  void dump(int operations) {
    std::string library = folder_of_libraries() + GetParam().library;
    std::string options = "-O1 -pthread";
    if (GetParam().linked) options += " -Wl,--no-as-needed " + library;
    ASSERT_EQ(testkit::compile_program(program_, testkit::allocation_truth_source(), options), "");
    std::vector<std::string> command{"/usr/bin/env"};
    if (!GetParam().linked) command.push_back("LD_PRELOAD=" + library);
    if (!GetParam().environment.empty()) command.push_back(GetParam().environment);
    for (const std::string& word : {program_, truth_path_, std::string("7")}) {
      command.push_back(word);
    }
    command.push_back(std::to_string(operations));
    command.push_back("5");
    pid_ = testkit::start_program(command, output_);
    ASSERT_TRUE(testkit::wait_for_text(output_, "ready", 200));
    auto core = capture::dump_process(pid_, {.path = core_});
    ASSERT_TRUE(core) << core.error().line();
    truth_ = testkit::read_allocation_truth(truth_path_);
    auto process = ingest::open(core_);
    ASSERT_TRUE(process) << process.error().line();
    process_ = *std::move(process);
  }

  const Block* find(const Heaps& heaps, uint64_t address, uint64_t size) {
    const Block* block = heaps.block_at({address});
    if (block == nullptr) return nullptr;
    if (block->begin == address) return block;
    bool inside = GetParam().aligned_inside && block->begin + block->size == address + size;
    return inside ? block : nullptr;
  }

  testkit::TemporaryFolder folder_;
  std::string program_ = folder_.file("program"), output_ = folder_.file("output");
  std::string truth_path_ = folder_.file("truth"), core_ = folder_.file("core");
  pid_t pid_ = 0;
  AllocationTruth truth_;
  snapshot::Snapshot process_;
};

TEST_P(Allocators, HoldWhatTheProgramKnows) {
  ASSERT_NO_FATAL_FAILURE(dump(25000));
  ASSERT_GT(truth_.live.size(), 2000u);
  ASSERT_GT(truth_.freed.size(), 2000u);
  Heaps heaps = find_heaps({.process = process_});
  auto ours = std::find_if(heaps.allocators.begin(), heaps.allocators.end(),
                           [](const Allocator& one) { return one.name == GetParam().name; });
  ASSERT_NE(ours, heaps.allocators.end());
  EXPECT_THAT(heaps.faults, IsEmpty()) << heaps.faults.front().what;
  EXPECT_THAT(heaps.warnings, IsEmpty()) << heaps.warnings.front().what;
  ASSERT_LT(ours->module, process_.modules.size());
  EXPECT_THAT(process_.modules[ours->module].path, HasSubstr(GetParam().name));

  for (size_t i = 1; i < heaps.blocks.size(); ++i) {
    ASSERT_LE(heaps.blocks[i - 1].begin + heaps.blocks[i - 1].size, heaps.blocks[i].begin);
  }
  uint64_t found = 0, bytes = 0, cached = 0;
  std::vector<bool> known(heaps.blocks.size());
  for (const auto& [address, size] : truth_.live) {
    const Block* block = find(heaps, address, size);
    ASSERT_TRUE(block) << std::hex << address << " of " << std::dec << size << " is not there";
    ASSERT_EQ(block->state(), State::used) << std::hex << address << " of " << std::dec << size;
    known[block - heaps.blocks.data()] = true;
    ++found;
    bytes += block->begin + block->size - address;
    EXPECT_FALSE(std::any_of(ours->books.begin(), ours->books.end(),
                             [&](AddressRange range) { return range.contains({address}); }))
        << std::hex << address << " is among the allocator's books";
  }
  EXPECT_EQ(found, truth_.live.size());
  EXPECT_EQ(bytes, truth_.live_bytes);
  for (const auto& [address, size] : truth_.freed) {
    const Block* block = heaps.block_at({address});
    if (block == nullptr) continue;
    cached += block->state() == State::cached;
    bool reused = known[block - heaps.blocks.data()];
    EXPECT_FALSE(block->state() == State::used && !reused && block->begin == address)
        << std::hex << address << " of " << std::dec << size << " was freed";
  }
  EXPECT_GT(cached, 100u);
  // What the truth does not know is the runtime's: the C++ library's pool for exceptions, and the
  // C library's tables of thread-local storage, one a thread.
  uint64_t others = 0;
  for (size_t i = 0; i < heaps.blocks.size(); ++i) {
    others += heaps.blocks[i].state() == State::used && !known[i];
  }
  EXPECT_LE(others, 12u);

  std::vector<uint32_t> threads;
  for (const Arena& arena : heaps.arenas) {
    EXPECT_TRUE(std::is_sorted(arena.segments.begin(), arena.segments.end()));
    threads.insert(threads.end(), arena.threads.begin(), arena.threads.end());
  }
  for (const snapshot::Thread& thread : process_.threads) {
    EXPECT_THAT(threads, ::testing::Contains(thread.id));
  }
}

/// The process with some words of the allocator's books overwritten.
snapshot::Snapshot damaged(const snapshot::Snapshot& process,
                           const std::vector<std::pair<uint64_t, uint64_t>>& words) {
  snapshot::Snapshot copy = process;
  copy.memory = {};
  for (auto [address, word] : words) {
    auto bytes = std::make_shared<std::array<std::byte, 8>>();
    std::memcpy(bytes->data(), &word, 8);
    copy.memory.add({address}, *bytes, snapshot::Origin::dump, bytes);
  }
  for (const auto& piece : process.memory.pieces()) {
    copy.memory.add(piece.begin, piece.bytes, piece.origin, nullptr);
  }
  return copy;
}

TEST_P(Allocators, SurviveDamageOfTheirBooks) {
  ASSERT_NO_FATAL_FAILURE(dump(4000));
  Heaps sound = find_heaps({.process = process_});
  ASSERT_FALSE(sound.allocators.empty());
  // Every word of the books that is not zero, and the links in free blocks.
  std::vector<uint64_t> targets;
  for (const AddressRange& range : sound.allocators.front().books) {
    for (uint64_t at = (range.begin.value + 7) & ~7ull; at < range.end.value; at += 8) {
      if (process_.memory.read<uint64_t>({at}).value_or(0) != 0) targets.push_back(at);
    }
  }
  for (const Block& block : sound.blocks) {
    if (block.state() != State::used && targets.size() % 3 == 0) targets.push_back(block.begin);
  }
  ASSERT_GT(targets.size(), 500u);
  std::mt19937_64 random(11);
  size_t kept = 0;
  for (int round = 0; round < 40; ++round) {
    std::vector<std::pair<uint64_t, uint64_t>> words;
    int count = round < 20 ? 1 : round < 35 ? 30 : 3000;
    for (int i = 0; i < count; ++i) {
      uint64_t at = targets[random() % targets.size()];
      uint64_t old = process_.memory.read<uint64_t>({at}).value_or(0);
      uint64_t other =
          process_.memory.read<uint64_t>({targets[random() % targets.size()]}).value_or(0);
      uint64_t values[] = {0,
                           ~0ull,
                           0x4141414141414141,
                           random(),
                           other,
                           old ^ 1ull << random() % 64,
                           targets[random() % targets.size()],
                           at};
      words.emplace_back(at & ~7ull, values[random() % std::size(values)]);
    }
    snapshot::Snapshot process = damaged(process_, words);
    auto begin = std::chrono::steady_clock::now();
    Heaps heaps = find_heaps({.process = process});
    std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    EXPECT_LT(seconds.count(), 20) << "round " << round;
    EXPECT_LT(heaps.blocks.size(), sound.blocks.size() * 20 + 2000000);
    for (const Fault& fault : heaps.faults) ASSERT_LT(fault.arena, heaps.arenas.size());
    for (const Block& block : heaps.blocks) ASSERT_LT(block.arena, heaps.arenas.size());
    kept += count == 1 && heaps.blocks.size() > sound.blocks.size() * 9 / 10;
    // One word may take a whole table with it, but not without a word of that.
    bool said = !heaps.faults.empty() || !heaps.warnings.empty();
    EXPECT_TRUE(said || heaps.blocks.size() > sound.blocks.size() / 2) << "round " << round;
  }
  EXPECT_GE(kept, 14u);  // of 20 with one word overwritten
}

INSTANTIATE_TEST_SUITE_P(
    Heap, Allocators,
    ::testing::Values(
        Case{.name = "jemalloc", .library = "libjemalloc.so.2"},
        Case{.name = "jemalloc", .library = "libjemalloc.so.2", .linked = true},
        Case{.name = "mimalloc", .library = "libmimalloc.so.2.0", .aligned_inside = true},
        Case{.name = "tcmalloc", .library = "libtcmalloc_minimal.so.4"},
        Case{.name = "tcmalloc", .library = "libtcmalloc.so.4", .linked = true}),
    [](const auto& one) { return one.param.name + (one.param.linked ? "Linked" : "Preloaded"); });

TEST(AllocatorsAbsent, NothingIsFoundInAProcessWithoutThem) {
  if (!testkit::can_ptrace()) GTEST_SKIP() << "ptrace is not permitted here";
  testkit::TemporaryFolder folder;
  pid_t pid = testkit::start_program(
      {"/usr/bin/python3", "-c", "import time; print('ready', flush=True); time.sleep(600)"},
      folder.file("output"));
  bool ready = testkit::wait_for_text(folder.file("output"), "ready", 100);
  auto core = capture::dump_process(pid, {.path = folder.file("core")});
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
  if (!ready) GTEST_SKIP() << "no python3";
  ASSERT_TRUE(core) << core.error().line();
  auto process = ingest::open(folder.file("core"));
  ASSERT_TRUE(process);
  Heaps heaps = find_heaps({.process = *process});
  EXPECT_THAT(heaps.warnings, IsEmpty());
  for (const Allocator& allocator : heaps.allocators) {
    EXPECT_THAT(allocator.name,
                ::testing::Not(::testing::AnyOf("jemalloc", "mimalloc", "tcmalloc")));
  }
}

}  // namespace
}  // namespace inquest::heap
