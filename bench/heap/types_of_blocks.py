"""What the generator's blocks hold, as its source says, and which answers count as right.

One table, printed by the bench. With debug information only the type itself is right. Without it no name of a node's
or of an element's type is left in the process: there, what truly says how the block is built is right too. What is not
false but says less than is known (a node's base class; a node's shape where its type is described) counts neither as
right nor as wrong. Any other name is wrong. A block of raw bytes that nothing typed holds has a type that nobody could
tell: `unknown` is all that can be said of it, and still it counts as unknown, not as right.
"""
import struct
from dataclasses import dataclass, field

OWN = "(anonymous namespace)::"
TEXT = "std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >"
INTS = "std::vector<int, std::allocator<int> >"
LOCK = "(__gnu_cxx::_Lock_policy)2"


@dataclass
class Expected:
    what: str
    named: list  # right, always
    shapes: list = field(default_factory=list)  # right without debug information, less than is known with it
    bases: list = field(default_factory=list)  # less than is known


def pair(value):
    return f"std::pair<long unsigned int const, {value} >"


def owners(element):
    return Expected(f"{element}[] of a vector", [f"std::{element}"], ["element buffer", "table of pointers"])


def pointers(element):
    return Expected(f"{element}[] of a vector", [element], ["element buffer", "table of pointers"])


HASH_NODE = f"std::__detail::_Hash_node<{pair(INTS)}, false>"
TYPES = {  # by the numbers of ledger.h
    1: Expected("World[] behind its count", [OWN + "World"]),
    2: Expected("node of map<uint64_t, string>", [f"std::_Rb_tree_node<{pair(TEXT)} >"], ["tree node"],
                ["std::_Rb_tree_node_base"]),
    3: Expected("characters of a string", ["char", "text"]),
    4: Expected("node of unordered_map<uint64_t, vector<int>>", [HASH_NODE], ["chain node"],
                ["std::__detail::_Hash_node_base"]),
    5: Expected("buckets of the same", ["std::__detail::_Hash_node_base*", HASH_NODE + "*"], ["table of pointers"]),
    6: Expected("int[] of a vector", ["int"], ["element buffer"]),
    7: Expected("node of list<string>", [f"std::_List_node<{TEXT} >"], ["list node"],
                ["std::__detail::_List_node_base"]),
    8: Expected("Square", [OWN + "Square"]),
    9: Expected("Picture", [OWN + "Picture"]),
    10: Expected("Poster", [OWN + "Poster"]),
    11: Expected("Square of make_shared",
                 [f"std::_Sp_counted_ptr_inplace<{OWN}Square, std::allocator<void>, {LOCK}>"]),
    12: Expected("Item[] behind its count", [OWN + "Item"]),
    13: Expected("Node", [OWN + "Node"]),
    14: Expected("raw bytes", ["char"]),
    15: owners(f"unique_ptr<{OWN}Shape, std::default_delete<{OWN}Shape> >"),
    16: owners(f"shared_ptr<{OWN}Square>"),
    17: owners("unique_ptr<char [], std::default_delete<char []> >"),
    18: Expected("uint64_t[] of a vector", ["long unsigned int"], ["element buffer"]),
    19: pointers(OWN + "Item*"),
    20: pointers(OWN + "Named*"),
    21: pointers("char*"),
}
RIGHT, LESS, WRONG, UNKNOWN = range(4)


def judge(kind, name, has_debug):
    """Of one block: which of the four an answer is."""
    if not name:
        return UNKNOWN
    expected = TYPES[kind]
    if name in expected.named or (name in expected.shapes and not has_debug):
        return RIGHT
    return LESS if name in expected.shapes or name in expected.bases else WRONG


def live_types(path):
    """(address, number of the type) of live blocks, ascending; 0: of a library."""
    records = path.read_bytes()
    for address, _, _, is_live, kind, _ in struct.iter_unpack("<QIBBBB", memoryview(records)[16:]):
        if is_live:
            yield address, kind


def print_table():
    print("what counts as right:")
    for expected in TYPES.values():
        more = f"; without debug information also: {', '.join(expected.shapes)}" if expected.shapes else ""
        print(f"  {expected.what}: {' or '.join(expected.named)}{more}")
