// An image owns its pixels through a raw pointer and has a destructor, but no copy constructor of
// its own: the copy that archive() takes by value deletes the same pixels once more.
#include <cstring>
#include <string>
#include <vector>

#include "../patient.h"

class Image {
 public:
  Image(int width, int height) : size_(width * height), pixels_(new unsigned char[size_]) {
    std::memset(pixels_, 0x7F, size_);
  }
  NOINLINE ~Image() { delete[] pixels_; }

  std::size_t checksum() const {
    std::size_t sum = 0;
    for (std::size_t i = 0; i < size_; ++i) sum += pixels_[i];
    return sum;
  }

 private:
  std::size_t size_;
  unsigned char* pixels_;
};

class Archive {
 public:
  NOINLINE void store(Image image) { checksums_.push_back(image.checksum()); }
  std::size_t size() const { return checksums_.size(); }

 private:
  std::vector<std::size_t> checksums_;
};

NOINLINE void save_avatar(Archive& archive) {
  Image avatar(16, 12);
  archive.store(avatar);
}

int main() {
  Archive archive;
  save_avatar(archive);
  std::printf("%zu images\n", archive.size());
}
