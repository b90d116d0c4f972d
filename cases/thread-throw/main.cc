// A worker parses numbers that players typed. std::stoi throws for "twelve", and an exception that
// leaves the function of a std::thread ends the program, whatever main would have caught.
#include <exception>
#include <string>
#include <thread>
#include <vector>

#include "../patient.h"

NOINLINE int parse_bid(const std::string& text) { return std::stoi(text) * 100; }

class Auction {
 public:
  explicit Auction(std::vector<std::string> bids) : bids_(std::move(bids)) {}

  NOINLINE void run() {
    for (const std::string& bid : bids_) {
      const int copper = parse_bid(bid);
      if (copper > best_) best_ = copper;
    }
  }

  int best() const { return best_; }

 private:
  std::vector<std::string> bids_;
  int best_ = 0;
};

int main() {
  Auction auction({"10", "11", "twelve", "13"});
  try {
    std::thread worker([&auction] {
      name_this_thread("auction");
      auction.run();
    });
    worker.join();
  } catch (const std::exception& error) {
    std::printf("auction failed: %s\n", error.what());
  }
  std::printf("best bid: %d\n", auction.best());
}
