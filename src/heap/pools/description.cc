#include "heap/pools/description.h"

#include <algorithm>
#include <charconv>
#include <set>

namespace inquest::heap {
namespace {

constexpr size_t kMostPools = 4096;
constexpr uint64_t kLargestBlock = uint64_t{1} << 40;
constexpr uint64_t kMostBlocks = uint64_t{1} << 27;

std::optional<uint64_t> number_in(std::string_view text) {
  bool is_hex = text.starts_with("0x") || text.starts_with("0X");
  if (is_hex) text.remove_prefix(2);
  uint64_t value = 0;
  auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, is_hex ? 16 : 10);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

std::string printable(std::string_view text) {
  constexpr size_t kMost = 60;
  std::string out;
  for (char c : text.substr(0, kMost)) out += c >= ' ' && c < 0x7f ? c : '?';
  return out;
}

/// One line: its words, and what they say.
class Line {
 public:
  Line(std::string_view text, size_t number, const std::string& file)
      : rest_(text), number_(number), file_(file) {}

  /// Absent when nothing stands in the line.
  Result<std::optional<PoolDescription>> parse() {
    std::string word = TRY(next_word());
    if (word.empty()) return std::optional<PoolDescription>();
    if (word != "pool")
      return wrong("a line begins with \"pool\", not with \"" + printable(word) + "\"");
    pool_.line = number_;
    pool_.name = TRY(value_of("pool"));
    for (word = TRY(next_word()); !word.empty(); word = TRY(next_word())) TRY(take(word));
    TRY(check());
    return std::optional(std::move(pool_));
  }

 private:
  tl::unexpected<Error> wrong(std::string what, std::string advice = {}) const {
    return inquest::fail(Error{.what = std::move(what),
                               .file = file_,
                               .stream = "line " + std::to_string(number_),
                               .advice = std::move(advice)});
  }

  /// Empty at the end of the line.
  Result<std::string> next_word() {
    constexpr std::string_view kBlanks = " \t\r";
    size_t begin = rest_.find_first_not_of(kBlanks);
    if (begin == rest_.npos || rest_[begin] == '#') return std::string();
    rest_.remove_prefix(begin);
    if (rest_.front() == '"') {
      size_t end = rest_.find('"', 1);
      if (end == rest_.npos) return wrong("a quote is not closed");
      if (end == 1) return wrong("there is nothing between the quotes");
      std::string word(rest_.substr(1, end - 1));
      rest_.remove_prefix(end + 1);
      return word;
    }
    size_t end = std::min(rest_.find_first_of(kBlanks), rest_.size());
    std::string word(rest_.substr(0, end));
    rest_.remove_prefix(end);
    return word;
  }

  Result<std::string> value_of(std::string_view key) {
    std::string word = TRY(next_word());
    if (word.empty()) return wrong("\"" + std::string(key) + "\" has nothing behind it");
    return word;
  }
  Result<uint64_t> number_of(std::string_view key, uint64_t most) {
    std::string word = TRY(value_of(key));
    auto value = number_in(word);
    if (!value)
      return wrong("\"" + printable(word) + "\" behind \"" + std::string(key) +
                   "\" is not a number");
    if (*value > most) {
      return wrong("\"" + std::string(key) + " " + printable(word) + "\" is more than " +
                   std::to_string(most));
    }
    return *value;
  }

  Result<Place> place_of(std::string_view key) {
    std::string word = TRY(value_of(key));
    std::string_view text = word;
    Place place;
    if (text.starts_with('*')) {
      place.is_pointer_there = true;
      text.remove_prefix(1);
    }
    auto bad = [&] {
      return wrong(
          "\"" + printable(word) + "\" behind \"" + std::string(key) + "\" is no place",
          "a place is a symbol or 0xADDRESS, with +OFFSET behind it, with * before it for the "
          "pointer stored there");
    };
    if (size_t plus = text.rfind('+'); plus != text.npos && plus != 0) {
      auto offset = number_in(text.substr(plus + 1));
      if (!offset) return bad();
      place.offset = *offset;
      text = text.substr(0, plus);
    }
    if (text.empty()) return bad();
    if (text.front() >= '0' && text.front() <= '9') {
      auto address = number_in(text);
      if (!address || !text.starts_with("0x")) return bad();
      place.offset += *address;
    } else {
      place.symbol = text;
    }
    return place;
  }

  Result<> take(const std::string& key) {
    if (!seen_.insert(key).second) return wrong("\"" + printable(key) + "\" stands twice");
    if (key == "type") {
      pool_.type = TRY(value_of(key));
    } else if (key == "size") {
      pool_.size = TRY(number_of(key, kLargestBlock));
    } else if (key == "stride") {
      pool_.stride = TRY(number_of(key, kLargestBlock));
    } else if (key == "count") {
      pool_.count = TRY(number_of(key, kMostBlocks));
    } else if (key == "link") {
      pool_.link = TRY(number_of(key, kLargestBlock));
    } else if (key == "at") {
      pool_.at = TRY(place_of(key));
    } else if (key == "end") {
      pool_.end = TRY(place_of(key));
    } else if (key == "free") {
      pool_.free = TRY(place_of(key));
    } else {
      return wrong("\"" + printable(key) +
                   "\" is not one of size, stride, at, count, end, type, free, link");
    }
    return {};
  }

  Result<> check() {
    for (const char* key : {"size", "at"}) {
      if (!seen_.contains(key))
        return wrong("pool " + printable(pool_.name) + " has no \"" + key + "\"");
    }
    if (pool_.size == 0) return wrong("a block has more than 0 bytes");
    if (pool_.count.has_value() == pool_.end.has_value()) {
      return wrong("pool " + printable(pool_.name) + " needs either \"count\" or \"end\"");
    }
    if (pool_.count == 0u) return wrong("a pool has more than 0 blocks");
    if (!seen_.contains("stride")) pool_.stride = pool_.size;
    if (pool_.stride < pool_.size)
      return wrong("\"stride\" is less than \"size\": blocks would overlap");
    if (seen_.contains("link") && !pool_.free)
      return wrong("\"link\" is of a list: \"free\" is missing");
    if (pool_.free && pool_.link >= pool_.stride)
      return wrong("\"link\" lies behind the end of a block");
    return {};
  }

  std::string_view rest_;
  size_t number_;
  const std::string& file_;
  PoolDescription pool_;
  std::set<std::string> seen_;
};

}  // namespace

std::string Place::text() const {
  std::string out = is_pointer_there ? "*" : "";
  if (symbol.empty()) return out + fmt::format("{:#x}", offset);
  return out + symbol + (offset == 0 ? "" : fmt::format("+{:#x}", offset));
}

Result<std::vector<PoolDescription>> parse_pools(std::string_view text, const std::string& file) {
  std::vector<PoolDescription> pools;
  for (size_t number = 1; !text.empty(); ++number) {
    size_t end = std::min(text.find('\n'), text.size());
    auto pool = TRY(Line(text.substr(0, end), number, file).parse());
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!pool) continue;
    if (pools.size() == kMostPools) {
      return fail(Error{.what = fmt::format("more than {} pools", kMostPools), .file = file});
    }
    pools.push_back(*std::move(pool));
  }
  if (pools.empty())
    return fail(Error{.what = "no pool is described", .file = file, .advice = "see docs/pools.md"});
  return pools;
}

}  // namespace inquest::heap
