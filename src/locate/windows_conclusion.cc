/// The end of a search for a module of Windows: how good the symbols are, and what people should
/// know.
#include <algorithm>

#include "locate/note.h"
#include "locate/windows_search.h"

namespace inquest::locate {

std::string WindowsSearch::who() const {
  std::string who =
      image_name_.empty() ? fmt::format("the module at {}", module_.range.begin) : image_name_;
  if (!wanted_id_.empty()) return fmt::format("{} (PDB {})", who, wanted_id_);
  if (!module_.identity.timestamp) return who;
  return fmt::format("{} ({:08X}{:x})", who, *module_.identity.timestamp, module_.range.size());
}

void WindowsSearch::conclude() {
  const auto& refused = finder_.refused();
  bool has_dwarf = found_.pe && std::ranges::any_of(found_.pe->sections(), [](const auto& section) {
                     return section.name == ".debug_info";
                   });
  if (found_.pdb || found_.sym || found_.map) {
    // DWARF in the image tells more than a map.
    bool dwarf_first = has_dwarf && !found_.pdb && !found_.sym;
    found_.availability =
        public_only_ && !dwarf_first ? Availability::public_only : Availability::full;
    found_.from = dwarf_first ? image_from_ : symbols_from_;
  } else if (has_dwarf) {
    found_.availability = Availability::full;
    found_.from = image_from_;
  } else if (!refused.empty()) {
    found_.availability = Availability::mismatched;
  } else if (found_.pe && !found_.pe->exports().empty()) {
    found_.availability = Availability::public_only;
    found_.from = image_from_;
  } else {
    found_.availability = Availability::none;
  }
  std::string needs;
  if (!wanted_id_.empty()) {
    needs = "the dump needs " + wanted_id_;
  } else if (!image_id_.empty()) {
    needs = "its image needs " + image_id_;
  } else if (module_.identity.timestamp) {
    needs =
        fmt::format("the dump needs {:08X}{:x}", *module_.identity.timestamp, module_.range.size());
  }
  auto remarks = finder_.remarks();
  remarks.insert(remarks.end(), finder_.problems().begin(), finder_.problems().end());
  found_.note = make_note(std::move(remarks), refused, needs);
  found_.looked = finder_.looked();
  warn();
}

void WindowsSearch::warn() {
  // The same for every module, so that a report says it once; `symbols find` names the files.
  const std::string advice =
      "give --symbols DIR with the PDB (or .sym) of that build, or name a symbol server: --symbols "
      "'srv*https://...'; `inquest symbols find DUMP` says what is needed";
  for (const std::string& problem : finder_.problems()) {
    found_.warnings.push_back({problem,
                               "the rest was read without it; try again later, or give "
                               "--symbols DIR with the file"});
  }
  std::string asked;
  for (const std::string& url : finder_.asked()) asked += (asked.empty() ? "" : ", ") + url;
  if (!asked.empty()) asked = "; asked in vain: " + asked;
  switch (found_.availability) {
    case Availability::mismatched:
      found_.warnings.push_back({fmt::format("only files of another build of {} were found: {}{}",
                                             who(), finder_.refused()[0], asked),
                                 advice});
      break;
    case Availability::none:
      found_.warnings.push_back(
          {fmt::format(
               "{} {}{}",
               found_.pe ? "no symbols for" : "neither the file nor its symbols were found for",
               who(), asked),
           advice});
      break;
    case Availability::public_only:
      if (module_.is_main) {
        found_.warnings.push_back(
            {"only function names, no source lines, for " + who() + asked, advice});
      }
      break;
    case Availability::full:
      break;
  }
}

}  // namespace inquest::locate
