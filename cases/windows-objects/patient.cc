// A program that knows what each of its blocks is: polymorphic objects of every kind of
// inheritance, structs that only typed pointers tell, arrays with and without the count in front,
// nodes and buffers of containers. What it made it writes to truth.txt beside its dump.
#include "containers.h"

namespace game {

constexpr unsigned kMany = 200;

// ---- structs without virtual functions

struct Stats {
  long long played, won, lost;
  double rating;
};
struct Item {
  Item* next;
  Stats* stats;
  int id;
  int price;
};
struct Cell {
  short x, y;
  Item* lies_here;
};
struct Room {
  ~Room() { --count; }
  Item* first;
  int number;
  static int count;
};
int Room::count = 0;
struct Grid {
  Cell* cells;
  Room* rooms;
  Item** index;
  Size cell_count, room_count, index_count;
};
struct Journal {
  Journal* older;
  Stats* day;
  long long entries[5];
};

// ---- one base

class Named {
 public:
  explicit Named(int id) : id_(id) {}
  virtual ~Named() = default;
  virtual int kind() const = 0;

 protected:
  int id_;
};
class Guild : public Named {
 public:
  Guild(int id, Stats* stats) : Named(id), stats(stats) {}
  int kind() const override { return 1; }
  Guild* ally = nullptr;
  Stats* stats;
};
class Empire final : public Guild {
 public:
  using Guild::Guild;
  int kind() const override { return 2; }
  Item* treasure = nullptr;
};
template <class T>
class Box : public Named {
 public:
  Box(int id, T held) : Named(id), held(held) {}
  int kind() const override { return 3; }
  T held;
};

// ---- several bases

class Scored {
 public:
  virtual ~Scored() = default;
  virtual int score() const = 0;
  int points = 0;
};
class Player : public Named, public Scored {
 public:
  Player(int id, Item* held) : Named(id), held(held) {}
  int kind() const override { return 4; }
  int score() const override { return points; }
  Item* held;
};
/// Begins with a base without virtual functions, which the compiler puts behind the one with.
struct Plain {
  Stats* plain_stats = nullptr;
};
class Mixed : public Plain, public Scored {
 public:
  int score() const override { return 5; }
};

// ---- virtual bases

class Entity {
 public:
  virtual ~Entity() = default;
  virtual int tick() { return 0; }
  long long born = 0;
};
class Moving : public virtual Entity {
 public:
  virtual int move() { return 1; }
  int speed = 0;
};
class Solid : public virtual Entity {
 public:
  virtual int hit() { return 2; }
  Item* drops = nullptr;
};
class Crate : public Moving, public Solid {
 public:
  int tick() override { return 3; }
  Stats* content = nullptr;
};
/// Its own first word leads to where its virtual base is; the only virtual table lies behind all.
class Ghost : public virtual Entity {
 public:
  Item* seen[9] = {};
};
/// Overrides in a constructor's presence: the compiler puts a displacement in front of the base.
class Banshee : public virtual Entity {
 public:
  Banshee() { wails = 1; }
  ~Banshee() override { wails = 0; }
  int tick() override { return wails; }
  int wails = 0;
};

/// An array of these begins with its count, then a virtual table.
class Widget {
 public:
  virtual ~Widget() { shown = false; }
  virtual int draw() { return 1; }
  Stats* style = nullptr;
  bool shown = true;
};

}  // namespace game

namespace {
class Hidden : public game::Named {
 public:
  explicit Hidden(int id) : Named(id) {}
  int kind() const override { return 6; }
};
}  // namespace

using namespace game;

// ---- the roots: none needs a constructor, for no runtime would call it

template <class T>
using Nodes = std::list<T>;
using Name = std::basic_string<char>;
using WideName = std::basic_string<wchar_t>;

namespace game {
struct User {
  Name name;
  WideName nick;
  Stats* stats;
};
struct World {
  Item* items;
  Grid* grid;
  Guild* guilds[kMany];
  Scored* scored[kMany];
  Entity* entities[kMany];
  Named* others[kMany];
  Widget* widgets;
  std::vector<Item> shop;
  std::vector<Guild*> ranking;
  std::list<Item> market;
  std::map<int, Item> stock;
  std::map<int, User> users;
  std::unordered_map<int, Stats> scores;
  std::deque<Item> queue;
  std::unique_ptr<Stats> best;
  std::shared_ptr<Item> prize;
  std::shared_ptr<Stats> total;
};
}  // namespace game

World g_world;
Journal* g_journal;
static Grid* s_grids[3];

namespace {

Stats* make_stats() { return MAKE(plain, Stats, 1, 2, 3, 4.5); }

Item* make_item(int id) {
  Item* item = MAKE(plain, Item, nullptr, nullptr, id, 10 * id);
  if (id % 3 == 0) item->stats = make_stats();
  return item;
}

Grid* make_grid(Size cells, Size rooms) {
  Grid* grid = MAKE(plain, Grid);
  grid->cell_count = cells;
  grid->room_count = rooms;
  grid->index_count = cells;
  grid->cells = truth::array(new Cell[cells]{}, "plain", cells, "Cell");
  grid->rooms = truth::counted(new Room[rooms]{}, "plain", rooms, "Room");
  grid->index = truth::array(new Item* [cells] {}, "plain", cells, "Item*");
  for (Size i = 0; i < cells; ++i) {
    grid->cells[i].x = static_cast<short>(i);
    grid->cells[i].lies_here = grid->index[i] = make_item(static_cast<int>(i));
  }
  for (Size i = 0; i < rooms; ++i) grid->rooms[i].first = make_item(7);
  return grid;
}

void make_polymorphic(World& world) {
  for (unsigned i = 0; i < kMany; ++i) {
    const int id = static_cast<int>(i);
    Guild* guild = nullptr;
    if (i % 4 == 0) {
      auto* empire = MAKE(object, Empire, id, make_stats());
      empire->treasure = make_item(id);
      guild = empire;
    } else {
      guild = MAKE(object, Guild, id, make_stats());
    }
    if (i > 0 && i % 5 == 0) guild->ally = world.guilds[i - 1];
    world.guilds[i] = guild;
    world.scored[i] = i % 2 ? static_cast<Scored*>(MAKE(object, Player, id, make_item(id)))
                            : static_cast<Scored*>(MAKE(object, Mixed));
    if (Mixed* mixed = i % 2 ? nullptr : static_cast<Mixed*>(world.scored[i])) {
      mixed->plain_stats = make_stats();
    }
    switch (i % 4) {
      case 0: {
        Crate* crate = MAKE(object, Crate);
        crate->content = make_stats();
        crate->drops = make_item(1);
        world.entities[i] = crate;
        break;
      }
      case 1: {
        Ghost* ghost = MAKE(object, Ghost);
        ghost->seen[3] = make_item(2);
        world.entities[i] = ghost;
        break;
      }
      case 2:
        world.entities[i] = MAKE(object, Banshee);
        break;
      default:
        world.entities[i] = MAKE(object, Moving);
    }
    switch (i % 3) {
      case 0:
        world.others[i] = MAKE(object, Box<int>, id, 5);
        break;
      case 1:
        world.others[i] = MAKE(object, Box<Item*>, id, make_item(4));
        break;
      default:
        world.others[i] = MAKE(object, Hidden, id);
    }
  }
  world.widgets = truth::counted(new Widget[12], "object", 12, "Widget");
  for (unsigned i = 0; i < 12; ++i) world.widgets[i].style = make_stats();
}

#define MAP_NODE(K, V) "std::_Tree_node<std::pair<const " #K "," #V ">,void *>"

void fill_containers(World& world) {
  Item items[40] = {};
  for (int i = 0; i < 40; ++i) items[i] = {nullptr, make_stats(), i, i};
  world.shop.fill(items, 30, 40, "Item");
  world.ranking.fill(world.guilds, 100, 120, "Guild*");
  for (int i = 0; i < 40; ++i)
    world.market.push_back(items[i], "std::_List_node<game::Item,void *>");
  for (int i = 0; i < 100; ++i) {
    world.stock.insert(i * 37 % 101, {nullptr, make_stats(), i, i}, MAP_NODE(int, game::Item));
  }
  for (int i = 0; i < 50; ++i) {
    User user = {};
    user.name.assign("a name of more than fifteen characters", i % 2 ? 4 : 38);
    user.nick.assign(L"a wide name, longer than seven", i % 2 ? 4 : 30);
    user.stats = make_stats();
    world.users.insert(i * 31 % 53, user, MAP_NODE(int, game::User));
  }
  auto& scores = world.scores;
  decltype(world.scores)::iterator buckets[128] = {};
  for (int i = 0; i < 64; ++i) {
    auto* node = scores._List.push_back({i, Stats{}},
                                        "std::_List_node<std::pair<const int,game::Stats>,void *>");
    buckets[2 * i] = buckets[2 * i + 1] = {node};
  }
  scores._Vec.fill(
      buckets, 128, 128,
      "std::_List_unchecked_iterator<std::_List_node<std::pair<const int,game::Stats>,void *> >");
  scores._Mask = 63;
  scores._Maxidx = 64;
  auto& queue = world.queue._Mypair._Myval2;
  queue._Map = truth::array(new Item*[16]{}, "plain", 16, "Item*");
  queue._Mapsize = 16;
  queue._Myoff = 3;
  queue._Mysize = 9;
  for (Size i = 3; i < 12; ++i) {
    queue._Map[i] = MAKE(plain, Item, nullptr, make_stats(), 1, 2);
  }
  world.best._Mypair._Myval2 = make_stats();
  world.prize._Ptr = make_item(99);
  world.prize._Rep = truth::noted(new std::_Ref_count<Item>(world.prize._Ptr), "object",
                                  "std::_Ref_count<game::Item>");
  auto* total = new std::_Ref_count_obj2<Stats>();
  world.total._Ptr = &total->_Storage._Value;
  world.total._Rep = truth::noted(total, "object", "std::_Ref_count_obj2<game::Stats>");
}

/// Blocks that nobody points to: a guess here is a false claim.
NOINLINE void lose() {
  for (int i = 0; i < 50; ++i) {
    auto* lost = static_cast<long long*>(operator new(sizeof(Stats)));
    for (int n = 0; n < 4; ++n) lost[n] = 1000 + i;
    truth::note(lost, "lost", 1, "Stats");
    delete MAKE(freed, Guild, i, nullptr);
  }
}

/// What only a local of a stopped thread holds.
NOINLINE void die_holding() {
  Journal* today = MAKE(plain, Journal);
  today->day = make_stats();
  __asm__ volatile("" : : "r"(&today) : "memory");
  truth::write();
  dump_from_another_thread();
  __asm__ volatile("" : : "r"(&today) : "memory");
}

}  // namespace

int run_patient() {
  for (int i = 0; i < 300; ++i) {
    Item* item = make_item(i);
    item->next = g_world.items;
    g_world.items = item;
  }
  for (int i = 0; i < 20; ++i) {
    Journal* page = MAKE(plain, Journal, g_journal);
    page->day = make_stats();
    g_journal = page;
  }
  g_world.grid = make_grid(30, 8);
  for (Grid*& grid : s_grids) grid = make_grid(12, 3);
  make_polymorphic(g_world);
  fill_containers(g_world);
  lose();
  die_holding();
  return 0;
}
