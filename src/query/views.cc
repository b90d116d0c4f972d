#include "query/database.h"

namespace inquest::query {

const std::vector<View>& views() {
  static const std::vector<View> all = {
      {"leaks", "lost blocks by what holds them together, most bytes first",
       "SELECT head, count(*) AS blocks, sum(size) AS bytes, min(reach) AS reach "
       "FROM blocks WHERE head IS NOT NULL GROUP BY head ORDER BY bytes DESC"},
      {"leaked_sizes", "lost blocks by size, most bytes first",
       "SELECT size, count(*) AS blocks, sum(size) AS bytes "
       "FROM blocks WHERE reach = 'lost' GROUP BY size ORDER BY bytes DESC"},
      {"block_sizes", "blocks in use by size, most bytes first",
       "SELECT size, count(*) AS blocks, sum(size) AS bytes "
       "FROM blocks WHERE state = 'used' GROUP BY size ORDER BY bytes DESC"},
      {"heap_states", "what the heaps hold by allocator and state",
       "SELECT allocator, state, count(*) AS blocks, sum(size) AS bytes "
       "FROM blocks GROUP BY allocator, state ORDER BY bytes DESC"},
      {"memory_use", "the address space by use, most bytes first",
       "SELECT use, count(*) AS areas, sum(size) AS bytes, sum(recorded) AS recorded "
       "FROM areas GROUP BY use ORDER BY bytes DESC"},
      {"reference_sizes", "which sizes of blocks point to which",
       "SELECT h.size AS holder_size, t.size AS target_size, count(*) AS pointers "
       "FROM refs r JOIN blocks h ON h.address = r.holder JOIN blocks t ON t.address = r.target "
       "GROUP BY h.size, t.size ORDER BY pointers DESC"},
      {"crashed_stack", "the calls of the thread that died",
       "SELECT f.* FROM threads t JOIN frames f ON f.thread = t.id WHERE t.crashed "
       "ORDER BY f.depth"},
      {"top_functions", "functions by how many threads are in them",
       "SELECT function, count(DISTINCT thread) AS threads, count(*) AS calls, min(depth) AS "
       "least_depth FROM frames WHERE function IS NOT NULL GROUP BY function "
       "ORDER BY threads DESC, calls DESC"},
      {"stack_groups", "threads whose stacks call the same functions",
       "SELECT count(*) AS threads, group_concat(thread, ' ') AS ids, stack FROM "
       "(SELECT thread, group_concat(coalesce(function, printf('0x%x', pc)), ' < ') AS stack FROM "
       "(SELECT thread, function, pc FROM frames ORDER BY thread, depth) GROUP BY thread) "
       "GROUP BY stack ORDER BY threads DESC"},
  };
  return all;
}

}  // namespace inquest::query
