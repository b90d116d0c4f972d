#include "capture/proc_files.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <dirent.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <limits.h>
#include <unistd.h>

namespace inquest::capture {
namespace {

template <class T>
T number(std::string_view text, int base = 10) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  T value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value, base);
  return value;
}

std::string_view word(std::string_view text, size_t index) {
  for (;; --index) {
    size_t begin = text.find_first_not_of(" \t");
    if (begin == text.npos) return {};
    text.remove_prefix(begin);
    size_t end = std::min(text.find_first_of(" \t\n"), text.size());
    if (index == 0) return text.substr(0, end);
    text.remove_prefix(end);
  }
}

/// The kernel writes a newline in a name as \n and a backslash as \\ in status.
std::string unescaped(std::string_view name) {
  std::string plain;
  for (size_t i = 0; i < name.size(); ++i) {
    if (name[i] == '\\' && i + 1 < name.size()) {
      ++i;
      plain += name[i] == 'n' ? '\n' : name[i];
    } else {
      plain += name[i];
    }
  }
  return plain;
}

}  // namespace

std::optional<std::string> read_proc(pid_t id, std::string_view name, size_t limit) {
  int file = ::open(fmt::format("/proc/{}/{}", id, name).c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return {};
  std::string text;
  size_t filled = 0;
  bool failed = false;
  for (;;) {
    // Large steps: the kernel walks a large map once a read, not once a line.
    if (text.size() - filled < 4096) text.resize(std::max<size_t>(text.size() * 2, 16384));
    ssize_t got = ::read(file, text.data() + filled, text.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    failed = got < 0;
    if (got <= 0) break;
    filled += static_cast<size_t>(got);
    if (filled >= limit) break;
  }
  ::close(file);
  if (failed && filled == 0) return {};
  text.resize(std::min(filled, limit));
  return text;
}

ThreadStatus parse_thread_status(std::string_view text) {
  ThreadStatus status;
  while (!text.empty()) {
    size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    size_t colon = line.find(':');
    if (colon == line.npos) continue;
    std::string_view key = line.substr(0, colon);
    std::string_view value = line.substr(colon + 1);
    if (key == "Name") status.name = unescaped(value.substr(std::min<size_t>(1, value.size())));
    if (key == "State" && !word(value, 0).empty()) status.state = word(value, 0).front();
    if (key == "Tgid") status.process = number<pid_t>(value);
    if (key == "PPid") status.parent = number<pid_t>(value);
    if (key == "TracerPid") status.tracer = number<pid_t>(value);
    if (key == "Uid") {
      status.real_user = number<uint32_t>(word(value, 0));
      status.effective_user = number<uint32_t>(word(value, 1));
    }
    if (key == "Gid") status.real_group = number<uint32_t>(word(value, 0));
    if (key == "SigPnd") status.pending = number<uint64_t>(value, 16);
    if (key == "SigBlk") status.blocked = number<uint64_t>(value, 16);
    if (key == "SigIgn") status.ignored = number<uint64_t>(value, 16);
    if (key == "SigCgt") status.caught = number<uint64_t>(value, 16);
  }
  return status;
}

std::optional<ThreadStatus> thread_status(pid_t id) {
  auto text = read_proc(id, "status");
  if (!text || text->empty()) return {};
  return parse_thread_status(*text);
}

ProcessStat parse_process_stat(std::string_view text) {
  ProcessStat stat;
  // The name in parentheses may itself hold parentheses and spaces: fields are counted after the
  // last one. Field numbers are those of proc(5); field 3 is word 0 here.
  size_t close = text.rfind(')');
  if (close == text.npos) return stat;
  std::string_view fields = text.substr(close + 1);
  std::array<std::string_view, 17> words;
  for (size_t i = 0; i < words.size(); ++i) words[i] = word(fields, i);
  auto field = [&](size_t number_in_page) { return words[number_in_page - 3]; };
  stat.group = number<int>(field(5));
  stat.session = number<int>(field(6));
  stat.flags = number<uint64_t>(field(9));
  stat.user_ticks = number<uint64_t>(field(14));
  stat.system_ticks = number<uint64_t>(field(15));
  stat.child_user_ticks = number<uint64_t>(field(16));
  stat.child_system_ticks = number<uint64_t>(field(17));
  stat.nice = number<int>(field(19));
  return stat;
}

std::vector<pid_t> threads_of(pid_t process) {
  std::vector<pid_t> ids;
  DIR* folder = ::opendir(fmt::format("/proc/{}/task", process).c_str());
  if (!folder) return ids;
  while (dirent* entry = ::readdir(folder)) {
    if (pid_t id = number<pid_t>(entry->d_name); id > 0) ids.push_back(id);
  }
  ::closedir(folder);
  std::sort(ids.begin(), ids.end());
  return ids;
}

std::vector<std::string> command_line(pid_t id) {
  std::vector<std::string> words;
  auto text = read_proc(id, "cmdline", size_t{2} << 20);
  if (!text) return words;
  size_t at = 0;
  while (at < text->size()) {
    size_t end = std::min(text->find('\0', at), text->size());
    words.push_back(text->substr(at, end - at));
    at = end + 1;
  }
  return words;
}

std::string executable_path(pid_t id) {
  std::string path(PATH_MAX, '\0');
  ssize_t length = ::readlink(fmt::format("/proc/{}/exe", id).c_str(), path.data(), path.size());
  path.resize(length > 0 ? static_cast<size_t>(length) : 0);
  return path;
}

std::string thread_name(pid_t id) {
  auto name = read_proc(id, "comm", 4096);
  if (!name) return {};
  if (!name->empty() && name->back() == '\n') name->pop_back();
  return *name;
}

}  // namespace inquest::capture
