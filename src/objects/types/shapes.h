/// What blocks are by their structure alone, where nothing else says: nodes of red-black trees,
/// nodes of doubly linked lists, chained nodes of a table, tables of pointers.
///
/// A shape is claimed only where the links of two blocks or more confirm each other (a child's
/// parent is the node, the next one's previous is the node), among blocks of one size. It says how
/// a block is built, not of what type its value is. Sources: the layouts of libstdc++ (stl_tree.h:
/// colour, parent, left, right; stl_list.h: next, prev; hashtable_policy.h: next), libc++ (__tree:
/// left, right, parent, is_black; list: prev, next), MSVC (xtree: left, parent, right, colour).
#pragma once

#include "objects/types/propagate.h"

namespace inquest::objects {

void find_shapes(const TypingInput& input, TypeTable& types, const BlockIndex& index,
                 Propagation& propagation);

}  // namespace inquest::objects
