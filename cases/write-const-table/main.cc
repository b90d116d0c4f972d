// A shop counts its sales in the price table. The table used to be a variable; since it was
// declared const it lies in .rodata, and the old const_cast writes there.
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "../patient.h"

struct Tariff {
  char name[12];
  std::uint32_t price;
  std::uint32_t sold;
};

extern const Tariff kTariffs[4];
const Tariff kTariffs[4] = {
    {"bronze", 5, 0}, {"silver", 15, 0}, {"gold", 40, 0}, {"platinum", 90, 0}};

NOINLINE const Tariff* find_tariff(const std::string& name) {
  for (const Tariff& tariff : kTariffs) {
    if (name == tariff.name) return &tariff;
  }
  return nullptr;
}

NOINLINE std::uint32_t book(const Tariff* tariff, std::uint32_t count) {
  auto* entry = const_cast<Tariff*>(tariff);
  entry->sold = count;
  return entry->price * count;
}

int main() {
  const std::vector<std::string> orders = {"silver", "gold", "bronze"};
  std::uint32_t turnover = 0;
  for (const std::string& order : orders) turnover += book(find_tariff(order), 2);
  std::printf("turnover %u\n", turnover);
}
