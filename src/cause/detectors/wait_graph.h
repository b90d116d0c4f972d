/// Who waits for whom, and the rings in it. Pure; knows no processes.
#pragma once

#include <cstddef>
#include <vector>

namespace inquest::cause {

/// edges[i]: the nodes that node i waits for. Returns each elementary ring that a walk finds, as
/// the nodes in order (each waits for the next, the last for the first); a node is in at most one.
/// Linear in nodes and edges.
std::vector<std::vector<size_t>> find_rings(const std::vector<std::vector<size_t>>& edges);

}  // namespace inquest::cause
