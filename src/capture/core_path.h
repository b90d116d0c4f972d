/// The name of a core: "%p" and "%e" of the pattern filled in.
#pragma once

#include <string>
#include <string_view>
#include <sys/types.h>

namespace inquest::capture {

/// "%p" becomes the process id, "%e" the command's name with '!' for '/' (as the kernel does);
/// other text stays. `distinct` adds ".PID" when the pattern has no "%p".
std::string core_path(std::string_view pattern, pid_t process, std::string_view command,
                      bool distinct);

}  // namespace inquest::capture
