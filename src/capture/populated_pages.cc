#include "capture/populated_pages.h"

#include <algorithm>
#include <array>
#include <errno.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <utility>

namespace inquest::capture {
namespace {

// Bits of a page map entry.
constexpr uint64_t kPresent = 1ull << 63;
constexpr uint64_t kSwapped = 1ull << 62;
constexpr uint64_t kFile = 1ull << 61;  // page of a file, or shared anonymous

// The scan request; Debian 12's headers are older than it.
struct ScanRequest {
  uint64_t size, flags, start, end, walk_end, regions, region_count, max_pages;
  uint64_t inverted, mask, any_of, returned;
};
struct ScannedRegion {
  uint64_t start, end, categories;
};
static_assert(sizeof(ScanRequest) == 96 && sizeof(ScannedRegion) == 24);
constexpr unsigned long kScan = _IOWR('f', 16, ScanRequest);
constexpr uint64_t kScanFile = 1 << 2, kScanPresent = 1 << 3, kScanSwapped = 1 << 4,
                   kScanZeroPage = 1 << 5;

void append(std::vector<AddressRange>& runs, AddressRange run) {
  if (run.empty()) return;
  if (!runs.empty() && runs.back().end == run.begin) {
    runs.back().end = run.end;
  } else {
    runs.push_back(run);
  }
}

}  // namespace

uint64_t page_size() {
  static const auto size = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  return size;
}

Result<PopulatedPages> PopulatedPages::open(pid_t thread) {
  std::string path = fmt::format("/proc/{}/pagemap", thread);
  int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return fail(Error{.what = ::strerror(errno), .file = path});
  return PopulatedPages(file);
}

PopulatedPages::PopulatedPages(PopulatedPages&& other) noexcept
    : file_(std::exchange(other.file_, -1)), can_scan_(other.can_scan_) {}

PopulatedPages::~PopulatedPages() {
  if (file_ >= 0) ::close(file_);
}

std::optional<std::vector<AddressRange>> PopulatedPages::runs(AddressRange range, Want want) {
  if (can_scan_) {
    if (auto found = scan(range, want)) return found;
    can_scan_ = false;  // an older kernel
  }
  return read_entries(range, want);
}

std::optional<std::vector<AddressRange>> PopulatedPages::scan(AddressRange range, Want want) {
  std::vector<AddressRange> runs;
  std::vector<ScannedRegion> regions(1024);
  ScanRequest request{};
  request.size = sizeof request;
  request.start = range.begin.value;
  request.end = range.end.value;
  request.regions = reinterpret_cast<uint64_t>(regions.data());
  request.region_count = regions.size();
  // Not the shared page of zeros; for `modified` not a page of the file either.
  request.inverted = kScanZeroPage | (want == Want::modified ? kScanFile : 0);
  request.mask = request.inverted;
  request.any_of = kScanPresent | kScanSwapped;
  request.returned = kScanPresent;
  while (request.start < range.end.value) {
    int count = ::ioctl(file_, kScan, &request);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return {};
    for (int i = 0; i < count; ++i) append(runs, {{regions[i].start}, {regions[i].end}});
    if (request.walk_end <= request.start) break;
    request.start = request.walk_end;
  }
  return runs;
}

std::optional<std::vector<AddressRange>> PopulatedPages::read_entries(AddressRange range,
                                                                      Want want) const {
  const uint64_t page = page_size();
  std::vector<AddressRange> runs;
  std::vector<uint64_t> entries(64 * 1024);
  uint64_t at = range.begin.value;
  while (at < range.end.value) {
    uint64_t pages = std::min<uint64_t>(entries.size(), (range.end.value - at) / page);
    if (pages == 0) break;
    ssize_t got = ::pread(file_, entries.data(), pages * sizeof(uint64_t),
                          static_cast<off_t>(at / page * sizeof(uint64_t)));
    if (got < 0 && errno == EINTR) continue;
    if (got < static_cast<ssize_t>(sizeof(uint64_t))) return {};
    pages = static_cast<uint64_t>(got) / sizeof(uint64_t);
    for (uint64_t i = 0; i < pages; ++i) {
      bool wanted = (entries[i] & (kPresent | kSwapped)) != 0;
      if (want == Want::modified && (entries[i] & kFile)) wanted = false;
      if (wanted) append(runs, {{at + i * page}, {at + (i + 1) * page}});
    }
    at += pages * page;
  }
  return runs;
}

std::optional<std::vector<AddressRange>> data_of_mapped_file(pid_t thread, AddressRange range,
                                                             uint64_t offset) {
  std::string path =
      fmt::format("/proc/{}/map_files/{:x}-{:x}", thread, range.begin.value, range.end.value);
  int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return {};
  const uint64_t page = page_size();
  std::vector<AddressRange> runs;
  uint64_t at = offset;
  const uint64_t end = offset + range.size();
  while (at < end) {
    off_t data = ::lseek(file, static_cast<off_t>(at), SEEK_DATA);
    if (data < 0 || static_cast<uint64_t>(data) >= end) break;  // ENXIO: only holes are left
    off_t hole = ::lseek(file, data, SEEK_HOLE);
    if (hole <= data) break;
    uint64_t first = (static_cast<uint64_t>(data) - offset) / page * page;
    uint64_t last = std::min<uint64_t>(static_cast<uint64_t>(hole), end) - offset;
    append(runs, {range.begin + first, range.begin + (last + page - 1) / page * page});
    at = static_cast<uint64_t>(hole);
  }
  ::close(file);
  return runs;
}

}  // namespace inquest::capture
