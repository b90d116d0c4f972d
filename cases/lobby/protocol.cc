#include "protocol.h"

#include <cstdlib>

#include "../patient.h"
#include "bugs.h"
#include "session.h"

namespace lobby {

NOINLINE std::vector<std::string> split(const std::string& line) {
  std::vector<std::string> fields;
  for (std::size_t begin = 0; begin < line.size();) {
    std::size_t end = line.find(' ', begin);
    if (end == std::string::npos) end = line.size();
    if (end > begin) fields.push_back(line.substr(begin, end - begin));
    begin = end + 1;
  }
  return fields;
}

/// What follows the first `fields` words.
std::string rest_of(const std::string& line, int fields) {
  std::size_t begin = 0;
  while (fields-- > 0) {
    begin = line.find(' ', begin);
    if (begin == std::string::npos) return {};
    ++begin;
  }
  return line.substr(begin);
}

NOINLINE void Protocol::execute(Session& session, const std::string& line) {
  const Fields fields = split(line);
  if (fields.empty()) return;
  const std::string& verb = fields.front();
  if (verb == "QUIT") {
    world_.logout(session);
    session.send("OK bye");
    session.hang_up();
  } else if (verb == "LOGIN" && fields.size() == 2) {
    const bool done = world_.login(fields[1], session) != nullptr;
    session.send(done ? "OK hello " + fields[1] : "ERR that name is taken");
  } else if (verb == "ENLIST" && fields.size() == 2) {
    world_.enlist(session, fields[1]);
    session.send("OK you are with the " + fields[1]);
  } else {
    auto playing = world_.play();
    const std::string answer =
        session.user == nullptr ? "ERR log in first" : dispatch(*session.user, line, fields);
    if (!answer.empty()) session.send(answer);
  }
}

NOINLINE std::string Protocol::dispatch(User& user, const std::string& line, const Fields& fields) {
  const std::string& verb = fields.front();
  user.remember(line);
  if (verb == "JOIN") return join(user, fields);
  if (verb == "WHISPER") return whisper(user, line, fields);
  if (verb == "TRADE") return trade(user, fields);
  if (verb == "WAY") return way(fields);
  if (verb == "WHO") return "OK" + world_.names_online();
  if (verb == "PING") return "OK pong";
  if (verb == "CANCEL") return world_.cancel_trade(user) ? "OK cancelled" : "ERR nothing to cancel";
  if (verb == "IGNORE" && fields.size() == 2) {
    user.ignore(fields[1]);
    return "OK you will not hear " + fields[1];
  }
  if (verb == "SAY") {
    if (user.avatar.room == nullptr) return "ERR you are nowhere";
    user.avatar.room->say(user, rest_of(line, 1));
    ++messages_;
    return "OK";
  }
  if (verb == "GUILD") {
    if (user.avatar.guild == nullptr && !has(Bug::null_guild)) return "ERR you are in no guild";
    world_.say_to_guild(user, rest_of(line, 1));
    ++messages_;
    return "OK";
  }
  return "ERR what is " + verb + "?";
}

NOINLINE std::string Protocol::join(User& user, const Fields& fields) {
  if (fields.size() != 2) return "ERR JOIN room";
  Room* room = world_.find_room(fields[1]);
  if (room == nullptr) return "ERR no such room";
  return world_.join(user, *room) ? "" : "ERR " + room->name() + " is full";  // join() has answered
}

NOINLINE std::string Protocol::whisper(User& user, const std::string& line, const Fields& fields) {
  if (fields.size() < 3 && !has(Bug::uncaught)) return "ERR WHISPER name text";
  User* to = world_.find_user(fields.at(1));
  if (to == nullptr) return "ERR " + fields.at(1) + " is not here";
  const bool shouted = fields.at(2).back() == '!';
  if (!to->ignores(user.name())) {
    to->session->send((shouted ? "* (hissing) " : "* (whisper) ") + user.name() + ": " +
                      rest_of(line, 2));
  }
  ++messages_;
  return "OK";
}

NOINLINE std::string Protocol::trade(User& user, const Fields& fields) {
  if (fields.size() != 3) return "ERR TRADE name gold";
  User* partner = world_.find_user(fields[1]);
  if (partner == nullptr) return "ERR " + fields[1] + " is not here";
  const std::int64_t gold = std::atoll(fields[2].c_str());
  if (!world_.propose_trade(user, *partner, gold)) return "ERR one trade at a time";
  partner->session->send("* " + user.name() + " offers " + std::to_string(gold) + " gold");
  return "OK offered";
}

NOINLINE std::string Protocol::way(const Fields& fields) {
  if (fields.size() != 3) return "ERR WAY from to";
  const Room* from = world_.find_room(fields[1]);
  const Room* to = world_.find_room(fields[2]);
  if (from == nullptr || to == nullptr) return "ERR no such room";
  std::vector<const Room*> rooms;
  if (!world_.find_way(*from, *to, rooms)) return "ERR there is no way";
  std::string answer = "OK";
  for (const Room* room : rooms) answer += ' ' + room->name();
  return answer;
}

}  // namespace lobby
