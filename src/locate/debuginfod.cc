#include "locate/debuginfod.h"

#include <cstdlib>
#include <mutex>
#include <set>
#include <unistd.h>

#include "locate/debuginfod_cache.h"
#include "locate/http.h"
#include "locate/identity.h"

namespace inquest::locate {
namespace {

constexpr size_t kLongestId = 64;         // bytes; SHA-1 has 20
constexpr uint64_t kDefaultTimeout = 90;  // DEBUGINFOD_TIMEOUT: 100 kB in so many seconds
constexpr uint64_t kDebuginfodSlowBytes = 100 << 10;
constexpr uint64_t kDefaultLargest = uint64_t{8} << 30;

uint64_t environment_number(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  if (!text) return otherwise;
  char* end = nullptr;
  long long value = std::strtoll(text, &end, 10);
  return end != text && value > 0 ? static_cast<uint64_t>(value) : otherwise;
}

std::string_view name(Debuginfod::Kind kind) {
  return kind == Debuginfod::Kind::debuginfo ? "debuginfo" : "executable";
}

std::string gave_none(const std::string& server, Debuginfod::Kind kind, const std::string& build_id,
                      const std::string& why) {
  return fmt::format("the debuginfod server {} gave no {} of build id {}: {}", server, name(kind),
                     build_id, why);
}

}  // namespace

struct Debuginfod::Impl {
  std::vector<std::string> servers;
  DebuginfodCache cache;
  Http http;
  NameLocks files = {};
  std::mutex mutex = {};
  std::set<std::string> dead = {};  // not asked again

  bool is_dead(const std::string& server) {
    std::lock_guard lock(mutex);
    return dead.contains(server);
  }
  /// True for who finds it first: one warning is enough.
  bool bury(const std::string& server) {
    std::lock_guard lock(mutex);
    return dead.insert(server).second;
  }
};

/// The variables of debuginfod_find_debuginfo(3).
static Http::Limits limits_of_environment() {
  return {
      .largest = environment_number("DEBUGINFOD_MAXSIZE", kDefaultLargest),
      .stall_seconds = static_cast<long>(environment_number("DEBUGINFOD_TIMEOUT", kDefaultTimeout)),
      .slow_bytes = kDebuginfodSlowBytes,
      .largest_advice = "DEBUGINFOD_MAXSIZE allows"};
}

Debuginfod::Debuginfod(std::vector<std::string> servers, std::string cache, Progress progress)
    : impl_(new Impl{.servers = std::move(servers),
                     .cache = DebuginfodCache(std::move(cache)),
                     .http = Http(std::move(progress))}) {
  for (std::string& server : impl_->servers) {
    while (server.ends_with('/')) server.pop_back();
    if (server.ends_with("/buildid")) server.resize(server.size() - 8);
  }
}

Debuginfod::~Debuginfod() = default;

bool Debuginfod::has_servers() const { return !impl_->servers.empty(); }

Debuginfod::Fetched Debuginfod::fetch(Bytes build_id, Kind kind, const Refuse& refuse) const {
  if (build_id.size() < 2 || build_id.size() > kLongestId) return {};
  std::string id = hex(build_id);
  auto held = impl_->files.hold(fmt::format("{}/{}", id, name(kind)));
  std::string path = impl_->cache.path(id, name(kind));
  DebuginfodCache::State state = impl_->cache.look(id, name(kind));
  if (state == DebuginfodCache::State::there) {
    if (refuse(path).empty()) return {.path = path, .from = path};
    impl_->cache.remove(id, name(kind));
  }
  if (state == DebuginfodCache::State::known_missing || impl_->servers.empty()) return {};

  std::vector<std::string> problems;
  bool all_say_no = true;
  for (const std::string& server : impl_->servers) {
    if (impl_->is_dead(server)) {
      all_say_no = false;
      continue;
    }
    // A fresh file for each server: a broken transfer leaves nothing behind in the next one's.
    auto download = impl_->cache.begin(id, name(kind));
    if (!download) return {.problems = {download.error().line()}};
    std::string url = fmt::format("{}/buildid/{}/{}", server, id, name(kind));
    Http::Outcome outcome = impl_->http.get(url, download->descriptor(), limits_of_environment());
    switch (outcome.reply) {
      case Http::Reply::got:
        if (std::string why = refuse(download->temporary_path()); !why.empty()) {
          all_say_no = false;
          problems.push_back(
              gave_none(server, kind, id, "what it gave is not that file: it " + why));
          break;
        }
        // Read-only, as libdebuginfod leaves it: everybody maps these files.
        if (auto kept = download->keep(0400); !kept) {
          return {.problems = {kept.error().line()}};
        }
        return {.path = path, .from = url, .problems = std::move(problems)};
      case Http::Reply::not_there:
        break;
      case Http::Reply::unreachable:
        // Asked for each module, it would cost a time-out each.
        all_say_no = false;
        if (!impl_->bury(server)) break;
        problems.push_back(fmt::format("the debuginfod server {} {}; it was not asked again",
                                       server, outcome.why));
        break;
      case Http::Reply::failed:
        all_say_no = false;
        problems.push_back(gave_none(server, kind, id, outcome.why));
        break;
    }
  }
  if (all_say_no) impl_->cache.mark_missing(id, name(kind));
  return {.problems = std::move(problems)};
}

}  // namespace inquest::locate
