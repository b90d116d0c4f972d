#include "format/pdb/source_links.h"

#include <algorithm>

#include "format/pdb/named_streams.h"

namespace inquest::pdb {
namespace {

constexpr uint64_t kLargestJson = 1 << 20;  // a line a repository; a parsed one takes a hundredfold
constexpr uint64_t kLargestIndex = 256 << 20;  // a line a file; the largest seen have 30 MB
constexpr size_t kLongestUrl = 2048;

/// The first that knows a file says it.
class AllLinks final : public SourceLinks {
 public:
  explicit AllLinks(std::vector<std::unique_ptr<const SourceLinks>> links)
      : links_(std::move(links)) {}
  SourcePlace find(std::string_view file) const override {
    SourcePlace best;
    for (const auto& links : links_) {
      SourcePlace place = links->find(file);
      if (!place.url.empty()) return place;
      if (best.empty()) best = std::move(place);
    }
    return best;
  }

 private:
  std::vector<std::unique_ptr<const SourceLinks>> links_;
};

std::string_view text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

std::string comparable_path(std::string_view path) {
  std::string out(path);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    if (c == '/') c = '\\';
  }
  return out;
}

bool is_shown_url(std::string_view url) {
  if (!url.starts_with("https://") && !url.starts_with("http://")) return false;
  return url.size() <= kLongestUrl &&
         std::ranges::all_of(url, [](char c) { return c > ' ' && c < 0x7f; });
}

std::unique_ptr<const SourceLinks> read_source_links(const Msf& msf) {
  std::vector<std::unique_ptr<const SourceLinks>> all;
  auto add = [&](std::unique_ptr<const SourceLinks> links) {
    if (links) all.push_back(std::move(links));
  };
  for (const NamedStream& named : named_streams(msf)) {
    const uint64_t size = msf.size(named.stream);
    bool is_link = named.name == "sourcelink" || named.name.starts_with("sourcelink$");
    if (is_link && size <= kLargestJson) {
      add(parse_source_link(text_of(StreamBytes(msf, named.stream).bytes())));
    } else if (named.name == "srcsrv" && size <= kLargestIndex) {
      add(parse_srcsrv(text_of(StreamBytes(msf, named.stream).bytes())));
    }
  }
  if (all.empty()) return nullptr;
  return std::make_unique<AllLinks>(std::move(all));
}

}  // namespace inquest::pdb
