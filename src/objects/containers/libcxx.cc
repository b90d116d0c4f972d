/// LLVM's libc++ (7 to 20, ABI 1), described.
/// Source: the headers of libc++ 19; from 20 on members that were pairs of a value and an often
/// empty object are the values themselves.
#include "objects/containers/descriptions.h"

namespace inquest::objects {

const std::string_view kLibcxxText = R"(inquest-types 1

# As it is, as Android has it, as Chromium has it.
namespace std::__1 std::__ndk1 std::__Cr std::__2

# ---- sequences

class std::__1::vector<bool, $A>
  name  std::vector<bool>
  count __size_
  bits  __begin_

class std::__1::vector<$T, $A>
  name  std::vector<$T>
  count __end_ - __begin_
  array __begin_
  show  capacity = (__end_cap_.__value_ ?? __cap_ ?? __end_cap_) - __begin_

class std::__1::array<$T, $N>
  name  std::array<$T, $N>
  count $N
  array __elems_

class std::__1::deque<$T, $A>
  name  std::deque<$T>
  let   size = sizeof(**__map_.__begin_)
  let   per = size < 256 ? 4096 / size : 16
  count __size_.__value_ ?? __size_
  each  __map_.__begin_[($i + __start_) / per][($i + __start_) % per]

class std::__1::list<$T, $A>
class std::__1::__list_imp<$T, $A>
  name  std::list<$T>
  link  __end_.__next_ -> std::__1::__list_node<$T, void *> or head
  link  __end_.__prev_ -> std::__1::__list_node<$T, void *> or head
  count __size_alloc_.__value_ ?? __size_
  list  __end_.__next_ as std::__1::__list_node<$T, void *>*
  next  __next_
  item  __value_
  end   &__end_
class std::__1::__list_node<$T, $P>
  name  std::list<$T> node
  link  __next_ -> std::__1::__list_node<$T, $P> or head
  link  __prev_ -> std::__1::__list_node<$T, $P> or head

class std::__1::forward_list<$T, $A>
  name  std::forward_list<$T>
  list  __before_begin_.__value_.__next_ ?? __before_begin_.__next_
  next  __next_
  item  __value_
class std::__1::__forward_list_node<$T, $P>
  name  std::forward_list<$T> node

class std::__1::queue<$T, $S>
  name  std::queue<$T>
  same  c
class std::__1::stack<$T, $S>
  name  std::stack<$T>
  same  c
class std::__1::priority_queue<$T, $S, $C>
  name  std::priority_queue<$T>
  same  c

# ---- trees

class std::__1::map<$K, $V, $C, $A>
  name   std::map<$K, $V>
  same   __tree_
  key    __cc_.first ?? __cc.first ?? first
  mapped __cc_.second ?? __cc.second ?? second
class std::__1::multimap<$K, $V, $C, $A>
  name   std::multimap<$K, $V>
  same   __tree_
  key    __cc_.first ?? __cc.first ?? first
  mapped __cc_.second ?? __cc.second ?? second
class std::__1::set<$K, $C, $A>
  name  std::set<$K>
  same  __tree_
class std::__1::multiset<$K, $C, $A>
  name  std::multiset<$K>
  same  __tree_

class std::__1::__tree<$P, $C, $A>
  link  __pair1_.__value_.__left_ -> std::__1::__tree_node<$P, void *>
  link  __end_node_.__left_ -> std::__1::__tree_node<$P, void *>
  link  __begin_node_ -> std::__1::__tree_node<$P, void *> or head
  count __pair3_.__value_ ?? __size_
  tree  (__pair1_.__value_.__left_ ?? __end_node_.__left_) as std::__1::__tree_node<$P, void *>*
  left  __left_
  right __right_
  item  __value_
class std::__1::__tree_node<std::__1::__value_type<$K, $V>, $P>
  name  std::map<$K, $V> node
  link  __left_ -> std::__1::__tree_node<std::__1::__value_type<$K, $V>, $P>
  link  __right_ -> std::__1::__tree_node<std::__1::__value_type<$K, $V>, $P>
class std::__1::__tree_node<$T, $P>
  name  std::set<$T> node
  link  __left_ -> std::__1::__tree_node<$T, $P>
  link  __right_ -> std::__1::__tree_node<$T, $P>

# ---- hash tables

class std::__1::unordered_map<$K, $V, $H, $E, $A>
  name   std::unordered_map<$K, $V>
  same   __table_
  key    __cc_.first ?? __cc.first ?? first
  mapped __cc_.second ?? __cc.second ?? second
class std::__1::unordered_multimap<$K, $V, $H, $E, $A>
  name   std::unordered_multimap<$K, $V>
  same   __table_
  key    __cc_.first ?? __cc.first ?? first
  mapped __cc_.second ?? __cc.second ?? second
class std::__1::unordered_set<$K, $H, $E, $A>
  name  std::unordered_set<$K>
  same  __table_
class std::__1::unordered_multiset<$K, $H, $E, $A>
  name  std::unordered_multiset<$K>
  same  __table_

class std::__1::__hash_table<$P, $H, $E, $A>
  link  __p1_.__value_.__next_ -> std::__1::__hash_node<$P, void *>
  link  __first_node_.__next_ -> std::__1::__hash_node<$P, void *>
  count __p2_.__value_ ?? __size_
  list  (__p1_.__value_.__next_ ?? __first_node_.__next_) as std::__1::__hash_node<$P, void *>*
  next  __next_
  item  __value_
class std::__1::__hash_node<std::__1::__hash_value_type<$K, $V>, $P>
  name  std::unordered_map<$K, $V> node
  link  __next_ -> std::__1::__hash_node<std::__1::__hash_value_type<$K, $V>, $P>
class std::__1::__hash_node<$T, $P>
  name  std::unordered_set<$T> node
  link  __next_ -> std::__1::__hash_node<$T, $P>

# ---- strings

class std::__1::basic_string<char, std::__1::char_traits<char>, std::__1::allocator<char> >
  name  std::string
  let   rep = __r_.__value_ ?? __rep_
  count rep.__s.__is_long_ ? rep.__l.__size_ : rep.__s.__size_
  text  rep.__s.__is_long_ ? rep.__l.__data_ : rep.__s.__data_
class std::__1::basic_string<wchar_t, std::__1::char_traits<wchar_t>, std::__1::allocator<wchar_t> >
  name  std::wstring
  let   rep = __r_.__value_ ?? __rep_
  count rep.__s.__is_long_ ? rep.__l.__size_ : rep.__s.__size_
  text  rep.__s.__is_long_ ? rep.__l.__data_ : rep.__s.__data_
class std::__1::basic_string<char16_t, std::__1::char_traits<char16_t>, std::__1::allocator<char16_t> >
  name  std::u16string
  let   rep = __r_.__value_ ?? __rep_
  count rep.__s.__is_long_ ? rep.__l.__size_ : rep.__s.__size_
  text  rep.__s.__is_long_ ? rep.__l.__data_ : rep.__s.__data_
class std::__1::basic_string<char32_t, std::__1::char_traits<char32_t>, std::__1::allocator<char32_t> >
  name  std::u32string
  let   rep = __r_.__value_ ?? __rep_
  count rep.__s.__is_long_ ? rep.__l.__size_ : rep.__s.__size_
  text  rep.__s.__is_long_ ? rep.__l.__data_ : rep.__s.__data_
class std::__1::basic_string<$C, $T, $A>
  name  std::basic_string<$C>
  let   rep = __r_.__value_ ?? __rep_
  count rep.__s.__is_long_ ? rep.__l.__size_ : rep.__s.__size_
  text  rep.__s.__is_long_ ? rep.__l.__data_ : rep.__s.__data_
class std::__1::basic_string_view<char, $T>
  name  std::string_view
  count __size_ ?? __size
  text  __data_ ?? __data
class std::__1::basic_string_view<$C, $T>
  name  std::basic_string_view<$C>
  count __size_ ?? __size
  text  __data_ ?? __data

# ---- pointers

class std::__1::unique_ptr<$T, $D>
  name  std::unique_ptr<$T>
  let   pointer = __ptr_.__value_ ?? __ptr_
  value *pointer if pointer
class std::__1::shared_ptr<$T>
  name  std::shared_ptr<$T>
  value *__ptr_ if __ptr_
  show  owners = __cntrl_ ? __cntrl_->__shared_owners_ + 1 : 0
class std::__1::weak_ptr<$T>
  name  std::weak_ptr<$T>
  let   owners = __cntrl_ ? __cntrl_->__shared_owners_ + 1 : 0
  value *__ptr_ if owners > 0
  show  owners = owners
class std::__1::__shared_ptr_emplace<$T, $A>
  name  std::make_shared<$T> block
  cell  __storage_ -> $T
  value __storage_ as $T
  show  owners = __shared_owners_ + 1

# ---- one of several, or none

class std::__1::optional<$T>
  name  std::optional<$T>
  value __val_ if __engaged_
class std::__1::variant<$Ts...>
  name  std::variant<$Ts...>
  let   impl = __impl_ ?? __impl
  value impl.__data as $Ts[impl.__index]
  show  index = impl.__index
class std::__1::any
  name  std::any
  value __s_.__buf as $H if __h_ where __h_ names std::__1::__any_imp::_SmallHandler<$H>::__handle
  value *(__s_.__ptr as $H*) if __h_ where __h_ names std::__1::__any_imp::_LargeHandler<$H>::__handle
class std::__1::function<$S>
  name  std::function<$S>
  value *__f_.__f_ if __f_.__f_
class std::__1::atomic<$T>
  name  std::atomic<$T>
  value __a_.__a_value
)";

}  // namespace inquest::objects
