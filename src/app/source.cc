#include "app/source.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fmt/core.h>
#include <unistd.h>

#include "app/terminal.h"
#include "capture/capture.h"
#include "ingest/ingest.h"

namespace inquest::app {
namespace {

/// An annotation of the snapshot: microseconds.
constexpr const char* kReadInPlace = "inquest.read_in_place_us";

std::optional<pid_t> process_id(const std::string& text) {
  pid_t id = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size() || id <= 0) return {};
  if (::access(text.c_str(), F_OK) == 0) return {};  // a file of that name
  return id;
}

/// A folder of our own for the copy, removed with it.
class Scratch {
 public:
  static Result<Scratch> make() {
    const char* base = std::getenv("TMPDIR");
    std::string path = fmt::format("{}/inquest-live-XXXXXX", base && *base ? base : "/var/tmp");
    if (!::mkdtemp(path.data())) {
      return fail(fmt::format("no temporary folder could be made as {}", path),
                  "name a folder that may be written to by TMPDIR");
    }
    return Scratch(std::move(path));
  }
  Scratch(Scratch&& other) noexcept : folder_(std::exchange(other.folder_, {})) {}
  ~Scratch() {
    if (folder_.empty()) return;
    ::unlink(core().c_str());
    ::rmdir(folder_.c_str());
  }
  std::string core() const { return folder_ + "/core"; }

 private:
  explicit Scratch(std::string folder) : folder_(std::move(folder)) {}
  std::string folder_;
};

void take_in_place(pid_t id, const capture::CoreWritten& written, snapshot::Snapshot& snapshot) {
  snapshot.annotations[kReadInPlace] = std::to_string(written.read_for.count());
  fmt::print(stderr, "inquest: process {} was read for {:.1f} ms while it ran\n", id,
             static_cast<double>(written.read_for.count()) / 1e3);
  if (written.threads_running == 0) return;
  snapshot.warnings.push_back(
      {fmt::format("{} of {} threads ran: nobody knows where their stacks begin, so all that lies "
                   "in these counts as used",
                   written.threads_running, written.threads),
       "without --in-place the process is stopped for the time of a copy, and all is exact"});
}

Result<snapshot::Snapshot> copy_process(pid_t id, bool in_place) {
  if (::access(fmt::format("/proc/{}", id).c_str(), F_OK) != 0) {
    return fail(fmt::format("{} is neither a file nor a live process", id));
  }
  Progress::shared().stage("copying the process's memory");
  Scratch scratch = TRY(Scratch::make());
  auto* copy = in_place ? capture::copy_in_place : capture::dump_process;
  auto written = TRY(copy(id, {.path = scratch.core()}));
  // The copy is mapped, so it lives on when its name goes.
  auto snapshot = TRY(ingest::open(written.path));
  snapshot.format = snapshot::Format::live;
  snapshot.path.clear();
  Progress::shared().stop();
  if (in_place) {
    take_in_place(id, written, snapshot);
  } else {
    fmt::print(stderr, "inquest: process {} stood still for {:.1f} ms and goes on\n", id,
               static_cast<double>(written.stopped.count()) / 1e3);
  }
  snapshot.warnings.insert(snapshot.warnings.end(), written.warnings.begin(),
                           written.warnings.end());
  return snapshot;
}

}  // namespace

Result<snapshot::Snapshot> open_source(const std::string& dump_or_pid,
                                       const SourceOptions& options) {
  if (auto id = process_id(dump_or_pid)) return copy_process(*id, options.in_place);
  if (options.in_place) {
    return fail(fmt::format("{} is no live process", dump_or_pid),
                "--in-place is for those; a dump does not move");
  }
  Progress::shared().stage("reading the dump");
  return ingest::open(dump_or_pid);
}

std::optional<double> read_in_place(const snapshot::Snapshot& snapshot) {
  auto found = snapshot.annotations.find(kReadInPlace);
  if (found == snapshot.annotations.end() || snapshot.format != snapshot::Format::live) return {};
  return std::strtod(found->second.c_str(), nullptr) / 1e3;
}

void add_in_place(CLI::App& verb, bool& in_place) {
  verb.add_flag("--in-place", in_place,
                "Read a live process while it runs, without stopping it; what moves meanwhile may "
                "contradict itself");
}

}  // namespace inquest::app
