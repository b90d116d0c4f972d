#include "locate/symbol_servers.h"

#include <ctime>
#include <filesystem>
#include <map>
#include <mutex>
#include <set>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mapped_file.h"
#include "locate/new_file.h"
#include "locate/packed_file.h"

namespace inquest::locate {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kLargest = uint64_t{8} << 30;
constexpr long kStallSeconds = 15;
constexpr uint64_t kSlowBytes = 15'000;  // in so many seconds; debuginfod's clients allow as little
constexpr std::string_view kCacheAdvice =
    "name a folder that can be written, as in srv*FOLDER*URL, or set XDG_CACHE_HOME";

/// A folder name for a server: what is no letter or digit becomes '_'.
std::string folder_name(std::string_view url) {
  std::string name(url.substr(0, 150));
  for (char& c : name) {
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '.' && c != '-') c = '_';
  }
  return name;
}

std::string escaped_path(std::string_view relative) {
  std::string escaped;
  while (true) {
    size_t slash = relative.find('/');
    escaped += url_escaped(relative.substr(0, slash));
    if (slash == relative.npos) return escaped;
    escaped += '/';
    relative.remove_prefix(slash + 1);
  }
}

/// How asking one server ended.
struct Answer {
  Http::Reply reply = Http::Reply::not_there;
  std::string path = {}, from = {};
  std::string why = {};
};

}  // namespace

struct SymbolServers::Impl {
  std::vector<ServerEntry> servers;
  long miss_seconds;
  Http http;
  NameLocks files = {};
  std::mutex mutex = {};
  std::set<std::string> dead = {};               // not asked again
  std::map<std::string, bool> three_level = {};  // by URL, once asked

  std::string mark_path(const ServerEntry& server, const StoreKey& key) const {
    return server.caches[0] + "/.missing/" + folder_name(server.url) + "/" + key.relative();
  }
  bool known_missing(const ServerEntry& server, const StoreKey& key) const {
    struct stat status{};
    return stat(mark_path(server, key).c_str(), &status) == 0 &&
           std::time(nullptr) - status.st_mtime <= miss_seconds;
  }
  void mark_missing(const ServerEntry& server, const StoreKey& key) const {
    // A failure costs one more question next time, nothing else.
    if (auto mark = NewFile::begin(mark_path(server, key), {})) (void)mark->keep(0644);
  }
  bool is_dead(const std::string& url) {
    std::lock_guard lock(mutex);
    return dead.contains(url);
  }
  /// True for who finds it first: one warning is enough.
  bool bury(const std::string& url) {
    std::lock_guard lock(mutex);
    return dead.insert(url).second;
  }

  Http::Outcome get(const std::string& url, int descriptor) const {
    return http.get(
        url, descriptor,
        {.largest = kLargest, .stall_seconds = kStallSeconds, .slow_bytes = kSlowBytes});
  }
  bool has_three_levels(const ServerEntry& server);
  Answer ask(const ServerEntry& server, const StoreKey& key, const Refuse& refuse);
  Answer download(const ServerEntry& server, const StoreKey& key, const std::string& url,
                  const Refuse& refuse) const;
  Answer follow_pointer(const ServerEntry& server, const StoreKey& key, const std::string& url,
                        const Refuse& refuse) const;
};

bool SymbolServers::Impl::has_three_levels(const ServerEntry& server) {
  auto held = files.hold(server.url);
  {
    std::lock_guard lock(mutex);
    auto known = three_level.find(server.url);
    if (known != three_level.end()) return known->second;
  }
  bool has = false;
  if (auto file = NewFile::begin(server.caches[0] + "/.index2", kCacheAdvice)) {
    has = get(server.url + "/index2.txt", file->descriptor()).reply == Http::Reply::got;
  }
  std::lock_guard lock(mutex);
  return three_level[server.url] = has;
}

/// Downloads to a temporary file, unpacks it if it is packed, has it checked, gives it its name.
Answer SymbolServers::Impl::download(const ServerEntry& server, const StoreKey& key,
                                     const std::string& url, const Refuse& refuse) const {
  std::string path = server.caches[0] + "/" + key.relative();
  auto file = NewFile::begin(path, kCacheAdvice);
  if (!file) return {.reply = Http::Reply::failed, .why = file.error().line()};
  Http::Outcome outcome = get(url, file->descriptor());
  if (outcome.reply != Http::Reply::got) return {.reply = outcome.reply, .why = outcome.why};

  auto failed = [](std::string why) {
    return Answer{.reply = Http::Reply::failed, .why = std::move(why)};
  };
  auto mapped = MappedFile::from_descriptor(file->descriptor(), url);
  if (!mapped) return failed(mapped.error().what);
  std::optional<NewFile> plain;
  if (std::string_view packing = packing_name((*mapped)->bytes()); !packing.empty()) {
    auto unpacked = NewFile::begin(path, kCacheAdvice);
    if (!unpacked) return failed(unpacked.error().line());
    plain.emplace(*std::move(unpacked));
    auto done = unpack_file((*mapped)->bytes(), key.file, plain->descriptor(), kLargest, url);
    if (!done) return failed(fmt::format("the {} cannot be used: {}", packing, done.error().what));
  }
  NewFile& result = plain ? *plain : *file;
  if (std::string why = refuse(result.temporary_path()); !why.empty()) {
    return failed("what it gave is not that file: it " + why);
  }
  if (auto kept = result.keep(0444); !kept) return failed(kept.error().line());
  return {.reply = Http::Reply::got, .path = path, .from = url};
}

Answer SymbolServers::Impl::follow_pointer(const ServerEntry& server, const StoreKey& key,
                                           const std::string& url, const Refuse& refuse) const {
  auto file = NewFile::begin(server.caches[0] + "/" + key.relative(), kCacheAdvice);
  if (!file) return {.reply = Http::Reply::failed, .why = file.error().line()};
  Http::Outcome outcome = get(url, file->descriptor());
  if (outcome.reply != Http::Reply::got) return {.reply = outcome.reply, .why = outcome.why};
  auto failed = [](std::string why) {
    return Answer{.reply = Http::Reply::failed, .why = std::move(why)};
  };
  auto mapped = MappedFile::from_descriptor(file->descriptor(), url);
  if (!mapped) return failed(mapped.error().what);
  Pointer pointer = read_pointer((*mapped)->bytes());
  if (!pointer.message.empty()) return failed("its file.ptr says: " + pointer.message);
  if (is_url(pointer.path)) return download(server, key, pointer.path, refuse);
  bool is_windows = pointer.path.find('\\') != pointer.path.npos;
  if (!pointer.path.starts_with('/') && !is_windows && !pointer.path.empty()) {
    return download(server, key, server.url + "/" + escaped_path(pointer.path), refuse);
  }
  std::error_code error;
  if (!fs::is_regular_file(pointer.path, error)) {
    return failed(fmt::format("its file.ptr points to {}, which this machine cannot reach",
                              pointer.path.empty() ? "nothing" : pointer.path));
  }
  if (std::string why = refuse(pointer.path); !why.empty()) {
    return failed(fmt::format("its file.ptr points to {}, which {}", pointer.path, why));
  }
  return {.reply = Http::Reply::got, .path = pointer.path, .from = pointer.path};
}

Answer SymbolServers::Impl::ask(const ServerEntry& server, const StoreKey& key,
                                const Refuse& refuse) {
  std::string plain = server.url + "/" + escaped_path(key.relative());
  Answer answer = download(server, key, plain, refuse);
  if (answer.reply != Http::Reply::not_there) return answer;

  std::string folder = key.name + "/" + key.id + "/";
  if (has_three_levels(server)) {
    folder = key.name.substr(0, 2) + "/" + folder;
    answer = download(server, key, server.url + "/" + escaped_path(folder + key.file), refuse);
    if (answer.reply != Http::Reply::not_there) return answer;
  }
  // Only SymSrv packs and points; Breakpad's files lie as they are.
  if (key.name == key.file) {
    std::string base = server.url + "/" + escaped_path(folder);
    answer = download(server, key, base + url_escaped(packed_name(key.file)), refuse);
    if (answer.reply != Http::Reply::not_there) return answer;
    answer = follow_pointer(server, key, base + "file.ptr", refuse);
    if (answer.reply != Http::Reply::not_there) return answer;
  }
  std::string lower = server.url + "/" + escaped_path(lower_case(key.relative()));
  return lower == plain ? answer : download(server, key, lower, refuse);
}

SymbolServers::SymbolServers(std::vector<ServerEntry> servers, long miss_seconds,
                             Http::Progress progress)
    : impl_(new Impl{.servers = std::move(servers),
                     .miss_seconds = miss_seconds,
                     .http = Http(std::move(progress))}) {}

SymbolServers::~SymbolServers() = default;

bool SymbolServers::empty() const { return impl_->servers.empty(); }

SymbolServers::Fetched SymbolServers::fetch(const StoreKey& key, const Refuse& refuse) const {
  Fetched fetched;
  if (impl_->servers.empty()) return fetched;
  auto held = impl_->files.hold(key.relative());
  for (const ServerEntry& server : impl_->servers) {
    if (server.caches.empty()) {
      fetched.problems.push_back(
          fmt::format("{} was not asked: there is no cache folder; {}", server.url, kCacheAdvice));
      continue;
    }
    // Another thread may have fetched it while this one waited.
    std::string cached = server.caches[0] + "/" + key.relative();
    std::error_code error;
    if (fs::is_regular_file(cached, error) && refuse(cached).empty()) {
      fetched.path = fetched.from = cached;
      return fetched;
    }
    if (impl_->is_dead(server.url)) continue;
    if (impl_->known_missing(server, key)) {
      fetched.asked.push_back(server.url);
      continue;
    }
    Answer answer = impl_->ask(server, key, refuse);
    switch (answer.reply) {
      case Http::Reply::got:
        fetched.path = answer.path;
        fetched.from = answer.from;
        return fetched;
      case Http::Reply::not_there:
        impl_->mark_missing(server, key);
        fetched.asked.push_back(server.url);
        break;
      case Http::Reply::unreachable:
        // Asked for each module, it would cost a time-out each.
        if (!impl_->bury(server.url)) break;
        fetched.problems.push_back(
            fmt::format("the symbol server {} {}; it was not asked again", server.url, answer.why));
        break;
      case Http::Reply::failed:
        fetched.problems.push_back(
            fmt::format("the symbol server {} gave no {}: {}", server.url, key.file, answer.why));
        break;
    }
  }
  return fetched;
}

}  // namespace inquest::locate
