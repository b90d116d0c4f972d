#include "report/gathering_sentence.h"

#include <cstdlib>
#include <fmt/core.h>

#include "report/prose.h"

namespace inquest::report {
namespace {

constexpr size_t kTypeWidth = 60;

/// An array is somebody's buffer: whose, is what people know.
bool is_buffer(const std::string& type) { return type.empty() || type.ends_with("[]"); }

std::string kind_text(const std::string& type, uint64_t size) {
  if (!type.empty()) return fmt::format("`{}`", shortened(type, kTypeWidth));
  return size == 0 ? "blocks of no known type"
                   : fmt::format("blocks of {} bytes", count_text(size));
}

/// "`ChatLog` of `Room` of global g_rooms, member lines".
std::string place_text(const std::string& owner, const answer::Gathering& gathering) {
  constexpr size_t kShown = 3;
  std::string holders, member;
  size_t shown = 0;
  for (size_t i = gathering.path.size(); i-- > 0;) {
    const answer::GatheringStep& step = gathering.path[i];
    if (shown == 0 && is_buffer(step.type)) {
      if (!step.member.empty()) member = step.member + (member.empty() ? "" : "." + member);
      continue;
    }
    // What a container consists of on the way is not what anybody looks for.
    const bool is_node = step.type.ends_with(" node");
    if (is_buffer(step.type) || (is_node && shown > 0) || shown == kShown) continue;
    holders += kind_text(step.type, 0) + " of ";
    ++shown;
  }
  std::string text = holders + owner;
  // With a holder, `member` is of it; else it begins with the owner's own.
  if (shown > 0 && !gathering.path.front().member.empty())
    text += "." + gathering.path.front().member;
  if (!member.empty()) text += ", member " + member;
  return text;
}

std::string largest_text(const answer::Gathering& gathering) {
  if (!gathering.largest) return {};
  const uint64_t blocks = gathering.path.back().blocks;
  const bool is_itself = gathering.kinds.empty();  // it is larger, and keeps no more
  if (blocks <= 1 && is_itself)
    return fmt::format(" in the block at {}, {} now", *gathering.largest,
                       size_text(gathering.largest_kept));
  if (blocks <= 1) return fmt::format("; all of it below the block at {}", *gathering.largest);
  return fmt::format("; of the {} blocks that hold them, the one at {} keeps {} of {}",
                     count_text(blocks), *gathering.largest, size_text(gathering.largest_kept),
                     size_text(gathering.kept));
}

}  // namespace

std::string change_text(int64_t bytes) {
  return (bytes < 0 ? "-" : "+") + size_text(static_cast<uint64_t>(std::abs(bytes)));
}

std::string more_text(int64_t count) {
  return (count < 0 ? "-" : "+") + count_text(static_cast<uint64_t>(std::abs(count)));
}

std::string gathering_sentence(const std::string& owner, const answer::Gathering& gathering) {
  std::string text = place_text(owner, gathering) + ": " + change_text(gathering.bytes);
  for (const answer::GrownKind& kind : gathering.kinds) {
    const bool is_first = &kind == &gathering.kinds.front();
    text +=
        fmt::format("{}{} {} ({})", is_first ? " in " : ", ", more_text(kind.blocks),
                    kind_text(kind.type, kind.size), size_text(static_cast<uint64_t>(kind.bytes)));
  }
  return text + largest_text(gathering);
}

}  // namespace inquest::report
