// `refs` for people: what keeps it, who points to it, and on which way it is reached.
#include "report/csv.h"
#include "report/page.h"
#include "report/refs_report.h"

namespace inquest::report {
namespace {

using answer::RefPlace;

class RefsText : Page {
 public:
  RefsText(const answer::Refs& refs, const TextStyle& style) : Page(style), refs_(refs) {}

  std::string all() {
    header();
    keepers();
    words();
    paths();
    warnings(refs_.warnings);
    return std::move(out_);
  }

 private:
  static bool is_block(const RefPlace& place) { return place.kind.ends_with("block"); }
  static std::string plural(uint64_t n, std::string_view what) {
    return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
  }

  /// "block of 64 bytes (`game::Room`) at 0x5581..", "global g_rooms + 8".
  static std::string thing(const RefPlace& place) {
    std::string text = place.name;
    if (is_block(place)) {
      text = fmt::format("{} of {}", place.kind, plural(place.size, "byte"));
      if (!place.type.empty()) text += fmt::format(" (`{}`)", shortened(place.type, 60));
      text += fmt::format(" at {}", *place.begin);
    }
    if (text.empty()) text = "memory that is neither a block nor searched for pointers";
    if (place.offset != 0) text += fmt::format(" + {:#x}", place.offset);
    if (!place.element_of.empty()) {
      text += fmt::format(" (`{}`)", shortened(place.element_of, 60));
    } else if (!place.member.empty()) {
      text += fmt::format(" (its `{}`)", shortened(place.member, 60));
    }
    return text;
  }

  void header() {
    std::string text = fmt::format("{}: {} is {}{}", subject(refs_.dump), refs_.target.at,
                                   refs_.target.kind == "block" ? "a " : "", thing(refs_.target));
    out_ += paint_.bold(wrapped(clean(text), "", style_.width));
    if (refs_.reach.empty()) return;
    std::string reach = refs_.reach == "reachable" ? "It is reachable"
                        : refs_.reach == "lost"
                            ? "It is lost: no root reaches it"
                            : "It may be lost: only pointers into some middle lead to it";
    prose("  ",
          fmt::format("{}. Without it {} in {} would be free.", reach,
                      size_text(refs_.retained_bytes), plural(refs_.retained_blocks, "block")));
  }

  void keepers() {
    if (refs_.reach.empty()) return;
    heading("What keeps it: without any of these it would be free");
    if (refs_.keepers.empty()) {
      prose("  ", refs_.reach == "lost" ? "Nothing does."
                                        : "Several keep it, each alone: see the paths.");
    }
    for (const RefPlace& place : refs_.keepers) prose("  - ", thing(place));
  }

  void words() {
    heading(refs_.is_forward ? "What it points to"
                             : fmt::format("Who points to it: {}", plural(refs_.all_refs, "word")));
    uint64_t level = 1, shown = 0;
    for (const answer::Ref& ref : refs_.refs) {
      if (ref.level != level) {
        level = ref.level;
        heading(fmt::format("{}, level {}",
                            refs_.is_forward ? "What those point to" : "Who points to those",
                            level));
      }
      shown += ref.level == 1;
      word(ref);
    }
    if (shown < refs_.all_refs)
      out_ += fmt::format("  ... {} more: --all shows them\n", refs_.all_refs - shown);
    if (refs_.stale_refs > 0)
      prose("  ",
            fmt::format("{} in freed blocks and unused memory keep{} nothing{}.",
                        plural(refs_.stale_refs, "more word"), refs_.stale_refs == 1 ? "s" : "",
                        refs_.is_forward ? "" : "; --freed shows those in blocks"));
  }

  void word(const answer::Ref& ref) {
    std::string what;
    if (refs_.is_forward) {
      what = fmt::format("{:#x}{}: {} -> {}", ref.from.offset,
                         ref.from.member.empty() ? "" : " " + ref.from.member, ref.value,
                         thing(ref.to));
      if (ref.level > 1) what = fmt::format("{} -> {}", thing(ref.from), thing(ref.to));
    } else {
      what = thing(ref.from);
      if (ref.to.offset != 0 && ref.level == 1)
        what += fmt::format(", into + {:#x}", ref.to.offset);
      if (ref.level > 1) what += fmt::format(" -> {}", thing(ref.to));
    }
    prose(fmt::format("  {:<18} ", ref.from.at.value == 0 ? "" : fmt::format("{}", ref.from.at)),
          what);
  }

  void paths() {
    if (refs_.paths.empty()) return;
    heading(refs_.paths.size() == 1 ? "The shortest way from a root"
                                    : "The shortest ways from roots");
    for (const answer::RefPath& path : refs_.paths) {
      bool is_first = true;
      for (const RefPlace& place : path.places) {
        prose(is_first ? "  " : "    -> ", thing(place));
        is_first = false;
      }
    }
  }

  const answer::Refs& refs_;
};

}  // namespace

std::string refs_text(const answer::Refs& refs, const TextStyle& style) {
  return RefsText(refs, style).all();
}

std::string refs_csv(const answer::Refs& refs) {
  std::string out = "address,level,kind,holder,size,offset,type,value,target\n";
  auto text = [](std::optional<Address> at) { return at ? fmt::format("{}", *at) : std::string(); };
  for (const answer::Ref& ref : refs.refs) {
    const RefPlace& from = ref.from;
    std::string holder = from.name.empty() ? text(from.begin) : from.name;
    out += csv_line({fmt::format("{}", from.at), std::to_string(ref.level), from.kind, holder,
                     std::to_string(from.size), std::to_string(from.offset), from.type,
                     fmt::format("{}", ref.value), text(ref.to.begin)});
  }
  return out;
}

}  // namespace inquest::report
