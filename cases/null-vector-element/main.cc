// A storage layer spreads players over shards by hash. The vector has a slot for every shard, but
// the shard that is down for maintenance was never opened: its slot is null.
#include <cstdint>
#include <string>
#include <vector>

#include "../patient.h"

struct Shard {
  std::string host;
  std::uint64_t rows = 0;
  std::uint64_t reads = 0;
};

class Storage {
 public:
  explicit Storage(std::size_t shards) : shards_(shards) {}
  ~Storage() {
    for (Shard* shard : shards_) delete shard;
  }

  void open(std::size_t index, const std::string& host) {
    shards_[index] = new Shard{host, 1000 * (index + 1), 0};
  }

  NOINLINE std::uint64_t rows_near(std::uint64_t player) const {
    const std::size_t slot = (player * 0x9E3779B97F4A7C15u >> 32) % shards_.size();
    return shards_[slot]->rows;
  }

 private:
  std::vector<Shard*> shards_;
};

NOINLINE std::uint64_t report(const Storage& storage, std::uint64_t players) {
  std::uint64_t rows = 0;
  for (std::uint64_t player = 1; player <= players; ++player) rows += storage.rows_near(player);
  return rows;
}

int main() {
  Storage storage(8);
  for (std::size_t i = 0; i < 8; ++i) {
    if (i != 5) storage.open(i, "db" + std::to_string(i) + ".example");
  }
  std::printf("%llu rows\n", static_cast<unsigned long long>(report(storage, 500)));
}
