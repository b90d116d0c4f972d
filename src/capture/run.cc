#include <errno.h>
#include <fmt/core.h>
#include <string.h>

#include "capture/capture.h"
#include "capture/held_child.h"
#include "capture/signal_relay.h"
#include "capture/supervisor.h"

namespace inquest::capture {
namespace {

std::string_view advice_for_exec(int number) {
  switch (number) {
    case ENOENT:
      return "give its path, or add its folder to PATH";
    case EACCES:
      return "it must be executable (chmod +x)";
    case ENOEXEC:
      return "a script needs a first line such as #!/bin/sh";
    default:
      return "";
  }
}

}  // namespace

Result<RunOutcome> run(const std::vector<std::string>& argv, const CoreOptions& options) {
  auto child = TRY(HeldChild::start(argv));
  Supervisor supervisor(options);
  TRY(supervisor.attach(child.pid()));
  SignalRelay relay(child.pid());
  child.release();
  supervisor.watch(relay);

  if (!supervisor.executed()) {
    if (int number = child.exec_error()) {
      return fail(Error{.what = fmt::format("cannot run it: {}", ::strerror(number)),
                        .file = argv.front(),
                        .advice = std::string(advice_for_exec(number))});
    }
  }
  auto outcome = supervisor.take_outcome();
  // The shells' way to say that a command of theirs was killed.
  if (outcome.exit_status.value_or(0) > 128 && !options.follow_children) {
    switch (int signal = *outcome.exit_status - 128) {
      case SIGILL:
      case SIGABRT:
      case SIGBUS:
      case SIGFPE:
      case SIGSEGV:
        outcome.warnings.push_back(
            {fmt::format("exit status {} often means that a child process was killed by signal {} "
                         "({}); children are not watched",
                         *outcome.exit_status, signal, ::strsignal(signal)),
             "watch them with --follow-children, or start them with exec in the script"});
    }
  }
  return outcome;
}

}  // namespace inquest::capture
