/// `heap` for people: is it whole, how much of it is in use, where the rest is.
#include <algorithm>
#include <fmt/format.h>

#include "report/heap_report.h"
#include "report/page.h"
#include "report/prose.h"

namespace inquest::report {
namespace {

constexpr size_t kSizeRows = 15, kArenaRows = 20, kFaultRows = 20;

class HeapText : Page {
 public:
  HeapText(const answer::Heap& heap, HeapPart part, const TextStyle& style)
      : Page(style), heap_(heap), part_(part) {}

  std::string all() {
    if (part_ == HeapPart::list) {
      blocks();
      return std::move(out_);
    }
    header();
    if (heap_.allocators.empty()) {
      prose("  ",
            "No allocator that is known was found: the process has none, or the dump lacks its "
            "memory.");
      warnings(heap_.warnings);
      return std::move(out_);
    }
    faults();
    if (part_ == HeapPart::all) usage();
    if (part_ == HeapPart::all || part_ == HeapPart::arenas) arenas();
    if (part_ == HeapPart::all || part_ == HeapPart::sizes) sizes();
    if (part_ == HeapPart::all) fragmentation();
    if (part_ == HeapPart::all || part_ == HeapPart::check) warnings(heap_.warnings);
    return std::move(out_);
  }

 private:
  void header() {
    const answer::Dump& dump = heap_.dump;
    std::string text = subject(dump);
    if (!heap_.allocators.empty()) {
      text +=
          fmt::format(": {} in use in {} block{}", size_text(heap_.usage.used.bytes),
                      count_text(heap_.usage.used.count), heap_.usage.used.count == 1 ? "" : "s");
    }
    out_ += paint_.bold(wrapped(text, "", style_.width));
    in_place_note(heap_.read_in_place_ms);
    for (const answer::HeapAllocator& allocator : heap_.allocators) {
      prose("  ", fmt::format("{}{}{}: {}", allocator.name, allocator.module.empty() ? "" : " in ",
                              allocator.module, allocator.layout));
    }
  }

  static std::string beside(const answer::HeapBlock& block) {
    return fmt::format("{} ({} bytes, {})", block.at, block.size, block.state);
  }

  void faults() {
    // Guessed blocks have nothing that could contradict itself.
    const bool has_structure = std::ranges::any_of(
        heap_.allocators, [](const auto& one) { return one.name != "inferred"; });
    if (heap_.faults.empty() && !has_structure) return;
    if (heap_.faults.empty()) {
      out_ += "  The heap is whole: every size, link and count agrees with the others.\n";
      return;
    }
    std::string count =
        fmt::format("{} fault{}", heap_.faults.size(), heap_.faults.size() == 1 ? "" : "s");
    Address first = heap_.faults.front().at;
    // An operation that is half done leaves a few things that contradict each other.
    constexpr size_t kHalfDone = 4;
    const size_t inside = heap_.threads_in_allocator.size();
    if (heap_.read_in_place_ms) {
      out_ += fmt::format("\n{}, the first at {}: it ran meanwhile, so this alone is no damage\n",
                          count, first);
    } else if (heap_.faults.size() <= kHalfDone * inside) {
      out_ += "\n";
      prose("", fmt::format("{}, the first at {}: thread {}{} stood inside malloc or free, so this "
                            "alone is no damage; another dump of the process tells",
                            count, first, heap_.threads_in_allocator.front(),
                            inside == 1 ? "" : fmt::format(" and {} more", inside - 1)));
    } else {
      out_ += "\n" +
              paint_.alarm(fmt::format("The heap is damaged: {}, the first at {}", count, first)) +
              "\n";
    }
    bool in_full = style_.all_rows || part_ == HeapPart::check;
    size_t shown = in_full ? heap_.faults.size() : std::min(heap_.faults.size(), kFaultRows);
    for (size_t i = 0; i < shown; ++i) {
      const answer::HeapFault& fault = heap_.faults[i];
      prose(fmt::format("  {}  ", fault.at),
            fault.what + (fault.arena.empty() ? "" : ", " + fault.arena));
      std::string sides;
      if (fault.before) sides += "the block before: " + beside(*fault.before);
      if (fault.after)
        sides += (sides.empty() ? "the block after: " : "; after: ") + beside(*fault.after);
      if (!sides.empty()) prose("      ", sides);
    }
    more(shown, heap_.faults.size(), "--check");
  }

  void more(size_t shown, size_t all, std::string_view flag) {
    if (shown < all)
      out_ += fmt::format("  ... {} more: {} shows them\n", count_text(all - shown), flag);
  }

  void usage_row(std::string_view what, const answer::HeapSum& sum, std::string_view meaning) {
    out_ += fmt::format("  {:<7} {:>14} {:>12}  {}\n", what, count_text(sum.count),
                        size_text(sum.bytes), meaning);
  }
  void usage() {
    heading("Where the heap is");
    out_ += paint_.dim(fmt::format("  {:<7} {:>14} {:>12}", "", "blocks", "bytes")) + "\n";
    usage_row("used", heap_.usage.used, "held by the program");
    usage_row("cached", heap_.usage.cached, "given back, kept for the next request of its size");
    usage_row("free", heap_.usage.free, "given back, in lists of free blocks");
    usage_row("unused", heap_.usage.unused, "never given out; the allocator's own");
  }

  void arenas() {
    heading(fmt::format("{} arena{}", heap_.arenas.size(), heap_.arenas.size() == 1 ? "" : "s"));
    bool in_full = style_.all_rows || part_ == HeapPart::arenas;
    size_t shown = in_full ? heap_.arenas.size() : std::min(heap_.arenas.size(), kArenaRows);
    size_t width = 18;
    for (size_t i = 0; i < shown; ++i) width = std::max(width, title(heap_.arenas[i]).size());
    out_ += paint_.dim(fmt::format("  {:<{}} {:>12} {:>12} {:>12} {:>12} {:>12}  {}", "at", width,
                                   "system", "used", "cached", "free", "used blocks", "threads")) +
            "\n";
    for (size_t i = 0; i < shown; ++i) {
      const answer::HeapArena& arena = heap_.arenas[i];
      const answer::HeapUsage& usage = arena.usage;
      std::string system = arena.system_bytes ? size_text(*arena.system_bytes) : "";
      std::string line =
          fmt::format("  {:<{}} {:>12} {:>12} {:>12} {:>12} {:>12}  {}", title(arena), width,
                      system, size_text(usage.used.bytes), size_text(usage.cached.bytes),
                      size_text(usage.free.bytes), count_text(usage.used.count), threads(arena));
      line.resize(line.find_last_not_of(' ') + 1);
      out_ += line + "\n";
    }
    more(shown, heap_.arenas.size(), "--arenas");
  }
  /// By its address, which other tools show too; by its name when it has no structure of its own.
  static std::string title(const answer::HeapArena& arena) {
    return arena.at.value != 0 ? fmt::format("{}", arena.at) : arena.name;
  }
  static std::string threads(const answer::HeapArena& arena) {
    std::string text;
    for (size_t i = 0; i < arena.threads.size() && i < 6; ++i) {
      text += (i > 0 ? " " : "") + std::to_string(arena.threads[i]);
    }
    if (arena.threads.size() > 6) text += fmt::format(" and {} more", arena.threads.size() - 6);
    return text;
  }

  void sizes() {
    heading("Blocks in use by size");
    out_ += paint_.dim(
                fmt::format("  {:>12} {:>14} {:>12} {:>7}", "size", "blocks", "bytes", "share")) +
            "\n";
    bool in_full = style_.all_rows || part_ == HeapPart::sizes;
    size_t shown = in_full ? heap_.sizes.size() : std::min(heap_.sizes.size(), kSizeRows);
    for (size_t i = 0; i < shown; ++i) {
      const answer::HeapSize& size = heap_.sizes[i];
      out_ += fmt::format("  {:>12} {:>14} {:>12} {:>6.1f}%\n", count_text(size.size),
                          count_text(size.count), size_text(size.bytes), size.share * 100);
    }
    more(shown, heap_.sizes.size(), "--sizes");
  }

  void fragmentation() {
    if (heap_.free_sizes.empty()) return;
    heading("Free blocks by size");
    out_ += paint_.dim(fmt::format("  {:>12} {:>14} {:>12}", "from", "blocks", "bytes")) + "\n";
    for (const answer::HeapFreeSize& size : heap_.free_sizes) {
      out_ += fmt::format("  {:>12} {:>14} {:>12}\n", size_text(size.least), count_text(size.count),
                          size_text(size.bytes));
    }
    prose("  ",
          fmt::format(
              "The largest is {}. Half of the blocks in use have {} bytes or more; {} in {} free "
              "blocks {} smaller than that, and can serve few requests.",
              size_text(heap_.largest_free), count_text(heap_.usual_size),
              size_text(heap_.crumbs.bytes), count_text(heap_.crumbs.count),
              heap_.crumbs.count == 1 ? "is" : "are"));
  }

  void blocks() {
    out_ += fmt::format("{:<18} {:>12}  {:<7} {}\n", "address", "size", "state", "arena");
    out_.reserve(heap_.blocks.size() * 60);
    for (const answer::HeapBlock& block : heap_.blocks) {
      fmt::format_to(std::back_inserter(out_), "{:<#18x} {:>12}  {:<7} {}\n", block.at.value,
                     block.size, block.state, block.arena);
    }
  }

  const answer::Heap& heap_;
  const HeapPart part_;
};

}  // namespace

std::string heap_text(const answer::Heap& heap, HeapPart part, const TextStyle& style) {
  return HeapText(heap, part, style).all();
}

}  // namespace inquest::report
