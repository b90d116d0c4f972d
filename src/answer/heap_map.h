/// Who keeps what in a heap and who points at whom, cut to what one page can hold, as values for
/// the HTML report of `objects`: no logic.
///
/// Blocks are told by their usable bytes. What an object retains would be freed without it, itself
/// included.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "answer/leaks.h"
#include "answer/objects.h"

namespace inquest::answer {

enum class MapKind : uint8_t {
  all,     ///< the first node: the whole heap
  shared,  ///< what several owners keep together
  lost,    ///< what nobody keeps
  registers,
  stack,
  global,
  thread_local_data,
  mapping,  ///< up to here: owners
  blocks,
  others,  ///< the small rest below a node; nothing below it is told
};
std::string_view name(MapKind kind);  ///< "all", "shared", ..., "thread-local", ..., "others"

/// A node of the tree of keepers. Blocks of one type that one node keeps are one node; so are the
/// nodes of a list or a tree, whatever hangs below which.
struct MapNode {
  uint32_t parent = 0;  ///< index into HeapMap::nodes, less than its own; of the first: 0
  MapKind kind = MapKind::all;
  std::string name = {};           ///< of one owner: "global g_rooms"
  uint32_t type = 0;               ///< of blocks: index into HeapMap::types
  std::optional<Address> at = {};  ///< of the block, or the first; of an owner that has a place
  uint64_t count = 1;              ///< blocks or owners that it stands for
  uint64_t own_bytes = 0;          ///< of these blocks alone
  uint64_t bytes = 0, blocks = 0;  ///< retained
  bool is_cut = false;             ///< it keeps more than itself, and the map does not say what
};

/// A block that somebody points to, or that points somewhere.
struct MapPlace {
  Address at;
  uint64_t size = 0;
  uint32_t type = 0;               ///< index into HeapMap::types
  uint64_t bytes = 0, blocks = 0;  ///< retained
};

/// A pointer, seen from one of its ends.
struct MapEdge {
  uint32_t place = 0;                   ///< of the other end: index into HeapMap::places
  std::optional<uint64_t> offset = {};  ///< of the pointer in its holder; absent: not found again
  std::string field = {};               ///< "lines", "[3].next"; empty when it is not known
};

/// What is around HeapMap::places[i], for the first of them: i < HeapMap::explored.size().
struct MapObject {
  std::string how = {};                   ///< its type is known; empty when it is not
  unsigned percent = 0;                   ///< how likely that is right
  std::string reach = {};                 ///< "reachable", "possible", "lost"
  std::vector<std::string> keepers = {};  ///< owners, where no block keeps it
  std::optional<uint32_t> keeper = {};    ///< the nearest block that alone keeps it: a place
  std::vector<std::string> roots = {};    ///< owners that point here themselves, each once
  uint64_t root_count = 0;                ///< their words; more than are named, maybe
  std::vector<MapEdge> from = {}, to = {};
  uint64_t from_count = 0, to_count = 0;  ///< blocks; more than are told, maybe
  /// The last step of a shortest chain of pointers from a root; absent where a root itself points
  /// here, or none leads here.
  std::optional<MapEdge> before = {};
  uint64_t steps = 0;  ///< pointers of that chain, the root's included; 0: none leads here
};

struct MapType {
  std::string name = {};   ///< as the census has it; empty: not known
  std::string plain = {};  ///< "std::string" for "std::__cxx11::basic_string<char, ...>"
};

/// More of a line of the census.
struct MapSum {
  uint32_t type = 0;      ///< index into HeapMap::types
  uint64_t retained = 0;  ///< bytes, by all objects of the type together
};

struct HeapMap {
  Objects objects;                     ///< the census
  std::vector<MapSum> sums = {};       ///< of each of its lines
  std::vector<MapType> types = {};     ///< the first is the unknown one
  std::vector<Suspect> suspects = {};  ///< largest first
  std::vector<MapNode> nodes = {};     ///< parents before children, those of one parent together
  uint64_t left_out = 0;               ///< blocks below nodes that are cut, and in `others`
  std::vector<MapObject> explored = {};
  std::vector<MapPlace> places = {};
};

}  // namespace inquest::answer
