/// The one sentence that a search leaves for people.
#pragma once

#include <string>
#include <vector>

namespace inquest::locate {

/// Remarks, the first refusals ("not used: PATH is of build X"), and what would be needed.
std::string make_note(std::vector<std::string> remarks, const std::vector<std::string>& refused,
                      const std::string& needs);

}  // namespace inquest::locate
