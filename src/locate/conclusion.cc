/// The end of a search: how good the symbols are, where they came from, what people should know.
#include <algorithm>
#include <sys/stat.h>

#include "locate/note.h"
#include "locate/search.h"

namespace inquest::locate {
namespace {

constexpr size_t kRefusalsTold = 3;
constexpr std::string_view kSymbolsAdvice =
    "give --symbols DIR with the debug file or the unstripped file of that build, or set "
    "DEBUGINFOD_URLS (Debian's is https://debuginfod.debian.net)";
/// Without the image the walk of the stack loses its way as well.
constexpr std::string_view kFilesAdvice =
    "give --image DIR with the files that ran and --symbols DIR with their debug files, or set "
    "DEBUGINFOD_URLS (Debian's is https://debuginfod.debian.net)";

}  // namespace

std::string make_note(std::vector<std::string> parts, const std::vector<std::string>& refused,
                      const std::string& needs) {
  for (size_t i = 0; i < refused.size() && i < kRefusalsTold; ++i) {
    parts.push_back("not used: " + refused[i]);
  }
  if (refused.size() > kRefusalsTold) {
    parts.push_back(fmt::format("and {} more", refused.size() - kRefusalsTold));
  }
  if (!refused.empty() && !needs.empty()) parts.push_back(needs);
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : "; ") + part;
  return text;
}

void Search::conclude() {
  const bool exports = found_.image && !found_.symtab && exports_functions(*found_.image);
  if (found_.debug) {
    found_.availability = Availability::full;
    found_.from = debug_from_;
  } else if (found_.sym && !sym_is_public_) {
    found_.availability = Availability::full;
    found_.from = sym_from_;
  } else if (found_.symtab) {
    found_.availability = Availability::public_only;
    found_.from = symtab_from_;
  } else if (found_.sym) {
    found_.availability = Availability::public_only;
    found_.from = sym_from_;
  } else if (exports) {
    found_.availability = Availability::public_only;
    found_.from = image_from_;
  } else {
    found_.availability = refused_.empty() ? Availability::none : Availability::mismatched;
  }
  note_times();

  std::string id = hex(module_.identity.build_id);
  remarks_.insert(remarks_.end(), problems_.begin(), problems_.end());
  found_.note =
      make_note(std::move(remarks_), refused_, id.empty() ? "" : "the dump needs build id " + id);

  std::string who(module_.file_name());
  if (who.empty()) who = fmt::format("the module at {}", module_.range.begin);
  if (!id.empty()) who += fmt::format(" (build id {})", id);
  for (const std::string& problem : problems_) {
    found_.warnings.push_back({problem,
                               "the rest was read without it; try again later, or give "
                               "--symbols DIR with the file"});
  }
  const bool main_lacks = module_.is_main && found_.availability == Availability::public_only;
  switch (found_.availability) {
    case Availability::mismatched:
      found_.warnings.push_back(
          {fmt::format("only files of another build of {} were found: {}", who, refused_[0]),
           std::string(kSymbolsAdvice)});
      break;
    case Availability::none:
      if (found_.image) {
        found_.warnings.push_back({"no symbols for " + who, std::string(kSymbolsAdvice)});
      } else {
        found_.warnings.push_back(
            {"neither the file nor its symbols were found for " + who, std::string(kFilesAdvice)});
      }
      break;
    case Availability::public_only:
      if (main_lacks) {
        found_.warnings.push_back(
            {"only function names, no source lines, for " + who, std::string(kSymbolsAdvice)});
      }
      break;
    case Availability::full:
      break;
  }
  if (!found_.image && found_.availability != Availability::none &&
      found_.availability != Availability::mismatched) {
    found_.warnings.push_back({"no image of " + who + ": its code and unwind tables are missing",
                               "give --image DIR with the file that ran, or set DEBUGINFOD_URLS"});
  }
}

/// A file that nothing proves, changed after the death, is probably not what was running.
void Search::note_times() {
  if (!found_.image || !module_.identity.build_id.empty()) return;
  if (check_image(snapshot_, module_, *found_.image).match == Match::proven) return;
  struct stat image{}, dump{};
  if (stat(found_.image->path().c_str(), &image) != 0) return;
  std::optional<int64_t> death;
  if (snapshot_.process.time) {
    death = snapshot_.process.time->time_since_epoch().count();
  } else if (stat(snapshot_.path.c_str(), &dump) == 0) {
    death = dump.st_mtime;
  }
  if (death && image.st_mtime > *death) {
    remarks_.push_back(found_.image->path() + " was changed after the process died");
  }
}

}  // namespace inquest::locate
