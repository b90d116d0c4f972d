#include "locate/debuginfod.h"

#include <cerrno>
#include <cstdlib>
#include <curl/curl.h>
#include <mutex>
#include <set>
#include <unistd.h>

#include "locate/debuginfod_cache.h"
#include "locate/identity.h"

namespace inquest::locate {
namespace {

constexpr size_t kLongestId = 64;  // bytes; SHA-1 has 20
constexpr long kConnectSeconds = 10;
constexpr long kDefaultTimeout = 90;  // DEBUGINFOD_TIMEOUT: 100 kB in so many seconds
constexpr long kSlowBytes = 100 << 10;
constexpr curl_off_t kDefaultLargest = curl_off_t{8} << 30;

curl_off_t environment_number(const char* name, curl_off_t otherwise) {
  const char* text = std::getenv(name);
  if (!text) return otherwise;
  char* end = nullptr;
  long long value = std::strtoll(text, &end, 10);
  return end != text && value > 0 ? value : otherwise;
}

std::string_view name(Debuginfod::Kind kind) {
  return kind == Debuginfod::Kind::debuginfo ? "debuginfo" : "executable";
}

/// One transfer, as libcurl's callbacks see it.
struct Transfer {
  int descriptor = -1;
  curl_off_t written = 0;
  curl_off_t largest = 0;
  const std::string* url = nullptr;
  const Debuginfod::Progress* progress = nullptr;
  std::string problem = {};  ///< of ours, not of the network
};

size_t on_bytes(char* data, size_t size, size_t count, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  size_t n = size * count, done = 0;
  transfer.written += static_cast<curl_off_t>(n);
  if (transfer.written > transfer.largest) {
    transfer.problem = "is larger than DEBUGINFOD_MAXSIZE allows";
    return 0;
  }
  while (done < n) {
    ssize_t wrote = write(transfer.descriptor, data + done, n - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) {
      transfer.problem = "the cache cannot be written";
      return 0;
    }
    done += static_cast<size_t>(wrote);
  }
  return n;
}

int on_progress(void* context, curl_off_t total, curl_off_t done, curl_off_t, curl_off_t) {
  auto& transfer = *static_cast<Transfer*>(context);
  if (*transfer.progress) {
    (*transfer.progress)(*transfer.url, static_cast<uint64_t>(done), static_cast<uint64_t>(total));
  }
  return 0;
}

struct CurlEnd {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};

enum class Reply : uint8_t { got, not_there, failed, unreachable };

}  // namespace

struct Debuginfod::Impl {
  std::vector<std::string> servers;
  DebuginfodCache cache;
  Progress progress;
  std::mutex mutex;                            // one connection, one download at a time
  std::unique_ptr<CURL, CurlEnd> handle = {};  // kept: it keeps the connection
  std::set<std::string> dead = {};             // not asked again

  Reply ask(const std::string& url, int descriptor, std::string& why);
};

Reply Debuginfod::Impl::ask(const std::string& url, int descriptor, std::string& why) {
  if (!handle) {
    static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (ready == CURLE_OK) handle.reset(curl_easy_init());
    if (!handle) {
      why = "libcurl cannot be used";
      return Reply::failed;
    }
  }
  CURL* curl = handle.get();
  curl_easy_reset(curl);  // of options; connections stay
  Transfer transfer{.descriptor = descriptor,
                    .largest = environment_number("DEBUGINFOD_MAXSIZE", kDefaultLargest),
                    .url = &url,
                    .progress = &progress};
  const long timeout = static_cast<long>(environment_number("DEBUGINFOD_TIMEOUT", kDefaultTimeout));
  char error[CURL_ERROR_SIZE] = {};
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 5L);
  curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "");
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "inquest");
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, std::max(1L, kSlowBytes / timeout));
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, timeout);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &transfer);
  CURLcode code = curl_easy_perform(curl);
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, nullptr);
  if (code == CURLE_OK && status == 200 && transfer.written > 0) return Reply::got;
  if (status == 404 || status == 410) return Reply::not_there;
  if (!transfer.problem.empty()) {
    why = transfer.problem;
  } else if (error[0]) {
    why = error;
  } else {
    why = code == CURLE_OK ? fmt::format("answered {} with no file", status)
                           : curl_easy_strerror(code);
  }
  return status == 0 && transfer.problem.empty() ? Reply::unreachable : Reply::failed;
}

Debuginfod::Debuginfod(std::vector<std::string> servers, std::string cache, Progress progress)
    : impl_(new Impl{.servers = std::move(servers),
                     .cache = DebuginfodCache(std::move(cache)),
                     .progress = std::move(progress)}) {
  for (std::string& server : impl_->servers) {
    while (server.ends_with('/')) server.pop_back();
    if (server.ends_with("/buildid")) server.resize(server.size() - 8);
  }
}

Debuginfod::~Debuginfod() = default;

bool Debuginfod::has_servers() const { return !impl_->servers.empty(); }

Debuginfod::Fetched Debuginfod::fetch(Bytes build_id, Kind kind) const {
  if (build_id.size() < 2 || build_id.size() > kLongestId) return {};
  std::string id = hex(build_id);
  std::lock_guard lock(impl_->mutex);
  std::string path = impl_->cache.path(id, name(kind));
  DebuginfodCache::State state = impl_->cache.look(id, name(kind));
  if (state == DebuginfodCache::State::there) return {.path = path, .from = path};
  if (state == DebuginfodCache::State::known_missing || impl_->servers.empty()) return {};

  std::string note;
  bool all_say_no = true;
  for (const std::string& server : impl_->servers) {
    if (impl_->dead.contains(server)) {
      all_say_no = false;
      continue;
    }
    // A fresh file for each server: a broken transfer leaves nothing behind in the next one's.
    auto download = impl_->cache.begin(id, name(kind));
    if (!download) return {.note = download.error().line()};
    std::string url = fmt::format("{}/buildid/{}/{}", server, id, name(kind));
    std::string why;
    switch (impl_->ask(url, download->descriptor(), why)) {
      case Reply::got:
        if (auto kept = download->keep(); !kept) return {.note = kept.error().line()};
        return {.path = path, .from = url};
      case Reply::not_there:
        break;
      case Reply::unreachable:
        // Asked for each module, it would cost a time-out each.
        impl_->dead.insert(server);
        [[fallthrough]];
      case Reply::failed:
        all_say_no = false;
        note = fmt::format("{} gave no {}: {}", server, name(kind), why);
        break;
    }
  }
  if (all_say_no) impl_->cache.mark_missing(id, name(kind));
  return {.note = note};
}

void Debuginfod::reject(const Fetched& fetched) const {
  // Only ever called with paths in the cache. The next question goes to the servers again.
  if (!fetched.path.empty()) unlink(fetched.path.c_str());
}

}  // namespace inquest::locate
