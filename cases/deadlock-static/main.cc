// The price list is a static variable that is made when it is first asked for, and its constructor
// takes the lock of the market. Another thread asks for it while holding that lock.
#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "../patient.h"

std::mutex market;
std::atomic<bool> is_market_taken = false, is_list_begun = false;

class PriceList {
 public:
  PriceList() {
    is_list_begun = true;
    while (!is_market_taken) usleep(1000);
    read_market();
  }
  int price(const std::string& item) const {
    auto found = prices_.find(item);
    return found == prices_.end() ? 0 : found->second;
  }

 private:
  NOINLINE void read_market() {
    std::lock_guard held(market);
    prices_["sword"] = 12;
  }

  std::map<std::string, int> prices_;
};

NOINLINE PriceList& price_list() {
  static PriceList list;
  return list;
}

NOINLINE int sell(const std::string& item) {
  std::lock_guard held(market);
  is_market_taken = true;
  return price_list().price(item);
}

int main() {
  std::thread shop([] {
    name_this_thread("shop");
    price_list().price("shield");
  });
  while (!is_list_begun) usleep(1000);
  announce_ready();
  int paid = sell("sword");
  shop.join();
  return paid;
}
