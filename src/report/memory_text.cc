/// `memory` for people at a terminal: where the addresses went, the largest first.
#include <algorithm>

#include "report/page.h"
#include "report/report.h"
#include "report/table.h"

namespace inquest::report {
namespace {

using answer::MemoryArea;
using answer::MemoryTotal;

constexpr size_t kRows = 12;

std::string share_or_nothing(uint64_t part, uint64_t whole) {
  if (whole == 0) return {};
  return fmt::format("{:.1f} %", 100 * static_cast<double>(part) / static_cast<double>(whole));
}

class MemoryText : Page {
 public:
  MemoryText(const answer::Memory& memory, const TextStyle& style) : Page(style), memory_(memory) {
    for (const MemoryTotal& total : memory.totals) all_ += total.bytes, held_ += total.committed;
  }

  std::string text() {
    header();
    totals();
    holders();
    rights();
    ceilings();
    newest();
    areas();
    warnings(memory_.warnings);
    return std::move(out_);
  }

 private:
  void header() {
    const answer::Dump& dump = memory_.dump;
    std::string text = subject(dump);
    text += fmt::format(" holds {} of addresses in {} areas, {} of it usable memory",
                        size_text(all_), memory_.areas.size(), size_text(held_));
    out_ += paint_.bold(wrapped(text, "", style_.width));
    in_place_note(memory_.read_in_place_ms);
    if (!memory_.is_whole) {
      prose("", "The dump knows a part of the address space only; see the warnings.");
    }
    // An end of 64-bit addresses is no news: the hole is.
    prose("", fmt::format("Largest free hole: {} at {}; {} free in {} holes.",
                          size_text(memory_.largest_hole.size), memory_.largest_hole.begin,
                          size_text(memory_.free_bytes), memory_.holes));
  }

  void totals() {
    heading("By use");
    Table table({"use", "areas", "addresses", "share", "usable", "in the dump", "largest"});
    for (const MemoryTotal& total : memory_.totals) {
      table.add({total.use, std::to_string(total.areas), size_text(total.bytes),
                 share_or_nothing(total.bytes, all_), size_text(total.committed),
                 size_text(total.recorded), size_text(total.largest)});
    }
    table.right({1, 2, 3, 4, 5, 6});
    out_ += table.text(paint_);
  }

  void sums(const std::vector<MemoryTotal>& sums, const char* head) {
    Table table({head, "areas", "addresses", "usable", "in the dump"});
    size_t shown = style_.all_rows ? sums.size() : std::min(sums.size(), kRows);
    for (size_t i = 0; i < shown; ++i) {
      table.add({sums[i].use, std::to_string(sums[i].areas), size_text(sums[i].bytes),
                 size_text(sums[i].committed), size_text(sums[i].recorded)});
    }
    table.right({1, 2, 3, 4});
    out_ += table.text(paint_);
    if (shown < sums.size())
      out_ += fmt::format("  ... {} more: --all shows them\n", sums.size() - shown);
  }

  void holders() {
    if (memory_.by_what.empty()) return;
    heading("By holder");
    sums(memory_.by_what, "file, arena or thread");
  }

  void rights() {
    if (memory_.by_access.empty()) return;
    heading("By rights");
    sums(memory_.by_access, "rights");
  }

  void ceilings() {
    if (memory_.ceilings.empty()) return;
    heading("How near an end");
    Table table({"what", "used", "of", "share", ""});
    for (const answer::MemoryCeiling& ceiling : memory_.ceilings) {
      auto amount = [&](uint64_t n) { return ceiling.is_bytes ? size_text(n) : std::to_string(n); };
      table.add({ceiling.what, amount(ceiling.used), amount(ceiling.most),
                 share_or_nothing(ceiling.used, ceiling.most),
                 ceiling.is_assumed ? "the system's default: the dump does not say" : ""});
    }
    table.right({1, 2, 3});
    out_ += table.text(paint_);
  }

  void list(const std::vector<MemoryArea>& areas) {
    Table table({"from", "to", "size", "rights", "use", "what"});
    for (const MemoryArea& area : areas) {
      table.add({fmt::format("{:#x}", area.begin.value),
                 fmt::format("{:#x}", (area.begin + area.size).value), size_text(area.size),
                 area.access, area.use, area.what});
    }
    table.right({2});
    out_ += table.text(paint_);
  }

  void newest() {
    if (memory_.newest.empty()) return;
    heading("Newest large areas (Linux hands addresses out downwards)");
    list(memory_.newest);
  }

  void areas() {
    if (!style_.all_rows) {
      out_ += "\n";
      prose("", "--all lists every area; --format csv writes them for other tools.");
      return;
    }
    heading("Areas");
    list(memory_.areas);
  }

  const answer::Memory& memory_;
  uint64_t all_ = 0, held_ = 0;
};

}  // namespace

std::string memory_text(const answer::Memory& memory, const TextStyle& style) {
  return MemoryText(memory, style).text();
}

}  // namespace inquest::report
