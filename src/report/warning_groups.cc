#include "report/warning_groups.h"

#include <algorithm>
#include <fmt/core.h>

namespace inquest::report {
namespace {

constexpr size_t kItemsNamed = 12;
constexpr size_t kLeastPrefix = 8;  // "no symbols for " and the like; less is chance

/// What two texts begin with, up to the last whole word.
size_t common_words(std::string_view a, std::string_view b) {
  auto [x, y] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  size_t n = static_cast<size_t>(x - a.begin());
  while (n > 0 && a[n - 1] != ' ') --n;
  return n;
}

/// Without its build id or its PDB's: in a list of modules the ids hide the names. JSON has them.
std::string without_build_id(std::string_view text) {
  size_t begin = std::min(text.find(" (build id "), text.find(" (PDB "));
  if (begin == text.npos) return std::string(text);
  size_t end = text.find(')', begin);
  if (end == text.npos) return std::string(text);
  return std::string(text.substr(0, begin)) + std::string(text.substr(end + 1));
}

struct Joined {
  size_t prefix = 0;
  std::vector<const Warning*> members;
};

std::string text_of(const Joined& joined) {
  const std::string& first = joined.members[0]->what;
  if (joined.members.size() == 1) return first;
  std::string text = first.substr(0, joined.prefix);
  for (size_t i = 0; i < joined.members.size() && i < kItemsNamed; ++i) {
    text += (i ? ", " : "") + without_build_id(joined.members[i]->what.substr(joined.prefix));
  }
  if (joined.members.size() > kItemsNamed) {
    text += fmt::format(" and {} more", joined.members.size() - kItemsNamed);
  }
  return text;
}

}  // namespace

std::vector<WarningGroup> group_warnings(const std::vector<Warning>& warnings) {
  std::vector<Joined> groups;
  for (const Warning& warning : warnings) {
    Joined* home = nullptr;
    // Few groups ever exist: sorts of warnings are few, their subjects many.
    size_t looked = 0;
    for (Joined& group : groups) {
      if (++looked > 64) break;
      if (warning.advice.empty() || group.members[0]->advice != warning.advice) continue;
      size_t prefix = common_words(group.members[0]->what, warning.what);
      // The first pair sets the prefix; later ones must share all of it.
      bool fits = group.members.size() == 1 ? prefix >= kLeastPrefix : prefix >= group.prefix;
      if (!fits) continue;
      if (group.members.size() == 1) group.prefix = prefix;
      home = &group;
      break;
    }
    if (!home) home = &groups.emplace_back();
    home->members.push_back(&warning);
  }
  std::vector<WarningGroup> out;
  for (const Joined& group : groups) {
    out.push_back({text_of(group), group.members[0]->advice, group.members.size()});
  }
  return out;
}

}  // namespace inquest::report
