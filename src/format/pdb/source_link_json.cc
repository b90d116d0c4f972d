// Source Link: {"documents": {"C:\\src\\*": "https://host/repository/commit/*"}}.
// Source: Microsoft "Source Link", "Source Link JSON schema" (dotnet/designs).
#include <algorithm>
#include <nlohmann/json.hpp>

#include "format/pdb/source_links.h"

namespace inquest::pdb {
namespace {

constexpr size_t kMostDocuments = 4096;  // one a repository and submodule

struct Document {
  std::string path;  ///< comparable; of a pattern without its '*'
  bool is_pattern = false;
  std::string before, after;  ///< of the URL, around its '*'
  bool url_has_star = false;
};

/// What follows the prefix, as the path of a URL: slashes stay, the rest that is not plain is
/// encoded.
std::string encoded(std::string_view path) {
  std::string out;
  for (char c : path) {
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                 c == '-' || c == '.' || c == '_' || c == '~' || c == '/';
    if (plain) {
      out += c;
    } else if (c == '\\') {
      out += '/';
    } else {
      out += fmt::format("%{:02X}", static_cast<uint8_t>(c));
    }
  }
  return out;
}

class SourceLinkJson final : public SourceLinks {
 public:
  explicit SourceLinkJson(std::vector<Document> documents) : documents_(std::move(documents)) {
    // The longest prefix wins; a whole name goes before all of them.
    std::ranges::stable_sort(documents_, [](const Document& a, const Document& b) {
      if (a.is_pattern != b.is_pattern) return !a.is_pattern;
      return a.path.size() > b.path.size();
    });
  }

  SourcePlace find(std::string_view file) const override {
    const std::string wanted = comparable_path(file);
    for (const Document& document : documents_) {
      bool matches =
          document.is_pattern ? wanted.starts_with(document.path) : wanted == document.path;
      if (!matches) continue;
      std::string url = document.before;
      if (document.url_has_star) {
        if (document.is_pattern) url += encoded(file.substr(document.path.size()));
        url += document.after;
      }
      if (!is_shown_url(url)) return {};
      return {.url = std::move(url)};
    }
    return {};
  }

 private:
  std::vector<Document> documents_;
};

}  // namespace

std::unique_ptr<const SourceLinks> parse_source_link(std::string_view json) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (json.starts_with(kByteOrderMark)) json.remove_prefix(kByteOrderMark.size());
  while (json.ends_with('\0')) json.remove_suffix(1);
  auto read = nlohmann::json::parse(json, nullptr, false);
  if (read.is_discarded() || !read.is_object()) return nullptr;
  auto found = read.find("documents");
  if (found == read.end() || !found->is_object()) return nullptr;
  std::vector<Document> documents;
  for (const auto& [path, target] : found->items()) {
    if (!target.is_string() || documents.size() >= kMostDocuments) continue;
    const auto& url = target.get_ref<const std::string&>();
    const size_t star = url.find('*');
    Document document{.path = comparable_path(path)};
    document.is_pattern = document.path.ends_with('*');
    if (document.is_pattern) document.path.pop_back();
    if (document.path.find('*') != std::string::npos) continue;  // only the end may be open
    document.before = url.substr(0, star);
    document.url_has_star = star != std::string::npos;
    if (document.url_has_star) document.after = url.substr(star + 1);
    documents.push_back(std::move(document));
  }
  if (documents.empty()) return nullptr;
  return std::make_unique<SourceLinkJson>(std::move(documents));
}

}  // namespace inquest::pdb
