#include "report/folding.h"

#include <algorithm>
#include <cctype>
#include <unordered_map>

namespace inquest::report {
namespace {

constexpr size_t kLongestCycle = 16;
constexpr size_t kLeastRounds = 4;
constexpr size_t kShownRounds = 2;

/// Small numbers that are equal where frames run the same function.
std::vector<size_t> function_ids(const std::vector<answer::Frame>& frames) {
  std::unordered_map<std::string, size_t> known;
  std::vector<size_t> ids;
  ids.reserve(frames.size());
  for (const answer::Frame& frame : frames) {
    std::string key = frame.function.empty() ? fmt::format("{:x}", frame.pc.value)
                                             : frame.module + '\0' + frame.function;
    ids.push_back(known.emplace(std::move(key), known.size()).first->second);
  }
  return ids;
}

bool same_place(const answer::Frame& a, const answer::Frame& b) {
  if (a.function.empty() || b.function.empty()) return a.function == b.function && a.pc == b.pc;
  return a.line == b.line && a.inlined == b.inlined && a.function == b.function &&
         a.module == b.module && a.file == b.file;
}

bool same_stack(const answer::Stack& a, const answer::Stack& b) {
  return std::ranges::equal(a.frames, b.frames, same_place);
}

/// Equal for equal stacks; `same_stack` has the last word.
size_t hash_of(const answer::Stack& stack) {
  size_t hash = stack.frames.size();
  for (const answer::Frame& f : stack.frames) {
    size_t one = f.function.empty() ? std::hash<Address>{}(f.pc)
                                    : std::hash<std::string>{}(f.function) + f.line;
    hash = (hash ^ one) * 0x9e3779b97f4a7c15ull;
  }
  return hash;
}

}  // namespace

std::vector<Row> fold_recursion(const std::vector<answer::Frame>& frames) {
  std::vector<size_t> ids = function_ids(frames);
  std::vector<Row> rows;
  size_t at = 0;
  while (at < ids.size()) {
    size_t period = 0, covered = 0;
    for (size_t p = 1; p <= kLongestCycle && at + p < ids.size(); ++p) {
      size_t end = at;
      while (end + p < ids.size() && ids[end] == ids[end + p]) ++end;
      size_t whole = (end - at) / p * p + p;  // frames in whole rounds
      if (whole >= kLeastRounds * p) {
        period = p;
        covered = whole;
        break;  // the shortest cycle explains the longer ones
      }
    }
    if (period == 0) {
      rows.push_back({.first = at++});
      continue;
    }
    size_t shown = kShownRounds * period;
    for (size_t i = 0; i < shown; ++i) rows.push_back({.first = at + i});
    rows.push_back({.first = at + shown, .count = covered - shown, .period = period});
    at += covered;
  }
  return rows;
}

std::vector<Row> cut_rows(std::vector<Row> rows, size_t most) {
  if (most == 0 || rows.size() <= most) return rows;
  size_t tail = most / 4, head = most - tail;
  size_t first = rows[head].first;
  size_t end = rows[rows.size() - tail].first;
  if (tail == 0) end = rows.back().first + rows.back().count;
  std::vector<Row> kept(rows.begin(), rows.begin() + static_cast<long>(head));
  kept.push_back({.first = first, .count = end - first});
  kept.insert(kept.end(), rows.end() - static_cast<long>(tail), rows.end());
  return kept;
}

std::vector<Group> group_stacks(const std::vector<answer::Stack>& threads) {
  std::vector<Group> groups;
  std::unordered_multimap<size_t, size_t> known;  // hash of the stack -> group
  for (size_t i = 0; i < threads.size(); ++i) {
    if (threads[i].crashed) {
      groups.push_back({{i}});
      continue;
    }
    size_t hash = hash_of(threads[i]);
    auto [from, to] = known.equal_range(hash);
    auto same = std::find_if(from, to, [&](const auto& entry) {
      return same_stack(threads[groups[entry.second].members[0]], threads[i]);
    });
    if (same != to) {
      groups[same->second].members.push_back(i);
    } else {
      known.emplace(hash, groups.size());
      groups.push_back({{i}});
    }
  }
  return groups;
}

std::string common_name(const std::vector<answer::Stack>& threads, const Group& group) {
  std::string_view prefix = threads[group.members[0]].name;
  bool all_equal = true;
  for (size_t i : group.members) {
    std::string_view name = threads[i].name;
    if (name == prefix && all_equal) continue;
    all_equal = false;
    auto [a, b] = std::mismatch(prefix.begin(), prefix.end(), name.begin(), name.end());
    prefix = prefix.substr(0, static_cast<size_t>(a - prefix.begin()));
  }
  if (all_equal) return std::string(prefix);
  while (!prefix.empty() && std::isdigit(static_cast<unsigned char>(prefix.back()))) {
    prefix.remove_suffix(1);  // worker-10 and worker-11 are worker-*, not worker-1*
  }
  return prefix.size() < 2 ? std::string() : std::string(prefix) + "*";
}

}  // namespace inquest::report
