// A mesh of some kilobytes is known to a cache and to a scene, and each believes that it owns it.
// Too large for the thread's cache of small blocks: glibc notices by the heap's own bookkeeping.
#include <cstdint>
#include <string>
#include <vector>

#include "../patient.h"

struct Mesh {
  float vertices[1024][3] = {};
  std::string name;
};

class MeshCache {
 public:
  NOINLINE Mesh* load(const std::string& name) {
    meshes_.push_back(new Mesh{{}, name});
    return meshes_.back();
  }

  NOINLINE std::size_t trim() {
    const std::size_t trimmed = meshes_.size();
    for (Mesh* mesh : meshes_) delete mesh;
    meshes_.clear();
    return trimmed;
  }

 private:
  std::vector<Mesh*> meshes_;
};

class Scene {
 public:
  void add(Mesh* mesh) { meshes_.push_back(mesh); }

  NOINLINE std::size_t clear() {
    const std::size_t cleared = meshes_.size();
    for (Mesh* mesh : meshes_) delete mesh;
    meshes_.clear();
    return cleared;
  }

 private:
  std::vector<Mesh*> meshes_;
};

int main() {
  MeshCache cache;
  Scene scene;
  for (const char* name : {"oak", "pine", "birch"}) scene.add(cache.load(name));
  std::size_t freed = cache.trim();
  freed += scene.clear();
  std::printf("%zu meshes freed\n", freed);
}
