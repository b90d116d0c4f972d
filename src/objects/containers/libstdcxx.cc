/// libstdc++ (gcc 5 to 15, both string ABIs), described.
/// Source: the headers of libstdc++ 12 (bits/stl_vector.h and others).
#include "objects/containers/descriptions.h"

namespace inquest::objects {

const std::string_view kLibstdcxxText = R"(inquest-types 1

# ---- sequences

class std::vector<bool, $A>
  name  std::vector<bool>
  let   first = _M_impl._M_start
  let   last = _M_impl._M_finish
  count (last._M_p - first._M_p) * 8 * sizeof(*first._M_p) + last._M_offset - first._M_offset
  bits  first._M_p

class std::vector<$T, $A>
  name  std::vector<$T>
  count _M_impl._M_finish - _M_impl._M_start
  array _M_impl._M_start
  show  capacity = _M_impl._M_end_of_storage - _M_impl._M_start

class std::array<$T, $N>
  name  std::array<$T, $N>
  count $N
  array _M_elems

class std::deque<$T, $A>
  name  std::deque<$T>
  let   start = _M_impl._M_start
  let   finish = _M_impl._M_finish
  let   per = start._M_last - start._M_first
  let   skip = start._M_cur - start._M_first
  count (finish._M_node - start._M_node) * per + (finish._M_cur - finish._M_first) - skip
  each  start._M_node[($i + skip) / per][($i + skip) % per]

class std::__cxx11::list<$T, $A>
class std::list<$T, $A>
  name  std::list<$T>
  link  _M_impl._M_node._M_next -> std::_List_node<$T> or head
  link  _M_impl._M_node._M_prev -> std::_List_node<$T> or head
  count _M_impl._M_node._M_size ?? _M_impl._M_node._M_data
  list  _M_impl._M_node._M_next as std::_List_node<$T>*
  next  _M_next
  item  _M_storage as $T ?? _M_data
  end   &_M_impl._M_node

class std::__cxx11::_List_base<$T, $A>
class std::_List_base<$T, $A>
  link  _M_impl._M_node._M_next -> std::_List_node<$T> or head
  link  _M_impl._M_node._M_prev -> std::_List_node<$T> or head

class std::_List_node<$T>
  name  std::list<$T> node
  link  _M_next -> std::_List_node<$T> or head
  link  _M_prev -> std::_List_node<$T> or head

class std::forward_list<$T, $A>
  name  std::forward_list<$T>
  link  _M_impl._M_head._M_next -> std::_Fwd_list_node<$T>
  list  _M_impl._M_head._M_next as std::_Fwd_list_node<$T>*
  next  _M_next
  item  _M_storage as $T

class std::_Fwd_list_base<$T, $A>
  link  _M_impl._M_head._M_next -> std::_Fwd_list_node<$T>

class std::_Fwd_list_node<$T>
  name  std::forward_list<$T> node
  link  _M_next -> std::_Fwd_list_node<$T>

# The raw storage in nodes and control blocks.
class __gnu_cxx::__aligned_membuf<$T>
class __gnu_cxx::__aligned_buffer<$T>
  cell  _M_storage -> $T
  value _M_storage as $T

class std::queue<$T, $S>
  name  std::queue<$T>
  same  c
class std::stack<$T, $S>
  name  std::stack<$T>
  same  c
class std::priority_queue<$T, $S, $C>
  name  std::priority_queue<$T>
  same  c

# ---- trees

class std::map<$K, $V, $C, $A>
  name   std::map<$K, $V>
  same   _M_t
  key    first
  mapped second
class std::multimap<$K, $V, $C, $A>
  name   std::multimap<$K, $V>
  same   _M_t
  key    first
  mapped second
class std::set<$K, $C, $A>
  name  std::set<$K>
  same  _M_t
class std::multiset<$K, $C, $A>
  name  std::multiset<$K>
  same  _M_t

class std::_Rb_tree<$K, $P, $S, $C, $A>
  link  _M_impl._M_header._M_parent -> std::_Rb_tree_node<$P>
  link  _M_impl._M_header._M_left -> std::_Rb_tree_node<$P> or head
  link  _M_impl._M_header._M_right -> std::_Rb_tree_node<$P> or head
  count _M_impl._M_node_count
  tree  _M_impl._M_header._M_parent as std::_Rb_tree_node<$P>*
  left  _M_left
  right _M_right
  item  _M_storage as $P ?? _M_value_field
class std::_Rb_tree_node<std::pair<const $K, $V> >
  name  std::map<$K, $V> node
  link  _M_left -> std::_Rb_tree_node<std::pair<const $K, $V> >
  link  _M_right -> std::_Rb_tree_node<std::pair<const $K, $V> >
class std::_Rb_tree_node<$P>
  name  std::set<$P> node
  link  _M_left -> std::_Rb_tree_node<$P>
  link  _M_right -> std::_Rb_tree_node<$P>

# ---- hash tables

class std::unordered_map<$K, $V, $H, $E, $A>
  name   std::unordered_map<$K, $V>
  same   _M_h
  key    first
  mapped second
class std::unordered_multimap<$K, $V, $H, $E, $A>
  name   std::unordered_multimap<$K, $V>
  same   _M_h
  key    first
  mapped second
class std::unordered_set<$K, $H, $E, $A>
  name  std::unordered_set<$K>
  same  _M_h
class std::unordered_multiset<$K, $H, $E, $A>
  name  std::unordered_multiset<$K>
  same  _M_h

class std::_Hashtable<$K, $P, $A, $X, $E, $H, $R, $D, $L, std::__detail::_Hashtable_traits<$C, $I, $U> >
  link  _M_before_begin._M_nxt -> std::__detail::_Hash_node<$P, $C>
  link  _M_buckets -> std::__detail::_Hash_node<$P, $C>*
  count _M_element_count
  list  _M_before_begin._M_nxt as std::__detail::_Hash_node<$P, $C>*
  next  _M_nxt
  item  _M_storage as $P
  show  buckets = _M_bucket_count
class std::__detail::_Hash_node<std::pair<const $K, $V>, $C>
  name  std::unordered_map<$K, $V> node
  link  _M_nxt -> std::__detail::_Hash_node<std::pair<const $K, $V>, $C>
class std::__detail::_Hash_node<$P, $C>
  name  std::unordered_set<$P> node
  link  _M_nxt -> std::__detail::_Hash_node<$P, $C>

# ---- strings

class std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >
  name  std::string
  count _M_string_length
  text  _M_dataplus._M_p
class std::__cxx11::basic_string<wchar_t, std::char_traits<wchar_t>, std::allocator<wchar_t> >
  name  std::wstring
  count _M_string_length
  text  _M_dataplus._M_p
class std::__cxx11::basic_string<char16_t, std::char_traits<char16_t>, std::allocator<char16_t> >
  name  std::u16string
  count _M_string_length
  text  _M_dataplus._M_p
class std::__cxx11::basic_string<char32_t, std::char_traits<char32_t>, std::allocator<char32_t> >
  name  std::u32string
  count _M_string_length
  text  _M_dataplus._M_p
class std::__cxx11::basic_string<$C, $T, $A>
  name  std::basic_string<$C>
  count _M_string_length
  text  _M_dataplus._M_p
# The old one shares its characters, which stand behind a count of references.
class std::basic_string<char, std::char_traits<char>, std::allocator<char> >
  name  std::string
  link  _M_dataplus._M_p -> std::basic_string<char, std::char_traits<char>, std::allocator<char> >::_Rep + 24
  let   rep = _M_dataplus._M_p as std::basic_string<char, std::char_traits<char>, std::allocator<char> >::_Rep*
  count rep[-1]._M_length
  text  _M_dataplus._M_p
# Names only: what they hold is below, here or in the text of another library.
class std::basic_string<wchar_t, std::char_traits<wchar_t>, std::allocator<wchar_t> >
  name  std::wstring
class std::basic_string<char16_t, std::char_traits<char16_t>, std::allocator<char16_t> >
  name  std::u16string
class std::basic_string<char32_t, std::char_traits<char32_t>, std::allocator<char32_t> >
  name  std::u32string
class std::basic_string<$C, $T, $A>
  name  std::basic_string<$C>
  let   rep = _M_dataplus._M_p as std::basic_string<$C, $T, $A>::_Rep*
  count rep[-1]._M_length
  text  _M_dataplus._M_p
class std::basic_string_view<char, $T>
  name  std::string_view
  count _M_len
  text  _M_str
class std::basic_string_view<$C, $T>
  name  std::basic_string_view<$C>
  count _M_len
  text  _M_str

# ---- pointers

class std::unique_ptr<$T, $D>
  name  std::unique_ptr<$T>
  let   pointer = _M_t._M_t._M_head_impl ?? _M_t._M_head_impl
  value *pointer if pointer
class std::shared_ptr<$T>
  value *_M_ptr if _M_ptr
  show  owners = _M_refcount._M_pi ? _M_refcount._M_pi->_M_use_count : 0
class std::__shared_ptr<$T, $L>
  name  std::shared_ptr<$T>
  value *_M_ptr if _M_ptr
  show  owners = _M_refcount._M_pi ? _M_refcount._M_pi->_M_use_count : 0
class std::weak_ptr<$T>
  let   owners = _M_refcount._M_pi ? _M_refcount._M_pi->_M_use_count : 0
  value *_M_ptr if owners > 0
  show  owners = owners
class std::__weak_ptr<$T, $L>
  name  std::weak_ptr<$T>
  let   owners = _M_refcount._M_pi ? _M_refcount._M_pi->_M_use_count : 0
  value *_M_ptr if owners > 0
  show  owners = owners
class std::_Sp_counted_ptr_inplace<$T, $A, $L>
  name  std::make_shared<$T> block
  value _M_impl._M_storage as $T
  show  owners = _M_use_count
class std::_Sp_counted_ptr<$P, $L>
  name  std::shared_ptr<$P> count
class std::_Sp_counted_deleter<$P, $D, $A, $L>
  name  std::shared_ptr<$P> count

# ---- one of several, or none

class std::optional<$T>
  value _M_payload._M_payload._M_value ?? _M_payload._M_payload if _M_payload._M_engaged
class std::variant<$Ts...>
  value _M_u as $Ts[_M_index] if _M_index < 255
  show  index = _M_index
class std::any
  value _M_storage._M_buffer as $H if _M_manager where _M_manager names std::any::_Manager_internal<$H>::_S_manage
  value *(_M_storage._M_ptr as $H*) if _M_manager where _M_manager names std::any::_Manager_external<$H>::_S_manage
class std::function<$S>
  value _M_functor as $F if _M_manager && sizeof($F) <= sizeof(_M_functor) where _M_invoker names std::_Function_handler<$S, $F>::_M_invoke
  value *(_M_functor._M_unused._M_object as $F*) if _M_manager where _M_invoker names std::_Function_handler<$S, $F>::_M_invoke
  show  calls = _M_manager ? _M_invoker : _M_manager
class std::atomic<$T>
  value _M_base._M_i ?? _M_i ?? _M_b._M_p
)";

}  // namespace inquest::objects
