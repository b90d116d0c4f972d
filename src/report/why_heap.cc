#include "report/why_heap.h"

#include <algorithm>
#include <fmt/core.h>

#include "report/html.h"
#include "report/prose.h"
#include "report/suspect_sentence.h"

namespace inquest::report {
namespace {

constexpr size_t kTypesShown = 12, kSuspectsShown = 5;

/// "<tr><td>..": the first cell is text of the dead process, the others are numbers of ours.
std::string heap_type_row(const answer::ObjectSum& type) {
  const std::string name = type.type.empty() ? "not known" : shortened(type.type, 100);
  return fmt::format("<tr><td>{}</td><td class=\"code\">{}</td><td class=\"code\">{}</td></tr>\n",
                     escaped(name), count_text(type.blocks), size_text(type.bytes));
}

std::string heap_totals(const answer::Leaks& leaks) {
  const uint64_t lost = leaks.definite.bytes + leaks.indirect.bytes;
  const uint64_t lost_blocks = leaks.definite.blocks + leaks.indirect.blocks;
  const uint64_t blocks = leaks.reachable.blocks + leaks.possible.blocks + lost_blocks;
  std::string text = fmt::format("{} in {} used blocks",
                                 size_text(leaks.reachable.bytes + leaks.possible.bytes + lost),
                                 count_text(blocks));
  if (lost_blocks == 0) return text + ", none of them lost.";
  return text + fmt::format("; {} in {} blocks are lost: nothing reaches them.", size_text(lost),
                            count_text(lost_blocks));
}

}  // namespace

std::string why_heap_section(const WhyHeap& heap) {
  std::string out = "<h2>The heap</h2>\n<p>" + escaped(heap_totals(heap.leaks)) + "</p>\n";
  if (heap.leaks.suspects && !heap.leaks.suspects->empty()) {
    out += "<ul>\n";
    const auto& suspects = *heap.leaks.suspects;
    for (size_t i = 0; i < std::min(suspects.size(), kSuspectsShown); ++i)
      out += "<li>" + escaped(suspect_sentence(suspects[i])) + "</li>\n";
    out += "</ul>\n";
  }
  if (heap.objects && !heap.objects->census.empty()) {
    out +=
        "<div class=\"scroll\"><table id=\"heap-types\"><thead><tr><th>type</th><th>blocks</th>"
        "<th>bytes</th></tr></thead><tbody>\n";
    const auto& census = heap.objects->census;
    for (size_t i = 0; i < std::min(census.size(), kTypesShown); ++i)
      out += heap_type_row(census[i]);
    out += "</tbody></table></div>\n";
  }
  const std::string dump =
      heap.leaks.dump.path.empty() ? std::string("DUMP") : heap.leaks.dump.path;
  out += "<p class=\"dim\">More: <code>inquest leaks " + escaped(dump) +
         "</code>, and as a page to explore: <code>inquest objects " + escaped(dump) +
         " --format html</code></p>\n";
  return out;
}

}  // namespace inquest::report
