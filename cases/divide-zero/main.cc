// Tick statistics average the messages over the players online. At night there are none.
#include <string>
#include <vector>

#include "../patient.h"

struct Hour {
  int hour;
  int players;
  int messages;
};

class Statistics {
 public:
  NOINLINE void add(const Hour& hour) { hours_.push_back(hour); }

  NOINLINE int busiest() const {
    int best = 0;
    for (const Hour& hour : hours_) {
      const int average = messages_per_player(hour);
      if (average > best) best = average;
    }
    return best;
  }

 private:
  NOINLINE int messages_per_player(const Hour& hour) const { return hour.messages / hour.players; }

  std::vector<Hour> hours_;
};

int main() {
  Statistics statistics;
  for (int hour = 0; hour < 24; ++hour) {
    const int players = hour == 4 ? 0 : 20 + hour * 3;
    statistics.add({hour, players, 700 + 11 * hour});
  }
  std::printf("busiest: %d messages a player\n", statistics.busiest());
}
