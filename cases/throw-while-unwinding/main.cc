// A file's destructor may throw, and says so: noexcept(false). It does while another exception is
// on its way, and that C++ does not allow, noexcept or not.
#include <stdexcept>
#include <string>
#include <vector>

#include "../patient.h"

class File {
 public:
  explicit File(std::string name) : name_(std::move(name)) {}
  ~File() noexcept(false) {
    if (!unwritten_.empty()) close();
  }
  void write(const std::string& line) { unwritten_.push_back(line); }

 private:
  NOINLINE void close() { throw std::runtime_error("cannot close " + name_); }

  std::string name_;
  std::vector<std::string> unwritten_;
};

NOINLINE void save(const std::vector<std::string>& lines, std::size_t space) {
  File file("world.db");
  for (const std::string& line : lines) {
    if (line.size() > space) throw std::length_error("the disk is full");
    file.write(line);
    space -= line.size();
  }
}

int main() {
  try {
    save({"forest", "village", "castle"}, 10);
  } catch (const std::exception& e) {
    std::printf("not saved: %s\n", e.what());
  }
}
