// The bundled clients: they play over real sockets, one thread each.
#pragma once

#include <atomic>
#include <cstdint>

namespace lobby {

/// At least so many: the script needs a guild, an outsider and somebody who leaves early.
constexpr int kFewestClients = 6;

/// Plays until `stop`, then logs everybody out. Gives the number of commands answered.
std::uint64_t run_clients(std::uint16_t port, int clients, const std::atomic<bool>& stop);

}  // namespace lobby
