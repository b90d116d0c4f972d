// A room is closed, its memory given back, and a member still says goodbye through it. The debug
// heap has filled it with DD.
#include "../runtime/windows.h"

struct Room;

struct Member {
  Room* room;
  int id;
};

struct Topic {
  int votes;
};

struct Room {
  Size id = 1;
  Topic* topic = nullptr;
};

NOINLINE int leave(Member* member) { return member->room->topic->votes; }

NOINLINE void close(Room* room) {
  delete room->topic;
  delete room;
}

int run_patient() {
  auto* room = new Room;
  room->topic = new Topic{3};
  Member member{room, 1};
  close(room);
  return leave(&member);
}
