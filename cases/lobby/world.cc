#include "world.h"

#undef NDEBUG
#include <algorithm>
#include <cassert>
#include <chrono>
#include <thread>

#include "../patient.h"
#include "bugs.h"
#include "session.h"

namespace lobby {

// ---- User

User::User(std::uint64_t id, Account* account, Session* session)
    : id(id), account(account), session(session), ignored_(new std::set<std::string>) {}

User::~User() { close(); }

NOINLINE void User::close() {
  session = nullptr;
  avatar.guild = nullptr;
  avatar.room = nullptr;
  delete ignored_;
  ignored_ = nullptr;
}

NOINLINE bool User::ignores(const std::string& name) const {
  return ignored_->find(name) != ignored_->end();
}

void User::remember(const std::string& line) {
  char* slot = last_lines_[lines_++ % 4];
  slot[line.copy(slot, sizeof last_lines_[0] - 1)] = 0;
}

// ---- World: coming and going

World::World() {
  Room* hall = add_room("hall", 100);
  Room* garden = add_room("garden", 20);
  Room* tower = add_room("tower", 5);
  add_room("closet", 2);
  add_room("vault", 1);  // no door leads there
  hall->links = {garden, tower};
  garden->links = {tower, hall};
  tower->links = {hall};
  for (const char* name : {"Dragons", "Owls"}) {
    auto guild = std::make_unique<Guild>();
    guild->id = guilds_.size() + 1;
    guild->name = name;
    guild->rank = static_cast<std::int32_t>(3 + 4 * guilds_.size());
    guilds_[name] = std::move(guild);
  }
}

World::~World() {
  for (const auto& [id, user] : users_by_id_) delete user;
}

Room* World::add_room(const std::string& name, std::size_t seats) {
  return (rooms_[name] = std::make_unique<Room>(name, seats)).get();
}

User* World::login(const std::string& name, Session& session) {
  std::unique_lock lock(mutex_);
  if (session.user != nullptr || users_by_name_.contains(name)) return nullptr;
  auto& account = accounts_[name];
  if (account == nullptr) {
    account = std::make_unique<Account>();
    account->id = accounts_.size();
    account->name = name;
  }
  ++account->logins;
  auto* user = new User(next_user_++, account.get(), &session);
  users_by_id_[user->id] = user;
  users_by_name_[name] = user;
  session.user = user;
  return user;
}

NOINLINE void World::logout(Session& session) {
  std::unique_lock lock(mutex_);
  User* user = session.user;
  if (user == nullptr) return;
  session.user = nullptr;
  cancel_trade(*user);
  users_by_id_.erase(user->id);
  users_by_name_.erase(user->name());
  if (user->avatar.room != nullptr) user->avatar.room->leave(*user);
  if (user->avatar.guild != nullptr && !has(Bug::forgotten_map)) {
    user->avatar.guild->online.erase(user->name());
  }
  user->close();
  delete user;
}

void World::enlist(Session& session, const std::string& name) {
  std::unique_lock lock(mutex_);
  auto it = guilds_.find(name);
  if (session.user == nullptr || it == guilds_.end()) return;
  session.user->avatar.guild = it->second.get();
  it->second->online[session.user->name()] = session.user;
}

std::size_t World::players() {
  std::shared_lock lock(mutex_);
  return users_by_id_.size();
}

// ---- World: looking up

User* World::find_user(const std::string& name) const {
  auto it = users_by_name_.find(name);
  return it == users_by_name_.end() ? nullptr : it->second;
}

Room* World::find_room(const std::string& name) const {
  auto it = rooms_.find(name);
  return it == rooms_.end() ? nullptr : it->second.get();
}

std::string World::names_online() const {
  std::string names;
  for (const auto& [name, user] : users_by_name_) names += ' ' + name;
  return names;
}

NOINLINE bool World::find_way(const Room& from, const Room& to,
                              std::vector<const Room*>& way) const {
  // The rooms that this way has passed already; without them a cycle of rooms has no end.
  if (!has(Bug::stack_overflow) && std::find(way.begin(), way.end(), &from) != way.end())
    return false;
  way.push_back(&from);
  if (&from == &to) return true;
  for (const Room* next : from.links) {
    if (find_way(*next, to, way)) return true;
  }
  way.pop_back();
  return false;
}

// ---- World: rooms

bool World::join(User& user, Room& room) {
  if (has(Bug::deadlock) && user.avatar.room == &room) return join_in_one_piece(user, room);
  std::string welcome;
  if (!room.enter(user, welcome)) return false;
  if (user.avatar.room != nullptr && user.avatar.room != &room) user.avatar.room->leave(user);
  user.avatar.room = &room;
  user.session->send(welcome);
  return true;
}

/// "So that nobody's line gets between the old lines and the new ones": the session is locked
/// before the room, and Room::say locks them the other way round.
NOINLINE bool World::join_in_one_piece(User& user, Room& room) {
  auto piece = user.session->hold();
  // In production it took three weeks until a line was spoken at just this moment. Whoever has
  // begun one by now holds the room, and cannot finish without our session.
  room.wait_for_speech();
  std::string welcome;
  if (!room.enter(user, welcome)) return false;
  user.session->send_held(welcome);
  return true;
}

NOINLINE bool Room::enter(User& user, std::string& welcome) {
  std::lock_guard lock(mutex_);
  if (members_.size() >= seats_ && !members_.contains(user.id) && !has(Bug::assertion))
    return false;
  members_[user.id] = &user;
  assert(members_.size() <= seats_);
  for (const std::string& line : history_) welcome += line + "\n";
  welcome += "OK you are in " + name_;
  return true;
}

void Room::leave(User& user) {
  std::lock_guard lock(mutex_);
  members_.erase(user.id);
}

NOINLINE void Room::say(const User& from, const std::string& text) {
  const std::string line = "* " + from.name() + ": " + text;
  std::lock_guard lock(mutex_);
  ++speeches_;
  for (const auto& [id, member] : members_) {
    if (!member->ignores(from.name())) member->session->send(line);
  }
  history_.push_back(line);
  if (history_.size() > 8) history_.pop_front();
}

std::size_t Room::members() {
  std::lock_guard lock(mutex_);
  return members_.size();
}

void Room::wait_for_speech() const {
  const std::uint32_t before = speeches_;
  for (int i = 0; i < 100 && speeches_ == before; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

// ---- World: guilds

/// What stands before the name in the guild's channel: the best ten guilds get their rank.
NOINLINE std::string guild_tag(const Avatar& avatar) {
  const std::int32_t rank = avatar.guild->rank;
  return rank > 10 ? avatar.guild->name : avatar.guild->name + " #" + std::to_string(rank);
}

NOINLINE void World::say_to_guild(const User& from, const std::string& text) {
  const std::string line = "* [" + guild_tag(from.avatar) + "] " + from.name() + ": " + text;
  for (const auto& [name, member] : from.avatar.guild->online) {
    if (!member->ignores(from.name())) member->session->send(line);
  }
}

// ---- World: trades

bool World::propose_trade(User& from, User& to, std::int64_t gold) {
  std::lock_guard lock(trades_mutex_);
  if (&from == &to || from.offer != nullptr || to.offer != nullptr) return false;
  from.offer = to.offer = new Offer{&from, &to, gold};
  return true;
}

NOINLINE bool World::cancel_trade(User& user) {
  std::lock_guard lock(trades_mutex_);
  if (user.offer == nullptr) return false;
  User* partner = user.offer->from == &user ? user.offer->to : user.offer->from;
  drop_offer(user);
  // The partner's offer is the same one.
  if (has(Bug::double_free)) {
    drop_offer(*partner);
  } else {
    partner->offer = nullptr;
  }
  return true;
}

NOINLINE void World::drop_offer(User& user) {
  delete user.offer;
  user.offer = nullptr;
}

}  // namespace lobby
