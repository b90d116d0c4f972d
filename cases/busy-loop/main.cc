// A list of open auctions is linked by hand, and removing the head while it is the only entry
// leaves it linked to itself: the search for the end never ends. One thread computes for ever,
// nobody waits.
#include <memory>
#include <string>
#include <vector>

#include "../patient.h"

struct Auction {
  std::string item;
  int bid = 0;
  Auction* next = nullptr;
};

class AuctionHouse {
 public:
  NOINLINE void open(Auction* auction) {
    if (free_ != nullptr) auction->next = free_;
    if (head_ == nullptr) {
      head_ = auction;
    } else {
      last()->next = auction;
    }
  }

  NOINLINE Auction* close() {
    Auction* closed = head_;
    head_ = closed->next;
    closed->next = nullptr;
    free_ = closed;  // meant to be reused; reopened instead, it follows itself
    return closed;
  }

 private:
  NOINLINE Auction* last() const {
    Auction* auction = head_;
    while (auction->next != nullptr) auction = auction->next;
    return auction;
  }

  Auction* head_ = nullptr;
  Auction* free_ = nullptr;
};

int main() {
  AuctionHouse house;
  Auction sword{"sword", 40};
  Auction shield{"shield", 25};
  house.open(&sword);
  Auction* closed = house.close();
  house.open(closed);
  announce_ready();
  house.open(&shield);
  std::printf("closed %s at %d\n", closed->item.c_str(), closed->bid);
}
