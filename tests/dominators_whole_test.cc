// Dominators and retained sizes of a real process of ten thousand blocks, against the definition:
// take a node away and see what nothing reaches any more.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include "capture/capture.h"
#include "ingest/ingest.h"
#include "objects/dominators.h"
#include "testkit/process.h"

namespace inquest::objects {
namespace {

/// Containers in containers, links to parents, things that several hold, lists without an end.
constexpr const char* kSource = R"(
#include <cstdio>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <unistd.h>
#include <unordered_map>
#include <vector>
struct User { std::string name; std::vector<User*> friends; std::shared_ptr<std::string> club; };
std::map<int, std::unique_ptr<User>> g_users;
std::unordered_map<std::string, User*> g_by_name;
std::list<std::vector<int>> g_log;
struct Node { Node* next = nullptr; Node* other = nullptr; char room[40]; };
Node* g_ring = nullptr;
int main() {
  unsigned random = 1;
  auto below = [&](unsigned n) { return (random = random * 1664525 + 1013904223) / 65536 % n; };
  std::vector<std::shared_ptr<std::string>> clubs;
  for (int i = 0; i < 20; ++i) clubs.push_back(std::make_shared<std::string>(100, 'c'));
  for (int i = 0; i < 1500; ++i) {
    auto user = std::make_unique<User>();
    user->name = std::string(30, 'a' + i % 26) + std::to_string(i);
    user->club = clubs[below(20)];
    g_by_name[user->name] = user.get();
    for (unsigned k = below(4); k > 0 && !g_users.empty(); --k)
      user->friends.push_back(g_users[below(g_users.size())].get());
    g_users[i] = std::move(user);
  }
  for (int i = 0; i < 600; ++i) g_log.emplace_back(10 + below(20));
  std::vector<Node*> nodes;
  for (int i = 0; i < 1500; ++i) nodes.push_back(new Node);
  for (int i = 0; i < 1500; ++i) {
    nodes[i]->next = nodes[(i + 1) % 1500];
    if (below(9) == 0) nodes[i]->other = nodes[below(1500)];
  }
  g_ring = nodes[0];
  nodes.clear();
  nodes.shrink_to_fit();
  for (int i = 0; i < 200; ++i) { Node* lost = new Node; lost->next = new Node; }
  std::puts("ready");
  std::fflush(stdout);
  for (;;) pause();
}
)";

size_t tier_of(const Root& root) {
  if (root.into == Into::middle) return 2;
  return root.kind == RootKind::stack || root.kind == RootKind::registers ? 1 : 0;
}

/// Marks what a tier reaches among blocks of no earlier one, without `removed`.
class Reaching {
 public:
  Reaching(size_t blocks, const References& references)
      : references_(references), tier_(blocks, 3), seen_(blocks) {
    for (size_t tier = 0; tier < 3; ++tier) {
      run(tier, kNobody);
      for (BlockId i = 0; i < blocks; ++i) {
        if (seen_[i] == round_) tier_[i] = tier;
      }
    }
  }
  size_t tier(BlockId block) const { return tier_[block]; }

  /// How many a tier reaches.
  uint64_t run(size_t tier, Node removed) {
    ++round_;
    left_.clear();
    uint64_t count = 0;
    auto take = [&](BlockId block) {
      if (block == removed || tier_[block] < tier || seen_[block] == round_) return;
      seen_[block] = round_;
      ++count;
      left_.push_back(block);
    };
    for (size_t i = 0; i < references_.roots().size(); ++i) {
      const Root& root = references_.roots()[i];
      if (tier_of(root) == tier && kFirstOwner + i != removed) take(root.block);
    }
    while (!left_.empty()) {
      BlockId block = left_.back();
      left_.pop_back();
      for (BlockId target : references_.from(block)) take(target);
    }
    return count;
  }
  bool reached(BlockId block) const { return seen_[block] == round_; }

 private:
  const References& references_;
  std::vector<size_t> tier_;
  std::vector<uint32_t> seen_;
  std::vector<BlockId> left_;
  uint32_t round_ = 0;
};

class RealGraph : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!testkit::can_ptrace()) GTEST_SKIP() << "ptrace is not permitted here";
    ASSERT_EQ(testkit::compile_program(program_, kSource, "-O1"), "");
    pid_ = testkit::start_program({program_}, output_);
    ASSERT_TRUE(testkit::wait_for_text(output_, "ready", 200));
    auto core = capture::dump_process(pid_, {.path = core_});
    ASSERT_TRUE(core) << core.error().line();
    auto process = ingest::open(core_);
    ASSERT_TRUE(process) << process.error().line();
    process_ = *std::move(process);
    heaps_ = heap::find_heaps({.process = process_});
  }
  void TearDown() override {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

  testkit::TemporaryFolder folder_;
  std::string program_ = folder_.file("program"), output_ = folder_.file("output"),
              core_ = folder_.file("core");
  pid_t pid_ = 0;
  snapshot::Snapshot process_;
  heap::Heaps heaps_;
};

TEST_F(RealGraph, RetainedSizesAreThoseOfTheDefinition) {
  References references = References::find(process_, heaps_, {});
  std::vector<RootOwner> owners(references.roots().size());
  std::vector<uint32_t> owner_of;
  for (uint32_t i = 0; i < owners.size(); ++i) owner_of.push_back(i);
  Dominators dominators = Dominators::find(heaps_, references, owners, owner_of);
  Reaching reaching(heaps_.blocks.size(), references);

  uint64_t checked = 0, holders = 0;
  auto check = [&](Node node, size_t tier, uint64_t all) {
    uint64_t left = reaching.run(tier, node), bytes = 0;
    for (BlockId i = 0; i < heaps_.blocks.size(); ++i) {
      if (reaching.tier(i) == tier && !reaching.reached(i)) bytes += heaps_.blocks[i].size;
    }
    ASSERT_EQ(dominators.retained_blocks(node), all - left) << node;
    ASSERT_EQ(dominators.retained_bytes(node), bytes) << node;
    // Its parent takes it along, and what is below it stays without it.
    Node parent = dominators.parent(node);
    if (checked % 8 == 0 && is_block(parent)) {  // each look costs as much as the first
      reaching.run(tier, parent);
      ASSERT_FALSE(reaching.reached(node)) << node;
    }
    ++checked;
    holders += all - left > 1;
  };
  for (size_t tier = 0; tier < 3; ++tier) {
    uint64_t all = reaching.run(tier, kNobody);
    for (BlockId i = 0; i < heaps_.blocks.size(); ++i) {
      if (reaching.tier(i) != tier) continue;
      ASSERT_NO_FATAL_FAILURE(check(i, tier, all));
    }
  }
  EXPECT_GT(checked, 9000u);
  EXPECT_GT(holders, 1000u);
  EXPECT_GE(dominators.retained_blocks(kNobody), 390u) << "the lost ones";
}

}  // namespace
}  // namespace inquest::objects
