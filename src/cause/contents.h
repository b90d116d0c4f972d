/// What a dump holds, told without looking at any file but it.
#pragma once

#include "answer/show.h"
#include "snapshot/snapshot.h"

namespace inquest::cause {

/// Never fails; linear in what the snapshot lists, whatever its memory's size.
answer::Show describe_contents(const snapshot::Snapshot& snapshot);

/// The header of every report.
answer::Dump describe_dump(const snapshot::Snapshot& snapshot);

}  // namespace inquest::cause
