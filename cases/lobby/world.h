// Everybody and everything in the lobby.
//
// Locks, in the order in which they are taken: World::mutex_ (shared to play, exclusive to come and
// go), World::trades_mutex_, Room::mutex_, Session::mutex_.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <string>
#include <vector>

namespace lobby {

class Room;
class Session;
class User;

/// What stays when a player logs out.
struct Account {
  std::uint64_t id = 0;
  std::string name;
  std::uint64_t logins = 0;
  std::int64_t gold = 100;
};

struct Guild {
  std::uint64_t id = 0;
  std::string name;
  std::int32_t level = 1;
  std::int32_t rank = 0;
  std::map<std::string, User*> online;
};

/// How a player appears to others.
struct Avatar {
  std::string title = "novice";
  Guild* guild = nullptr;
  Room* room = nullptr;
};

/// A trade that has been proposed; both sides point to it until one of them answers.
struct Offer {
  User* from = nullptr;
  User* to = nullptr;
  std::int64_t gold = 0;
};

/// A player who is logged in.
class User {
 public:
  User(std::uint64_t id, Account* account, Session* session);
  ~User();

  /// Cuts the ties to the connection and drops what only a logged-in player needs; before deletion.
  void close();

  const std::string& name() const { return account->name; }
  void ignore(const std::string& name) { ignored_->insert(name); }
  bool ignores(const std::string& name) const;
  void remember(const std::string& line);

  std::uint64_t id;
  Account* account;
  Session* session;
  Avatar avatar;
  Offer* offer = nullptr;

 private:
  std::set<std::string>* ignored_;
  char last_lines_[4][72] = {};
  std::uint32_t lines_ = 0;
};

class Room {
 public:
  Room(std::string name, std::size_t seats) : name_(std::move(name)), seats_(seats) {}

  const std::string& name() const { return name_; }

  /// False if all seats are taken. `welcome` gets what was said lately. Entering twice is allowed.
  bool enter(User& user, std::string& welcome);
  void leave(User& user);
  void say(const User& from, const std::string& text);
  std::size_t members();

  /// Waits until somebody begins to speak, but not for long if nobody does.
  void wait_for_speech() const;

  std::vector<Room*> links;

 private:
  std::string name_;
  std::size_t seats_;
  std::mutex mutex_;
  std::map<std::uint64_t, User*> members_;
  std::deque<std::string> history_;
  std::atomic<std::uint32_t> speeches_{0};
};

class World {
 public:
  World();
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  /// Null if the name is taken.
  User* login(const std::string& name, Session& session);
  void logout(Session& session);
  void enlist(Session& session, const std::string& guild);

  /// Held while a command of a logged-in player runs: nobody comes or goes, all pointers stay
  /// valid.
  std::shared_lock<std::shared_mutex> play() { return std::shared_lock(mutex_); }

  // The rest is called under play().
  User* find_user(const std::string& name) const;
  Room* find_room(const std::string& name) const;
  std::string names_online() const;
  bool join(User& user, Room& room);
  void say_to_guild(const User& from, const std::string& text);
  bool propose_trade(User& from, User& to, std::int64_t gold);
  bool cancel_trade(User& user);

  /// Depth first; `way` is empty if there is none.
  bool find_way(const Room& from, const Room& to, std::vector<const Room*>& way) const;

  std::size_t players();

 private:
  bool join_in_one_piece(User& user, Room& room);
  void drop_offer(User& user);
  Room* add_room(const std::string& name, std::size_t seats);

  std::shared_mutex mutex_;
  std::mutex trades_mutex_;
  std::map<std::string, std::unique_ptr<Account>> accounts_;
  std::map<std::uint64_t, User*> users_by_id_;
  std::map<std::string, User*> users_by_name_;
  std::map<std::string, std::unique_ptr<Guild>> guilds_;
  std::map<std::string, std::unique_ptr<Room>> rooms_;
  std::uint64_t next_user_ = 1000;
};

}  // namespace lobby
