// A chat server in small, for diff_test.py: it serves a round for every line that it reads.
// Sessions come and go, a cache is emptied as it fills, rooms forget old lines; with the word
// "leak" the log of one room forgets nothing.
#include <cstdio>
#include <cstring>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace chat {

struct Line {
  long number;
  std::string text;
};

struct ChatLog {
  std::vector<std::unique_ptr<Line>> lines;
  std::size_t most = 200;
  void add(long number) {
    lines.push_back(std::make_unique<Line>(
        Line{number, "line " + std::to_string(number) + " of a chat about nothing at all"}));
    if (most != 0 && lines.size() > most) lines.erase(lines.begin());
  }
};

struct Room {
  std::string name;
  std::unique_ptr<ChatLog> log = std::make_unique<ChatLog>();
};

struct Session {
  int id;
  std::string player;
  std::list<int> clicks;
};

/// Made when the first round is served, and gone with the last.
struct Replay {
  char frames[200000];
};

struct Server {
  std::map<std::string, std::unique_ptr<Room>> rooms;
  std::map<int, Session> sessions;
};

Server g_server;
std::deque<std::string> g_cache;
Replay* g_replay = nullptr;

void serve(int round) {
  auto room = g_server.rooms.begin();
  for (int i = 0; i < 3000; ++i) {
    room->second->log->add(round * 3000L + i);
    if (++room == g_server.rooms.end()) room = g_server.rooms.begin();
  }
  ChatLog& general = *g_server.rooms["general"]->log;
  if (general.most == 0)
    for (int i = 0; i < 3000; ++i) general.add(i);
  for (int i = 0; i < 300; ++i) {
    const int id = 2000 + round * 300 + i;
    g_server.sessions.erase(g_server.sessions.begin());
    g_server.sessions[id] = {id, "a player with a long name " + std::to_string(id), {1, 2, 3}};
    g_cache.push_back(std::string(100, 'c'));
    g_cache.pop_front();
  }
}

}  // namespace chat

int main(int argc, char** argv) {
  using namespace chat;
  for (int i = 0; i < 20; ++i) {
    std::string name = "room " + std::to_string(i);
    g_server.rooms[name] = std::make_unique<Room>(Room{name});
  }
  g_server.rooms["general"] = std::make_unique<Room>(Room{"general"});
  if (argc > 1 && std::strcmp(argv[1], "leak") == 0) g_server.rooms["general"]->log->most = 0;
  for (int i = 0; i < 2000; ++i)
    g_server.sessions[i] = {i, "a player with a long name " + std::to_string(i), {1, 2, 3}};
  for (int i = 0; i < 1000; ++i) g_cache.push_back(std::string(100, 'c'));
  for (int round = 0; round < 3; ++round) std::thread(serve, round).join();  // warm
  for (int round = 3;; ++round) {
    std::puts("ready");
    std::fflush(stdout);
    const int command = std::getchar();
    if (command == EOF) return 0;
    if (command == 'r' && !g_replay) g_replay = new Replay();
    if (command == 'x') delete g_replay, g_replay = nullptr;
    std::thread(serve, round).join();
  }
}
