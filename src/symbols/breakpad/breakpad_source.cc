// Breakpad's text. A unit is a function: an index of all is made in one pass over the file, the
// lines and inlined calls are read of the wanted functions only.
#include <algorithm>
#include <atomic>
#include <numeric>

#include "format/breakpad/sym_file.h"
#include "symbols/breakpad/function_symbols.h"
#include "symbols/cache/image_format.h"
#include "symbols/source.h"

namespace inquest::symbols {
namespace {

using breakpad::FunctionPlace;

/// Functions packed as one when all are read.
constexpr size_t kFunctionsAtOnce = 4096;

class BreakpadSource final : public Source {
 public:
  explicit BreakpadSource(std::shared_ptr<const MappedFile> file) : file_(std::move(file)) {}

  uint32_t kinds() const override { return image::kFromBreakpad; }
  bool describes_code() const override { return true; }
  uint64_t bytes() const override { return file_->bytes().size(); }

  uint32_t unit_at(uint32_t rva) override {
    prepare();
    const Interval* segment = find(segments_, rva);
    return segment ? order_[segment->owner] : kNone;
  }

  UnitSymbols unit(uint32_t function) override {
    prepare();
    std::vector<CodeRange> owned;
    // A function owns what lies in its own range, less those that begin inside it.
    const FunctionPlace& place = index_.functions[function];
    auto at = std::upper_bound(segments_.begin(), segments_.end(), place.begin,
                               [](uint32_t rva, const Interval& s) { return rva < s.end; });
    for (; at != segments_.end() && at->begin < place.begin + place.size; ++at) {
      if (order_[at->owner] == function) owned.push_back({at->begin, at->end});
    }
    FunctionSymbols out(file_->bytes(), index_);
    out.add(place, owned);
    return out.take();
  }

  uint32_t each_unit(const Add& add) override {
    prepare();
    std::vector<std::vector<CodeRange>> owned(index_.functions.size());
    for (const Interval& s : segments_) owned[order_[s.owner]].push_back({s.begin, s.end});
    for (size_t begin = 0; begin < owned.size(); begin += kFunctionsAtOnce) {
      FunctionSymbols out(file_->bytes(), index_);
      const size_t end = std::min(owned.size(), begin + kFunctionsAtOnce);
      for (size_t i = begin; i < end; ++i) {
        if (!owned[i].empty()) out.add(index_.functions[i], owned[i]);
      }
      add(out.take());
    }
    return 0;
  }

  void add_symbols(std::vector<SymbolClaim>& out, std::deque<std::string>&) override {
    prepare();
    // Sections are not told: the last symbol reaches a little way.
    constexpr uint32_t kLastReaches = 4096;
    uint32_t end = 0;
    for (const auto& f : index_.functions) end = std::max(end, f.begin + f.size);
    for (const auto& p : index_.publics) {
      end = std::max(end, p.address + std::min(kLastReaches, UINT32_MAX - p.address));
    }
    for (const auto& f : index_.functions) {
      Symbol symbol{.name = f.name, .address = f.begin, .size = f.size, .is_function = true};
      if (f.size && !f.name.empty()) out.push_back({.symbol = symbol, .end = end});
    }
    for (const auto& p : index_.publics) {
      out.push_back({.symbol = {.name = p.name, .address = p.address, .is_function = true},
                     .end = end,
                     .binding = 1});
    }
  }

  std::vector<Warning> warnings() const override {
    if (skipped_ == 0) return {};
    return {{fmt::format("{} damaged lines of {} were skipped", skipped_.load(), file_->path()),
             "make the file anew with dump_syms"}};
  }

 private:
  void prepare() {
    if (prepared_) return;
    prepared_ = true;
    index_ = breakpad::read_index(file_->bytes());
    skipped_ = index_.skipped;
    // Of functions that overlap the one that begins last wins, of those that begin together the
    // shortest: the rank is the owner that `flatten` prefers.
    order_.resize(index_.functions.size());
    std::iota(order_.begin(), order_.end(), 0);
    std::stable_sort(order_.begin(), order_.end(), [&](uint32_t a, uint32_t b) {
      const FunctionPlace &x = index_.functions[a], &y = index_.functions[b];
      return x.begin != y.begin ? x.begin > y.begin : x.size < y.size;
    });
    std::vector<Interval> claims;
    claims.reserve(order_.size());
    for (uint32_t rank = 0; rank < order_.size(); ++rank) {
      const FunctionPlace& f = index_.functions[order_[rank]];
      claims.push_back({f.begin, f.begin + f.size, rank});
    }
    segments_ = flatten(std::move(claims));
  }

  std::shared_ptr<const MappedFile> file_;
  bool prepared_ = false;
  breakpad::SymIndex index_;
  std::atomic<uint64_t> skipped_ = 0;
  std::vector<uint32_t> order_;     // rank -> index of the function
  std::vector<Interval> segments_;  // disjoint; owner: rank
};

}  // namespace

std::unique_ptr<Source> open_breakpad_source(const locate::ModuleFiles& files) {
  if (!files.sym) return nullptr;
  return std::make_unique<BreakpadSource>(files.sym);
}

}  // namespace inquest::symbols
