// What the generator's heap consists of. Included by the generator alone: its classes have no
// linkage, as those of many a program.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace {

struct Shape {
  virtual ~Shape() = default;
  virtual int area() const = 0;
  Shape* next = nullptr;
};
struct Square : Shape {
  int area() const override { return side * side; }
  int side = 3;
  char room[40] = {};
};
struct Picture : Shape {
  int area() const override { return 640; }
  std::string name;
  char pixels[400] = {};
};
struct Named {
  virtual ~Named() = default;
  std::string title;
};
struct Poster : Square, Named {
  int area() const override { return 1; }
};
struct Item {  // not trivial: `new Item[n]` keeps the count
  ~Item() { value = 0; }
  long value = 7;
  char room[24] = {};
};
struct Node {
  Node* children[4] = {};
  Node* other = nullptr;
  char* text = nullptr;
};

/// What a thread builds; all of it in global data, so that it is reachable.
struct World {
  std::map<uint64_t, std::string> guilds;
  std::unordered_map<uint64_t, std::vector<int>> scores;
  std::list<std::string> messages;
  std::vector<std::unique_ptr<Shape>> shapes;
  std::vector<std::shared_ptr<Square>> shared;
  std::vector<std::unique_ptr<char[]>> buffers;
  std::vector<std::unique_ptr<char[]>> for_neighbour;  ///< freed or kept by the next thread
  std::vector<uint64_t> tagged;                        ///< addresses with 16 bits of something else
  std::vector<Item*> arrays;
  std::vector<Named*> bases;
  std::vector<char*> interiors;
};

}  // namespace
