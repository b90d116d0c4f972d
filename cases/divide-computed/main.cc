// The share of each guest is worked out without the host, from the number of people at the table. A
// host alone at his table makes it a division by zero: of a number that no variable of the caller
// is.
#include <vector>

#include "../patient.h"

struct Table {
  int people;
  int bill;
};

class Evening {
 public:
  NOINLINE void seat(const Table& table) { tables_.push_back(table); }

  NOINLINE int shares() const {
    int sum = 0;
    for (const Table& table : tables_) sum += share(table.people, table.bill);
    return sum;
  }

 private:
  NOINLINE int share(int people, int bill) const {
    volatile int guests = people - 1;
    return bill / guests;
  }

  std::vector<Table> tables_;
};

int main() {
  Evening evening;
  for (int people : {4, 2, 1, 6}) evening.seat({people, people * 30});
  std::printf("%d\n", evening.shares());
}
