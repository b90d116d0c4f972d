#include "cause/detectors/wait_graph.h"

#include <algorithm>
#include <cstdint>

namespace inquest::cause {

std::vector<std::vector<size_t>> find_rings(const std::vector<std::vector<size_t>>& edges) {
  enum class Mark : uint8_t { fresh, on_path, done };
  std::vector<Mark> marks(edges.size(), Mark::fresh);
  std::vector<std::vector<size_t>> rings;
  struct Step {
    size_t node, next_edge;
  };
  std::vector<Step> path;
  for (size_t start = 0; start < edges.size(); ++start) {
    if (marks[start] != Mark::fresh) continue;
    path.push_back({start, 0});
    marks[start] = Mark::on_path;
    while (!path.empty()) {
      auto& step = path.back();
      if (step.next_edge == edges[step.node].size()) {
        marks[step.node] = Mark::done;
        path.pop_back();
        continue;
      }
      size_t to = edges[step.node][step.next_edge++];
      if (to >= edges.size()) continue;
      if (marks[to] == Mark::fresh) {
        marks[to] = Mark::on_path;
        path.push_back({to, 0});
      } else if (marks[to] == Mark::on_path) {
        auto begin =
            std::find_if(path.begin(), path.end(), [&](const Step& s) { return s.node == to; });
        std::vector<size_t> ring;
        for (auto it = begin; it != path.end(); ++it) ring.push_back(it->node);
        rings.push_back(std::move(ring));
      }
    }
  }
  return rings;
}

}  // namespace inquest::cause
