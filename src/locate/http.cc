#include "locate/http.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <mutex>
#include <semaphore>
#include <strings.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "locate/curl.h"

namespace inquest::locate {
namespace {

using namespace std::chrono_literals;

constexpr long kConnectSeconds = 10;
constexpr int kAttempts = 4;
constexpr std::chrono::milliseconds kFirstPause = 100ms;
constexpr std::ptrdiff_t kTransfersAtOnce = 8;

/// One file's transfer, attempts together, as libcurl's callbacks see it.
struct Transfer {
  int descriptor = -1;
  const Http::Limits* limits = nullptr;
  const std::string* url = nullptr;
  const Http::Progress* progress = nullptr;

  uint64_t written = 0;
  std::string version = {};  ///< ETag (strong) or Last-Modified, of the bytes written so far
  bool packed = false;       ///< Content-Encoding: our bytes are not the server's
  bool starts_over = false;  ///< this attempt is to begin at the file's start, once it answers
  std::string problem = {};  ///< of ours, not of the network
};

bool rewind_file(Transfer& transfer) {
  transfer.starts_over = false;
  transfer.written = 0;
  return ftruncate(transfer.descriptor, 0) == 0 && lseek(transfer.descriptor, 0, SEEK_SET) == 0;
}

size_t on_bytes(char* data, size_t size, size_t count, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  size_t n = size * count, done = 0;
  if (transfer.starts_over && !rewind_file(transfer)) {
    transfer.problem = "the cache cannot be written";
    return 0;
  }
  transfer.written += n;
  if (transfer.written > transfer.limits->largest) {
    transfer.problem = fmt::format("is larger than {}", transfer.limits->largest_advice.empty()
                                                            ? "we take"
                                                            : transfer.limits->largest_advice);
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

bool header_value(std::string_view line, std::string_view name, std::string& value) {
  if (line.size() <= name.size() || line[name.size()] != ':' ||
      strncasecmp(line.data(), name.data(), name.size()) != 0) {
    return false;
  }
  line.remove_prefix(name.size() + 1);
  size_t begin = line.find_first_not_of(" \t"), end = line.find_last_not_of(" \t\r\n");
  value = begin == line.npos ? "" : std::string(line.substr(begin, end - begin + 1));
  return true;
}

size_t on_header(char* data, size_t size, size_t count, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  std::string_view line(data, size * count);
  std::string value;
  if (line.starts_with("HTTP/")) {
    // A new answer: of a redirection, or of the next attempt. 206 goes on, all else starts over.
    transfer.packed = false;
    size_t space = line.find(' ');
    bool goes_on = space != line.npos && line.substr(space + 1, 3) == "206";
    transfer.starts_over = !goes_on && transfer.written > 0;
    if (!goes_on) transfer.version.clear();
  } else if (header_value(line, "ETag", value)) {
    if (!value.starts_with("W/")) transfer.version = value;
  } else if (header_value(line, "Last-Modified", value)) {
    if (transfer.version.empty()) transfer.version = value;
  } else if (header_value(line, "Content-Encoding", value)) {
    transfer.packed = true;
  }
  return size * count;
}

int on_progress(void* context, curl_off_t total, curl_off_t done, curl_off_t, curl_off_t) {
  auto& transfer = *static_cast<Transfer*>(context);
  if (*transfer.progress) {
    (*transfer.progress)(*transfer.url, static_cast<uint64_t>(done), static_cast<uint64_t>(total));
  }
  return 0;
}

struct CurlEnd {
  const Curl* curl = nullptr;
  void operator()(CURL* handle) const { curl->easy_cleanup(handle); }
  void operator()(curl_slist* list) const { curl->slist_free_all(list); }
};
using Handle = std::unique_ptr<CURL, CurlEnd>;

/// Bytes a second.
long slowest_speed(const Http::Limits& limits) {
  return std::max(1L, static_cast<long>(limits.slow_bytes) / std::max(1L, limits.stall_seconds));
}

struct Attempt {
  CURLcode code = CURLE_OK;
  long status = 0;
  std::string error = {};
};

Attempt attempt(const Curl& curl, CURL* handle, Transfer& transfer) {
  curl.easy_reset(handle);  // of options; connections stay
  const Http::Limits& limits = *transfer.limits;
  long seconds = std::max(1L, limits.stall_seconds);
  char error[CURL_ERROR_SIZE] = {};
  std::unique_ptr<curl_slist, CurlEnd> headers{nullptr, CurlEnd{&curl}};
  curl.easy_setopt(handle, CURLOPT_URL, transfer.url->c_str());
  curl.easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl.easy_setopt(handle, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl.easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 1L);
  curl.easy_setopt(handle, CURLOPT_MAXREDIRS, 5L);
  curl.easy_setopt(handle, CURLOPT_FAILONERROR, 1L);
  curl.easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl.easy_setopt(handle, CURLOPT_USERAGENT, "inquest");
  curl.easy_setopt(handle, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  curl.easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, slowest_speed(limits));
  curl.easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, seconds);
  curl.easy_setopt(handle, CURLOPT_ERRORBUFFER, error);
  curl.easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_bytes);
  curl.easy_setopt(handle, CURLOPT_WRITEDATA, &transfer);
  curl.easy_setopt(handle, CURLOPT_HEADERFUNCTION, on_header);
  curl.easy_setopt(handle, CURLOPT_HEADERDATA, &transfer);
  curl.easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
  curl.easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, on_progress);
  curl.easy_setopt(handle, CURLOPT_XFERINFODATA, &transfer);
  if (transfer.written > 0 && !transfer.packed && !transfer.version.empty()) {
    // The rest as it lies there, if it is still the same file; otherwise all of it.
    std::string range = fmt::format("{}-", transfer.written);
    headers.reset(curl.slist_append(nullptr, ("If-Range: " + transfer.version).c_str()));
    headers.reset(curl.slist_append(headers.release(), ("Range: bytes=" + range).c_str()));
    curl.easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
  } else {
    transfer.starts_over = transfer.written > 0;
    curl.easy_setopt(handle, CURLOPT_ACCEPT_ENCODING, "");
  }
  Attempt result;
  result.code = curl.easy_perform(handle);
  curl.easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &result.status);
  curl.easy_setopt(handle, CURLOPT_ERRORBUFFER, nullptr);
  curl.easy_setopt(handle, CURLOPT_HTTPHEADER, nullptr);
  if (error[0]) {
    result.error = error;
  } else if (result.code != CURLE_OK) {
    result.error = curl.easy_strerror(result.code);
  }
  return result;
}

/// Failures that are likely to pass: the line was cut, the server is busy.
bool is_passing(const Attempt& attempt) {
  switch (attempt.code) {
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return true;
    default:
      return attempt.status == 429 || attempt.status == 502 || attempt.status == 503 ||
             attempt.status == 504;
  }
}

Http::Outcome conclude(const Attempt& attempt, const Transfer& transfer) {
  using Reply = Http::Reply;
  if (attempt.code == CURLE_OK && (attempt.status == 200 || attempt.status == 206) &&
      transfer.written > 0) {
    return {Reply::got};
  }
  if (attempt.status == 404 || attempt.status == 410) return {Reply::not_there};
  if (!transfer.problem.empty()) return {Reply::failed, transfer.problem};
  std::string why = attempt.code == CURLE_OK
                        ? fmt::format("answered {} with no file", attempt.status)
                        : attempt.error;
  if (is_passing(attempt) && transfer.written > 0) {
    why = fmt::format("the transfer was cut {} times, at last after {} bytes: {}", kAttempts,
                      transfer.written, why);
  }
  if (attempt.code == CURLE_OPERATION_TIMEDOUT && attempt.status != 0) {
    return {Reply::unreachable,
            fmt::format("is too slow: {} bytes came, in {} s or more less than {} bytes a second",
                        transfer.written, transfer.limits->stall_seconds,
                        slowest_speed(*transfer.limits))};
  }
  if (attempt.status == 0) {
    return {Reply::unreachable, fmt::format("does not answer ({})", why)};
  }
  return {Reply::failed, why};
}

}  // namespace

struct Http::Impl {
  Progress progress;
  mutable std::mutex mutex;
  mutable std::vector<Handle> idle;  // kept: they keep their connections
  mutable std::counting_semaphore<kTransfersAtOnce> slots{kTransfersAtOnce};

  Handle take() const {
    const Curl* curl = load_curl();
    if (!curl) return nullptr;
    {
      std::lock_guard lock(mutex);
      if (!idle.empty()) {
        Handle handle = std::move(idle.back());
        idle.pop_back();
        return handle;
      }
    }
    return Handle(curl->easy_init(), CurlEnd{curl});
  }
  void give_back(Handle handle) const {
    std::lock_guard lock(mutex);
    idle.push_back(std::move(handle));
  }
};

Http::Http(Progress progress) : impl_(new Impl{.progress = std::move(progress)}) {}
Http::~Http() = default;

Http::Outcome Http::get(const std::string& url, int descriptor, const Limits& limits) const {
  impl_->slots.acquire();
  struct Release {
    Impl* impl;
    ~Release() { impl->slots.release(); }
  } release{impl_.get()};
  Handle handle = impl_->take();
  if (!handle) return {Reply::failed, "libcurl.so.4 cannot be loaded: install libcurl4"};
  Transfer transfer{
      .descriptor = descriptor, .limits = &limits, .url = &url, .progress = &impl_->progress};
  Attempt last;
  auto pause = kFirstPause;
  for (int i = 0; i < kAttempts; ++i) {
    last = attempt(*handle.get_deleter().curl, handle.get(), transfer);
    if (!transfer.problem.empty() || !is_passing(last)) break;
    if (i + 1 == kAttempts) break;
    std::this_thread::sleep_for(pause);
    pause *= 2;
  }
  impl_->give_back(std::move(handle));
  return conclude(last, transfer);
}

std::string url_escaped(std::string_view text) {
  std::string escaped;
  for (char c : text) {
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                 c == '-' || c == '.' || c == '_' || c == '~';
    escaped += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return escaped;
}

}  // namespace inquest::locate
