/// Strings of a dead process in an HTML page: every one of them is hostile.
#pragma once

#include <string>
#include <string_view>

namespace inquest::report {

/// Text that is only ever text, in an element or a quoted attribute. Made harmless as by `clean`.
std::string escaped(std::string_view text);

/// JSON that may stand in a <script> element: nothing in it ends the element, begins a comment or
/// ends a line of a script. Source: HTML standard, 4.12.1.3 "Restrictions for contents of script
/// elements".
std::string json_in_script(std::string_view json);

}  // namespace inquest::report
