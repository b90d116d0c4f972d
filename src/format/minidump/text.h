/// UTF-16 of Windows as UTF-8. Internal to format/minidump.
#pragma once

#include <string>

#include "base/integers.h"

namespace inquest::minidump {

/// Up to the first NUL or the end; a lone surrogate becomes U+FFFD, an odd last byte is left out.
std::string utf8_of_utf16(Bytes text);

}  // namespace inquest::minidump
