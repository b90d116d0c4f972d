/// Where the memory of a process went, told for the report.
#pragma once

#include "answer/memory.h"
#include "heap/address_space.h"

namespace inquest::cause {

answer::Memory describe_memory(const snapshot::Snapshot& process, const heap::AddressSpace& space);

}  // namespace inquest::cause
