/// What may be done with the memory of a Windows image, where the dump does not say: small dumps
/// have no list of regions, but every image says of its sections what they are for.
#pragma once

#include "format/pe/file.h"
#include "snapshot/snapshot.h"

namespace inquest::locate {

/// Replaces the regions inside the module whose access is not known by one a section, and one for
/// the headers. Does nothing when the dump knows the access of any of them.
void add_section_access(snapshot::Snapshot& snapshot, const snapshot::Module& module,
                        const pe::File& image);

}  // namespace inquest::locate
