// The red-black tree of Microsoft's std::map, laid out as theirs: an iterator whose node was made
// null walks on, and reads _Isnil of a node that is not there: the fault address is 0x19.
#include "../runtime/windows.h"

namespace std {

template <class Value>
struct _Tree_node {
  _Tree_node* _Left;
  _Tree_node* _Parent;
  _Tree_node* _Right;
  char _Color;
  char _Isnil;
  Value _Myval;
};

template <class Key, class T>
class map {
 public:
  struct pair {
    Key first;
    T second;
  };
  using node = _Tree_node<pair>;

  map() : _Myhead(new node{}) {
    _Myhead->_Left = _Myhead->_Parent = _Myhead->_Right = _Myhead;
    _Myhead->_Isnil = 1;
  }

  NOINLINE node* _Lbound(const Key& key) const {
    node* where = _Myhead;
    for (node* at = _Myhead->_Parent; !at->_Isnil;) {
      if (at->_Myval.first < key) {
        at = at->_Right;
      } else {
        where = at;
        at = at->_Left;
      }
    }
    return where;
  }

  node* _Myhead;
  Size _Mysize = 0;
};

}  // namespace std

struct Item {
  int count;
};

class Inventory {
 public:
  NOINLINE int count_of(int id) const { return items_._Lbound(id)->_Myval.second.count; }
  NOINLINE void forget_all() { items_._Myhead->_Parent = nullptr; }  // as a half-built one has it

 private:
  std::map<int, Item> items_;
};

int run_patient() {
  Inventory inventory;
  int first = inventory.count_of(4) != 0 ? 1 : 0;
  inventory.forget_all();
  return first + inventory.count_of(4);
}
