#include "report/suspect_sentence.h"

#include <fmt/core.h>

#include "report/prose.h"

namespace inquest::report {
namespace {

std::string in_brackets(const std::string& type) {
  return type.empty() ? "" : fmt::format(" (`{}`)", shortened(type, 60));
}

}  // namespace

std::string suspect_sentence(const answer::Suspect& suspect) {
  std::string text = fmt::format("{} ({:.0f} %): ", size_text(suspect.bytes), 100 * suspect.share);
  std::string owners;
  for (const std::string& owner : suspect.owners) owners += (owners.empty() ? "" : " and ") + owner;
  // Whom none of them points to itself, but things that they keep.
  if (owners.empty()) owners = "several together";
  if (suspect.holder) {
    text += fmt::format("1 block of {} bytes{} at {}, held by ", count_text(suspect.holder_size),
                        in_brackets(suspect.holder_type), *suspect.holder);
    if (suspect.inside)
      text += fmt::format("`{}` at {} of ", shortened(suspect.inside_type, 60), *suspect.inside);
    text += owners;
    if (suspect.blocks == 1) return text;
    text += ", keeps ";
  } else {
    text += owners + (suspect.owners.size() > 1 ? " together keep " : " keeps ");
  }
  text += fmt::format("{} block{}", count_text(suspect.blocks), suspect.blocks == 1 ? "" : "s");
  for (const answer::HeldKind& kind : suspect.kinds) {
    bool is_first = &kind == &suspect.kinds.front();
    constexpr double kMostly = 0.95;
    bool is_mixed = kind.type_share < kMostly && !kind.type.empty();
    text += fmt::format("{} {} of {} bytes{}{}", is_first ? ":" : ",", count_text(kind.blocks),
                        count_text(kind.size), is_mixed ? ", mostly" : "", in_brackets(kind.type));
  }
  return text;
}

}  // namespace inquest::report
