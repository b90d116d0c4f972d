// Containers laid out as those of Microsoft's library (release, Visual Studio 2015 to 2022), with
// the names of its members: what natvis files, debuggers and our descriptions go by. They only
// grow, and note what they allocate.
#pragma once

#include "truth.h"

extern "C" void* memcpy(void* to, const void* from, Size n);

namespace std {

template <class T>
struct allocator {};
template <class T>
struct less {};
template <class T>
struct hash {};
template <class T>
struct equal_to {};
template <class T>
struct char_traits {};
template <class T>
struct default_delete {};
template <class A, class B>
struct pair {
  A first;
  B second;
};

struct _Container_base0 {};

template <class Empty, class Value, bool = true>
struct _Compressed_pair : Empty {
  Value _Myval2;
};

// ---- vector

template <class T>
struct _Vector_val : _Container_base0 {
  T* _Myfirst;
  T* _Mylast;
  T* _Myend;
};
template <class T, class A = allocator<T>>
struct vector {
  _Compressed_pair<A, _Vector_val<T>> _Mypair;

  void fill(const T* from, Size n, Size capacity, const char* type) {
    auto& val = _Mypair._Myval2;
    val._Myfirst = static_cast<T*>(operator new(capacity * sizeof(T)));
    truth::note(val._Myfirst, "plain", capacity, type);
    for (Size i = 0; i < n; ++i) val._Myfirst[i] = from[i];
    val._Mylast = val._Myfirst + n;
    val._Myend = val._Myfirst + capacity;
  }
};

// ---- list

template <class T, class P>
struct _List_node {
  _List_node* _Next;
  _List_node* _Prev;
  T _Myval;
};
template <class T>
struct _List_val : _Container_base0 {
  _List_node<T, void*>* _Myhead;
  Size _Mysize;
};
template <class T, class A = allocator<T>>
struct list {
  using node = _List_node<T, void*>;
  _Compressed_pair<A, _List_val<T>> _Mypair;

  node* make(const char* type) {
    auto* made = static_cast<node*>(operator new(sizeof(node)));
    truth::note(made, "list", 1, type);
    return made;
  }
  node* push_back(const T& value, const char* type) {
    auto& val = _Mypair._Myval2;
    if (!val._Myhead) {
      val._Myhead = make(type);
      val._Myhead->_Next = val._Myhead->_Prev = val._Myhead;
    }
    node* made = make(type);
    made->_Next = val._Myhead;
    made->_Prev = val._Myhead->_Prev;
    ::new (&made->_Myval) T(value);
    made->_Prev->_Next = val._Myhead->_Prev = made;
    ++val._Mysize;
    return made;
  }
};

// ---- map: unbalanced here, which nobody who reads it minds

template <class T, class P>
struct _Tree_node {
  _Tree_node* _Left;
  _Tree_node* _Parent;
  _Tree_node* _Right;
  char _Color;
  char _Isnil;
  T _Myval;
};
template <class T>
struct _Tree_val : _Container_base0 {
  _Tree_node<T, void*>* _Myhead;
  Size _Mysize;
};
template <class K, class V, class C = less<K>, class A = allocator<pair<const K, V>>>
struct map {
  using value_type = pair<const K, V>;
  using node = _Tree_node<value_type, void*>;
  _Compressed_pair<C, _Compressed_pair<A, _Tree_val<value_type>>> _Mypair;

  static node* make(const char* type) {
    auto* made = static_cast<node*>(operator new(sizeof(node)));
    truth::note(made, "tree", 1, type);
    return made;
  }
  void insert(const K& key, const V& value, const char* type) {
    auto& val = _Mypair._Myval2._Myval2;
    if (!val._Myhead) {
      node* head = val._Myhead = make(type);
      head->_Left = head->_Parent = head->_Right = head;
      head->_Color = head->_Isnil = 1;
    }
    node* head = val._Myhead;
    node* made = make(type);
    made->_Left = made->_Right = made->_Parent = head;
    made->_Color = made->_Isnil = 0;
    ::new (&made->_Myval) value_type{key, value};
    node** at = &head->_Parent;
    for (node* above = head; !(*at)->_Isnil;) {
      above = *at;
      at = key < above->_Myval.first ? &above->_Left : &above->_Right;
      made->_Parent = above;
    }
    *at = made;
    if (head->_Left->_Isnil || key < head->_Left->_Myval.first) head->_Left = made;
    if (head->_Right->_Isnil || head->_Right->_Myval.first < key) head->_Right = made;
    ++val._Mysize;
  }
};

// ---- unordered_map: a list of all, and for each bucket where in it its first and last are

template <class Node>
struct _List_unchecked_iterator {
  Node* _Ptr;
};
template <class K, class V, class A = allocator<pair<const K, V>>>
struct unordered_map {
  using value_type = pair<const K, V>;
  using iterator = _List_unchecked_iterator<_List_node<value_type, void*>>;
  float _Max_bucket_size;
  list<value_type> _List;
  vector<iterator> _Vec;
  Size _Mask;
  Size _Maxidx;
};

// ---- deque: blocks of 16 bytes, or of one element

template <class T>
struct _Deque_val : _Container_base0 {
  T** _Map;
  Size _Mapsize;
  Size _Myoff;
  Size _Mysize;
};
template <class T, class A = allocator<T>>
struct deque {
  _Compressed_pair<A, _Deque_val<T>> _Mypair;
};

// ---- basic_string

template <class C>
struct _String_val : _Container_base0 {
  union _Bxty {
    C _Buf[16 / sizeof(C)];
    C* _Ptr;
  } _Bx;
  Size _Mysize;
  Size _Myres;
};
template <class C, class T = char_traits<C>, class A = allocator<C>>
struct basic_string {
  _Compressed_pair<A, _String_val<C>> _Mypair;

  void assign(const C* from, Size n) {
    auto& val = _Mypair._Myval2;
    val._Mysize = n;
    val._Myres = 16 / sizeof(C) - 1;
    C* to = val._Bx._Buf;
    if (n > val._Myres) {
      val._Myres = n | 15;
      to = val._Bx._Ptr = static_cast<C*>(operator new((val._Myres + 1) * sizeof(C)));
      for (Size i = n; i <= val._Myres; ++i) to[i] = 0;
      truth::note(to, "text", 1, sizeof(C) == 1 ? "text" : "UTF-16 text");
    }
    memcpy(to, from, n * sizeof(C));
    to[n] = 0;
  }
};

// ---- pointers

template <class T, class D = default_delete<T>>
struct unique_ptr {
  _Compressed_pair<D, T*> _Mypair;
};
struct _Ref_count_base {
  virtual void _Destroy() noexcept = 0;
  virtual void _Delete_this() noexcept = 0;
  virtual ~_Ref_count_base() = default;
  int _Uses = 1;
  int _Weaks = 1;
};
template <class T>
struct _Ref_count : _Ref_count_base {
  explicit _Ref_count(T* held) : _Ptr(held) {}
  void _Destroy() noexcept override { delete _Ptr; }
  void _Delete_this() noexcept override { delete this; }
  T* _Ptr;
};
template <class T>
struct _Ref_count_obj2 : _Ref_count_base {
  void _Destroy() noexcept override {}
  void _Delete_this() noexcept override { delete this; }
  union {
    struct {
      T _Value;
    } _Storage;
  };
  _Ref_count_obj2() : _Storage{} {}
};
template <class T>
struct shared_ptr {
  T* _Ptr;
  _Ref_count_base* _Rep;
};

}  // namespace std
