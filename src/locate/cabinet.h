/// CAB archives, by libmspack over memory. Internal to packed_file.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/integers.h"

namespace inquest::locate {

bool is_cabinet(Bytes bytes);
Result<> unpack_cabinet(Bytes packed, std::string_view wanted, int descriptor, uint64_t limit,
                        const std::string& name);

}  // namespace inquest::locate
