#include "capture/signal_relay.h"

#include <atomic>
#include <errno.h>
#include <initializer_list>
#include <iterator>

namespace inquest::capture {
namespace {

std::atomic<pid_t> relay_target{0};
/// By signal: process id, and user id in the lower half.
std::atomic<uint64_t> senders[65];
// A handler uses them.
static_assert(std::atomic<pid_t>::is_always_lock_free &&
              std::atomic<uint64_t>::is_always_lock_free);

void relay(int signal, siginfo_t* info, void*) {
  int saved = errno;
  pid_t target = relay_target.load();
  // si_code > 0: the kernel's own, such as the terminal's, which reach the whole process group.
  // And a child that signals its parent does not want it back.
  if (target > 0 && info->si_code <= 0 && info->si_pid != target) {
    senders[signal] = static_cast<uint64_t>(info->si_pid) << 32 | info->si_uid;
    ::kill(target, signal);
  }
  errno = saved;
}

}  // namespace

SignalRelay::SignalRelay(pid_t child) {
  relay_target = child;
  struct sigaction action{};
  action.sa_sigaction = relay;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  ::sigfillset(&action.sa_mask);
  auto install = [&](int signal) {
    struct sigaction before{};
    if (::sigaction(signal, nullptr, &before) != 0) return;
    if (!(before.sa_flags & SA_SIGINFO) && before.sa_handler == SIG_IGN) return;  // nohup
    if (::sigaction(signal, &action, nullptr) == 0) before_.emplace_back(signal, before);
  };
  for (int signal :
       {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGWINCH, SIGPWR}) {
    install(signal);
  }
  for (int signal = SIGRTMIN; signal <= SIGRTMAX; ++signal) install(signal);

  struct sigaction plain{}, before{};
  plain.sa_handler = SIG_DFL;
  if (::sigaction(SIGCHLD, &plain, &before) == 0) before_.emplace_back(SIGCHLD, before);
}

void SignalRelay::stop() { relay_target = 0; }

SignalRelay::Sender SignalRelay::sender(int signal) {
  if (signal <= 0 || signal >= static_cast<int>(std::size(senders))) return {};
  uint64_t packed = senders[signal];
  return {static_cast<pid_t>(packed >> 32), static_cast<uid_t>(packed)};
}

SignalRelay::~SignalRelay() {
  stop();
  for (const auto& [signal, action] : before_) ::sigaction(signal, &action, nullptr);
}

}  // namespace inquest::capture
