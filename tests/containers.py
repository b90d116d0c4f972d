"""For tests: programs full of containers, as libstdc++, libc++ and Microsoft's library lay them out, and their values as
`inspect` gives them."""
import os
import pathlib
import shutil

import patient
from patient import build, die, inquest

CONTAINERS = r"""
#include <any>
#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <forward_list>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <set>
#include <stack>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>
namespace game {
enum class Rank : unsigned char { recruit, officer = 3, leader };
enum Rights { may_read = 1, may_write = 2, may_kick = 4 };
struct User { int id; std::string name; Rank rank = Rank::officer; };
struct Node { virtual ~Node() {} int base_value = 7; };
struct Other { virtual ~Other() {} int other = 8; };
struct Guild : Node, Other { std::string name; std::vector<User*> members; int points : 5; unsigned flag : 1; };
struct Plain {
  bool yes = true; char letter = 'A'; unsigned char byte = 200; short small = -5; unsigned big = 4000000000u;
  long long huge = -1; float ratio = 0.5f; double half = 2.25; Rights rights = Rights(may_read | may_kick);
  Rank rank = Rank::leader; Rank odd = Rank(9); const char* text = "plain text"; int* nothing = nullptr;
  int table[3] = {1, 2, 3}; char room[16] = "fixed"; User* user = nullptr; void (*code)() = nullptr;
};
}
using game::User;
struct All {
  std::vector<int> ints{1, 2, 3}, no_ints;
  std::vector<bool> bits{true, false, true};
  std::vector<User> users{{1, "one"}, {2, "a name that is longer than any small string"}};
  std::deque<int> deque, no_deque;
  std::list<int> list{4, 5, 6}, no_list;
  std::forward_list<int> forward{7, 8};
  std::map<int, User> map, no_map;
  std::multimap<std::string, int> multimap{{"a", 1}, {"a", 2}};
  std::set<std::string> set{"x", "y"};
  std::unordered_map<std::string, User> hash, no_hash;
  std::unordered_set<int> hash_set{42};
  std::string small = "small", large = std::string(300, 'L'), none;
  std::u16string utf16 = u"\uac00 16"; std::u32string utf32 = U"32"; std::wstring wide = L"wide \u20ac";
  std::string korean = "\xc7\xd1\xb1\xdb", utf8 = "\xed\x95\x9c\xea\xb8\x80", bytes = "\xff\xfe\n\"";
  std::string_view view = "viewed";
  std::shared_ptr<User> shared = std::make_shared<User>(User{3, "shared"}), no_shared;
  std::weak_ptr<User> weak = shared, expired;
  std::unique_ptr<User> unique{new User{4, "unique"}}, no_unique;
  std::optional<int> some = 5, nothing;
  std::optional<User> some_user = User{5, "optional"};
  std::variant<int, std::string, User> variant = std::string("alternative");
  std::any any = std::string("anything"), small_any = 17, no_any;
  std::function<int(int)> function, no_function;
  std::array<int, 3> array{10, 11, 12};
  std::queue<int> queue; std::stack<int> stack; std::priority_queue<int> priority;
  std::map<int, std::vector<std::string>> nested;
  std::atomic<int> atomic{77};
  std::list<User*> pointers;
  All() {
    for (int i = 0; i < 1000; ++i) deque.push_back(i);
    for (int i = 0; i < 5; ++i) deque.pop_front();
    for (int i = 0; i < 100; ++i) map[i] = {i, "user " + std::to_string(i)};
    for (int i = 0; i < 50; ++i) hash["key " + std::to_string(i)] = {i, "user"};
    expired = std::make_shared<User>();
    function = [](int x) { return x + 1; };
    for (int i = 0; i < 3; ++i) queue.push(i), stack.push(i), priority.push(i);
    nested[1] = {"a", "b"}; nested[2] = {};
    pointers.push_back(unique.get());
  }
};
All g_all;
game::Plain g_plain;
game::Guild* g_guild;
void* g_freed;
std::map<int, int> g_broken_map; std::list<int> g_circle; std::vector<int> g_broken_vector;
static void code() {}
int main(int argc, char**) {
  g_guild = new game::Guild; g_guild->name = "Bears"; g_guild->points = -3; g_guild->flag = 1;
  g_guild->members = {g_all.unique.get()};
  g_plain.user = g_all.unique.get(); g_plain.code = code;
  g_freed = std::malloc(500); auto* behind = std::malloc(40); std::free(g_freed);
  for (int i = 0; i < 20; ++i) g_broken_map[i] = i, g_circle.push_back(i);
  g_broken_vector = {1, 2, 3};
  All on_stack; on_stack.ints.push_back(99);
  User* local = g_all.unique.get();
  void* words[3];
  std::memcpy(words, &g_broken_vector, sizeof words);
  words[1] = static_cast<char*>(words[0]) - 8;
  std::memcpy(static_cast<void*>(&g_broken_vector), words, sizeof words);
#ifdef __GLIBCXX__
  std::_Rb_tree_node_base* node = g_broken_map.find(10)._M_node;
  node->_M_left = reinterpret_cast<std::_Rb_tree_node_base*>(0x10);
  auto tail = std::prev(g_circle.end());
  tail._M_node->_M_next = std::next(g_circle.begin(), 3)._M_node;
#endif
  std::printf("guild %p\nother %p\nuser %p\nfreed %p\nbehind %p\nlocal %p\nstack %p\ncode %p\nhash", (void*)g_guild,
              (void*)static_cast<game::Other*>(g_guild), (void*)local, g_freed, behind, (void*)&local,
              (void*)&on_stack, (void*)code);
  for (auto& [key, user] : g_all.hash) std::printf(" %d", user.id);
  std::puts("");
  std::fflush(stdout);
  std::abort();
  return argc + on_stack.ints[0];
}
"""

# The same names and members as in Microsoft's library, built by any compiler.
MSVC = r"""
extern "C" { void* malloc(unsigned long); void abort(); void* memcpy(void*, const void*, unsigned long); }
inline void* operator new(unsigned long, void* at) { return at; }
namespace std {
template <class T> struct allocator {}; template <class C> struct char_traits {}; template <class T> struct less {};
template <class T> struct default_delete {}; template <class T> struct hash {}; template <class T> struct equal_to {};
template <class A, class B> struct pair { A first; B second; };
struct _Container_proxy { void* _Mycont; void* _Myfirstiter; };
#ifdef DEBUG_ITERATORS
struct _Container_base { _Container_proxy* _Myproxy = nullptr; };
#else
struct _Container_base {};
#endif
template <class A, class V> struct _Compressed_pair : A { V _Myval2; };
template <class T> struct _Vector_val : _Container_base { T *_Myfirst = nullptr, *_Mylast = nullptr, *_Myend = nullptr; };
template <class T, class A = allocator<T>> struct vector { _Compressed_pair<A, _Vector_val<T>> _Mypair; };
template <class C> struct _String_val : _Container_base {
  union _Bxty { C _Buf[16 / sizeof(C)]; C* _Ptr; } _Bx; unsigned long _Mysize = 0, _Myres = 16 / sizeof(C) - 1; };
template <class C, class T = char_traits<C>, class A = allocator<C>> struct basic_string {
  _Compressed_pair<A, _String_val<C>> _Mypair;
  basic_string(const C* text) {
    unsigned long n = 0; while (text[n]) ++n;
    auto& val = _Mypair._Myval2; C* to = val._Bx._Buf; val._Mysize = n;
    if (n > val._Myres) to = val._Bx._Ptr = (C*)malloc((n + 1) * sizeof(C)), val._Myres = n;
    memcpy(to, text, (n + 1) * sizeof(C));
  }
};
template <class T, class P> struct _Tree_node { _Tree_node *_Left, *_Parent, *_Right; char _Color, _Isnil; T _Myval; };
template <class T> struct _Tree_val : _Container_base { _Tree_node<T, void*>* _Myhead; unsigned long _Mysize; };
template <class K, class V, class C = less<K>, class A = allocator<pair<const K, V>>> struct map {
  _Compressed_pair<C, _Compressed_pair<A, _Tree_val<pair<const K, V>>>> _Mypair; };
template <class T, class P> struct _List_node { _List_node *_Next, *_Prev; T _Myval; };
template <class T> struct _List_val : _Container_base { _List_node<T, void*>* _Myhead; unsigned long _Mysize; };
template <class T, class A = allocator<T>> struct list { _Compressed_pair<A, _List_val<T>> _Mypair; };
template <class T> struct _Deque_val : _Container_base { T** _Map; unsigned long _Mapsize, _Myoff, _Mysize; };
template <class T, class A = allocator<T>> struct deque { _Compressed_pair<A, _Deque_val<T>> _Mypair; };
template <class K, class H = hash<K>, class E = equal_to<K>, class A = allocator<K>> struct unordered_set { list<K> _List; };
template <class T, class D = default_delete<T>> struct unique_ptr { _Compressed_pair<D, T*> _Mypair; };
struct _Ref_count_base { virtual void _Destroy(); int _Uses, _Weaks; }; void _Ref_count_base::_Destroy() {}
template <class T> struct shared_ptr { T* _Ptr; _Ref_count_base* _Rep; };
template <class T> struct optional { union { char _Dummy; T _Value; }; bool _Has_value; };
}
template <class T> using Node = std::_Tree_node<std::pair<const int, T>, void*>;
std::vector<int> g_vector; std::basic_string<char> g_small("small"), g_large("a text of more than fifteen");
std::basic_string<wchar_t> g_wide(L"wide");
std::map<int, std::basic_string<char>> g_map; std::list<int> g_list; std::deque<int> g_deque;
std::unordered_set<int> g_hash; std::unique_ptr<int> g_unique; std::shared_ptr<int> g_shared; std::optional<int> g_optional;
void fill(std::list<int>& list, int n) {
  using L = std::_List_node<int, void*>;
  L* head = (L*)malloc(sizeof(L)); head->_Next = head->_Prev = head;
  for (int i = 0; i < n; ++i) { L* at = (L*)malloc(sizeof(L)); at->_Myval = i; at->_Prev = head->_Prev; at->_Next = head; head->_Prev->_Next = at; head->_Prev = at; }
  list._Mypair._Myval2._Myhead = head; list._Mypair._Myval2._Mysize = n;
}
int main() {
  int* ints = (int*)malloc(40); for (int i = 0; i < 10; ++i) ints[i] = i * i;
  auto& val = g_vector._Mypair._Myval2; val._Myfirst = ints; val._Mylast = ints + 4; val._Myend = ints + 10;
  using N = Node<std::basic_string<char>>;
  auto make = [](N* head, int key) { N* at = (N*)malloc(sizeof(N)); at->_Left = at->_Right = head; at->_Parent = head; at->_Isnil = 0;
    new ((void*)&at->_Myval) std::pair<const int, std::basic_string<char>>{key, "value"}; return at; };
  N* head = (N*)malloc(sizeof(N)); head->_Isnil = 1; N* root = make(head, 2); root->_Left = make(head, 1); root->_Right = make(head, 3);
  head->_Parent = root; head->_Left = root->_Left; head->_Right = root->_Right;
  g_map._Mypair._Myval2._Myval2._Myhead = head; g_map._Mypair._Myval2._Myval2._Mysize = 3;
  fill(g_list, 3); fill(g_hash._List, 2);
  auto& deque = g_deque._Mypair._Myval2; deque._Mapsize = 8; deque._Map = (int**)malloc(64); deque._Myoff = 30; deque._Mysize = 5;
  for (int i = 0; i < 8; ++i) deque._Map[i] = (int*)malloc(16);
  for (int i = 0; i < 5; ++i) deque._Map[(30 + i) / 4 % 8][(30 + i) % 4] = 100 + i;
  g_unique._Mypair._Myval2 = ints + 2; g_shared._Ptr = ints + 3;
  g_shared._Rep = (std::_Ref_count_base*)malloc(32); *(void**)g_shared._Rep = nullptr; g_shared._Rep->_Uses = 2; g_shared._Rep->_Weaks = 1;
  g_optional._Value = 6; g_optional._Has_value = true;
  abort();
}
"""


def inspect(*arguments):
    return inquest("inspect", *arguments)


class Core:
    """A program compiled and died; its output as a dictionary."""

    def __init__(self, folder, name, source, *command, environment=None):
        self.program = os.path.join(folder, name)
        build(self.program, source, *command, "-g", "-O0", "-w")
        self.core = self.program + ".core"
        said = die(self.core, self.program, environment=environment)
        self.said = dict(line.split(" ", 1) for line in said.splitlines() if " " in line)

    def ask(self, *arguments):
        return patient.answer("inspect", self.core, *arguments)


def by_name(field):
    """Fields by name, those of bases with them."""
    out = {}
    for inner in field.get("fields", []):
        out[inner["name"]] = inner
        if inner.get("base"):
            out.update(by_name(inner))
    return out


def values(field):
    return [inner.get("value") for inner in field.get("fields", [])]


def libcxx_flags():
    """How to build with libc++: it is installed, or INQUEST_LIBCXX names where its packages were unpacked."""
    root = os.environ.get("INQUEST_LIBCXX", "")
    top = pathlib.Path(root + "/usr/lib/llvm-19")
    if not shutil.which("clang++-19") or not (top / "include/c++/v1/vector").exists():
        return None
    library = str(top / "lib")
    return (["clang++-19", "-std=c++17", "-fstandalone-debug", "-nostdinc++", "-isystem", str(top / "include/c++/v1"), "-nostdlib++",
             "-L" + library, "-Wl,-rpath," + library, "-l:libc++.so.1", "-l:libc++abi.so.1"], library)
