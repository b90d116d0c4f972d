/// Who keeps blocks from outside the heap, by name: variables, threads, mappings.
///
/// One owner for each variable, for each thread's stack with its registers, for each thread's
/// thread-local data, for each mapping. Where no symbol names a variable, words with less than two
/// words between them are taken for one: a container's header is not torn apart. Pure functions.
#pragma once

#include <string>
#include <vector>

#include "cause/process.h"
#include "objects/dominators.h"

namespace inquest::cause {

struct RootOwners {
  std::vector<objects::RootOwner> owners = {};
  std::vector<uint32_t> owner_of = {};  ///< of each of references.roots(), an index into owners
};

/// Opens symbols only of modules whose data keeps blocks. Linear in the roots.
RootOwners find_owners(const Process& process, const std::vector<objects::Root>& roots);

/// "thread 12 worker"; "a thread that has ended" for 0.
std::string thread_title(const snapshot::Snapshot& process, uint32_t thread);

/// The function whose frame on a thread's stack holds an address; empty when that is not known.
/// Walks the stacks at the first call.
std::string frame_function(const Process& process, uint32_t thread, Address at);

/// A variable of a module.
struct NamedVariable {
  std::string name;  ///< "g_rooms", "std::cout in libstdc++.so.6"
  AddressRange range;
};
/// Absent when no symbol of data holds the address.
std::optional<NamedVariable> variable_at(const Process& process, Address at);

}  // namespace inquest::cause
