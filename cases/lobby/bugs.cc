#include "bugs.h"

namespace lobby {

static constexpr BugInfo kBugs[] = {
    {Bug::none, "none", "healthy"},
    {Bug::null_guild, "null-guild", "a player without a guild chats in the guild channel"},
    {Bug::forgotten_map, "forgotten-map", "logout leaves the deleted user in one of four maps"},
    {Bug::double_free, "double-free", "a cancelled trade deletes its offer for both sides"},
    {Bug::deadlock, "deadlock", "JOIN locks session and room, SAY locks room and session"},
    {Bug::uncaught, "uncaught", "a bad packet makes the parser throw on a worker thread"},
    {Bug::stack_overflow, "stack-overflow", "the search for a way follows a cycle of rooms"},
    {Bug::assertion, "assert", "a room lets in more members than it has seats"},
    {Bug::divide, "divide", "tick statistics divide by the players when none is left"},
};

static Bug active = Bug::none;

std::span<const BugInfo> all_bugs() { return kBugs; }

bool switch_on(std::string_view name) {
  for (const BugInfo& info : kBugs) {
    if (info.name == name) {
      active = info.bug;
      return true;
    }
  }
  return false;
}

bool has(Bug bug) { return active == bug; }

}  // namespace lobby
