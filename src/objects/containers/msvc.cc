/// The library of Microsoft's compiler (Visual Studio 2015 to 2022, release and debug), described.
/// Source: the open headers of the library (github.com/microsoft/STL) and its natvis names. Debug
/// iterators add a `_Myproxy` in front of these members, and change none of them.
#include "objects/containers/descriptions.h"

namespace inquest::objects {

const std::string_view kMsvcText = R"(inquest-types 1

# ---- sequences

class std::vector<bool, $A>
  name  std::vector<bool>
  count _Mysize
  bits  _Myvec._Mypair._Myval2._Myfirst

class std::vector<$T, $A>
  name  std::vector<$T>
  let   val = _Mypair._Myval2
  count val._Mylast - val._Myfirst
  array val._Myfirst
  show  capacity = val._Myend - val._Myfirst

class std::array<$T, $N>
  count $N
  array _Elems

class std::deque<$T, $A>
  name  std::deque<$T>
  let   val = _Mypair._Myval2
  let   size = sizeof(**val._Map)
  let   per = size <= 1 ? 16 : size <= 2 ? 8 : size <= 4 ? 4 : size <= 8 ? 2 : 1
  count val._Mysize
  each  val._Map[(($i + val._Myoff) / per) % val._Mapsize][($i + val._Myoff) % per]

class std::list<$T, $A>
  name  std::list<$T>
  let   val = _Mypair._Myval2
  count val._Mysize
  list  val._Myhead->_Next
  next  _Next
  item  _Myval
  end   val._Myhead
class std::_List_node<$T, $P>
  name  std::list<$T> node
class std::forward_list<$T, $A>
  name  std::forward_list<$T>
  list  _Mypair._Myval2._Myhead
  next  _Next
  item  _Myval
class std::_Flist_node<$T, $P>
  name  std::forward_list<$T> node

class std::queue<$T, $S>
  name  std::queue<$T>
  same  c
class std::stack<$T, $S>
  name  std::stack<$T>
  same  c
class std::priority_queue<$T, $S, $C>
  name  std::priority_queue<$T>
  same  c

# ---- trees: every tree has a node of its own that is none, which leads to the root

class std::map<$K, $V, $C, $A>
  name   std::map<$K, $V>
  let    val = _Mypair._Myval2._Myval2
  count  val._Mysize
  tree   val._Myhead->_Parent
  nil    _Isnil
  left   _Left
  right  _Right
  item   _Myval
  key    first
  mapped second
class std::multimap<$K, $V, $C, $A>
  name   std::multimap<$K, $V>
  let    val = _Mypair._Myval2._Myval2
  count  val._Mysize
  tree   val._Myhead->_Parent
  nil    _Isnil
  left   _Left
  right  _Right
  item   _Myval
  key    first
  mapped second
class std::set<$K, $C, $A>
  name   std::set<$K>
  let    val = _Mypair._Myval2._Myval2
  count  val._Mysize
  tree   val._Myhead->_Parent
  nil    _Isnil
  left   _Left
  right  _Right
  item   _Myval
class std::multiset<$K, $C, $A>
  name   std::multiset<$K>
  let    val = _Mypair._Myval2._Myval2
  count  val._Mysize
  tree   val._Myhead->_Parent
  nil    _Isnil
  left   _Left
  right  _Right
  item   _Myval
class std::_Tree_node<std::pair<const $K, $V>, $P>
  name   std::map<$K, $V> node
class std::_Tree_node<$T, $P>
  name   std::set<$T> node

# ---- hash tables: a list of all elements, and iterators into it

class std::unordered_map<$K, $V, $H, $E, $A>
  name   std::unordered_map<$K, $V>
  same   _List
  key    first
  mapped second
class std::unordered_multimap<$K, $V, $H, $E, $A>
  name   std::unordered_multimap<$K, $V>
  same   _List
  key    first
  mapped second
class std::unordered_set<$K, $H, $E, $A>
  name  std::unordered_set<$K>
  same  _List
class std::unordered_multiset<$K, $H, $E, $A>
  name  std::unordered_multiset<$K>
  same  _List

# ---- strings: up to 15 bytes of them lie in the object

class std::basic_string<char, std::char_traits<char>, std::allocator<char> >
  name  std::string
  let   val = _Mypair._Myval2
  count val._Mysize
  text  val._Myres >= 16 ? val._Bx._Ptr : val._Bx._Buf
class std::basic_string<wchar_t, std::char_traits<wchar_t>, std::allocator<wchar_t> >
  name  std::wstring
  let   val = _Mypair._Myval2
  count val._Mysize
  text  val._Myres >= 16 / sizeof(wchar_t) ? val._Bx._Ptr : val._Bx._Buf
class std::basic_string<$C, $T, $A>
  name  std::basic_string<$C>
  let   val = _Mypair._Myval2
  count val._Mysize
  text  val._Myres >= 16 / sizeof($C) ? val._Bx._Ptr : val._Bx._Buf
class std::basic_string_view<char, $T>
  name  std::string_view
  count _Mysize
  text  _Mydata
class std::basic_string_view<$C, $T>
  name  std::basic_string_view<$C>
  count _Mysize
  text  _Mydata

# ---- pointers

class std::unique_ptr<$T, $D>
  name  std::unique_ptr<$T>
  value *_Mypair._Myval2 if _Mypair._Myval2
class std::shared_ptr<$T>
  value *_Ptr if _Ptr
  show  owners = _Rep ? _Rep->_Uses : 0
class std::weak_ptr<$T>
  let   owners = _Rep ? _Rep->_Uses : 0
  value *_Ptr if owners > 0
  show  owners = owners
class std::_Ref_count_obj2<$T>
  name  std::make_shared<$T> block
  value _Storage._Value
  show  owners = _Uses
class std::_Ref_count_obj<$T>
  name  std::make_shared<$T> block
  value _Storage as $T
  show  owners = _Uses

# ---- one of several, or none

class std::optional<$T>
  value _Value if _Has_value
class std::variant<$Ts...>
  value _Head as $Ts[_Which] if _Which < 255
  show  index = _Which
class std::function<$S>
  value *_Mystorage._Ptrs[7] if _Mystorage._Ptrs[7]
class std::atomic<$T>
  value _Storage._Value ?? _Storage
)";

}  // namespace inquest::objects
