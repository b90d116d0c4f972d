#include "capture/held_child.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace inquest::capture {
namespace {

/// Runs between fork and exec: async-signal-safe calls only.
[[noreturn]] void become(char* const* argv, const sigset_t& mask, int go, int failure) {
  char word = 0;
  ssize_t got = 0;
  do {
    got = ::read(go, &word, 1);
  } while (got < 0 && errno == EINTR);
  if (got != 1) ::_exit(127);  // the parent died or gave up
  ::sigprocmask(SIG_SETMASK, &mask, nullptr);
  ::execvp(argv[0], argv);
  int number = errno;
  (void)!::write(failure, &number, sizeof number);
  ::_exit(127);
}

}  // namespace

Result<HeldChild> HeldChild::start(const std::vector<std::string>& argv) {
  if (argv.empty() || argv[0].empty()) return fail("no program to run", "name one after --");
  std::vector<char*> words;
  for (const auto& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);

  int go[2], failure[2];
  if (::pipe2(go, O_CLOEXEC) != 0) return fail(fmt::format("pipe: {}", ::strerror(errno)));
  if (::pipe2(failure, O_CLOEXEC | O_NONBLOCK) != 0) {
    int number = errno;
    ::close(go[0]);
    ::close(go[1]);
    return fail(fmt::format("pipe: {}", ::strerror(number)));
  }
  // Blocked while held: a signal before the exec would meet our handlers, not the program's.
  sigset_t all, mask;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &mask);
  pid_t pid = ::fork();
  int number = errno;
  if (pid == 0) {
    ::close(go[1]);
    become(words.data(), mask, go[0], failure[1]);
  }
  ::pthread_sigmask(SIG_SETMASK, &mask, nullptr);
  ::close(go[0]);
  ::close(failure[1]);
  HeldChild child(pid, go[1], failure[0]);
  if (pid < 0) return fail(fmt::format("cannot start a process: {}", ::strerror(number)));
  return child;
}

HeldChild::HeldChild(HeldChild&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      go_(std::exchange(other.go_, -1)),
      failure_(std::exchange(other.failure_, -1)) {}

HeldChild::~HeldChild() {
  if (go_ >= 0) {
    ::close(go_);
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
  }
  if (failure_ >= 0) ::close(failure_);
}

void HeldChild::release() {
  (void)!::write(go_, "g", 1);
  ::close(std::exchange(go_, -1));
}

int HeldChild::exec_error() {
  int number = 0;
  if (::read(failure_, &number, sizeof number) != sizeof number) return 0;
  return number;
}

}  // namespace inquest::capture
