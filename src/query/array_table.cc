#include "query/array_table.h"

namespace inquest::query {
namespace {

/// Rows [0, count) in the order in which SQLite compares their keys: the upper half of the
/// addresses is negative to it, and comes first.
class SignedOrder {
 public:
  SignedOrder(const ArrayShape& shape, Sources& sources)
      : shape_(shape), sources_(sources), count_(shape.count(sources)) {
    if (shape.key) first_negative_ = lower_bound_unsigned(uint64_t{1} << 63);
  }

  size_t count() const { return count_; }
  size_t row(size_t i) const {
    if (!shape_.key) return i;
    size_t negative = count_ - first_negative_;
    return i < negative ? first_negative_ + i : i - negative;
  }
  /// The first place whose key is not less.
  size_t lower_bound(int64_t key) const {
    return search(
        [&](size_t i) { return static_cast<int64_t>(shape_.key(sources_, row(i))) < key; });
  }
  /// The row whose range holds an address; count() when none does.
  size_t holder(uint64_t at) const {
    size_t after = search([&](size_t i) { return shape_.key(sources_, i) <= at; });
    if (after == 0) return count_;
    uint64_t offset = at - shape_.key(sources_, after - 1);
    return offset == 0 || offset < shape_.size(sources_, after - 1) ? after - 1 : count_;
  }

 private:
  template <class IsBefore>
  size_t search(IsBefore&& is_before) const {
    size_t first = 0, last = count_;
    while (first < last) {
      size_t middle = first + (last - first) / 2;
      if (is_before(middle)) {
        first = middle + 1;
      } else {
        last = middle;
      }
    }
    return first;
  }
  size_t lower_bound_unsigned(uint64_t key) const {
    return search([&](size_t i) { return shape_.key(sources_, i) < key; });
  }

  const ArrayShape& shape_;
  Sources& sources_;
  size_t count_;
  size_t first_negative_ = 0;
};

class ArrayCursor : public Cursor {
 public:
  ArrayCursor(const ArrayShape& shape, Sources& sources, const Constraints& constraints)
      : shape_(shape), sources_(sources), order_(shape, sources), end_(order_.count()) {
    if (constraints.impossible()) end_ = 0;
    if (shape.size) holds_ = constraints.number(shape.columns.size());
    if (holds_) {
      size_t found = order_.holder(static_cast<uint64_t>(*holds_));
      single_ = found;
      end_ = found == order_.count() ? 0 : std::min(end_, size_t{1});
    } else if (shape.key) {
      Interval wanted = constraints.interval(0);
      if (wanted.empty()) end_ = 0;
      if (wanted.most != std::numeric_limits<int64_t>::max()) {
        end_ = std::min(end_, order_.lower_bound(wanted.most + 1));
      }
      next_ = order_.lower_bound(wanted.least);
    }
  }

  bool next() override {
    if (next_ >= end_) return false;
    row_ = holds_ ? single_ : order_.row(next_);
    ++next_;
    return true;
  }
  void cell(size_t column, Cell& out) override {
    if (column < shape_.columns.size()) return shape_.columns[column].get(sources_, row_, out);
    if (holds_) out.integer(static_cast<uint64_t>(*holds_));
  }
  int64_t row() const override { return static_cast<int64_t>(row_); }

 private:
  const ArrayShape& shape_;
  Sources& sources_;
  SignedOrder order_;
  std::optional<int64_t> holds_;
  size_t single_ = 0, next_ = 0, end_, row_ = 0;
};

std::vector<Column> columns_of(const ArrayShape& shape) {
  std::vector<Column> columns;
  for (const ArrayColumn& one : shape.columns) columns.push_back(one.column);
  if (shape.key && columns.front().search == Search::none) columns.front().search = Search::range;
  if (shape.size) {
    columns.push_back({"holds", Type::address,
                       "hidden: give an address, and get the row whose bytes hold it",
                       Search::argument});
  }
  return columns;
}

class ArrayTable : public Table {
 public:
  explicit ArrayTable(ArrayShape shape)
      : Table(shape.name, shape.about, columns_of(shape)), shape_(std::move(shape)) {}

  std::unique_ptr<Cursor> open(Sources& sources, const Constraints& constraints) const override {
    return std::make_unique<ArrayCursor>(shape_, sources, constraints);
  }
  double guessed_rows() const override { return shape_.guessed_rows; }
  std::optional<size_t> sorted_by() const override {
    if (!shape_.key) return {};
    return 0;
  }

 private:
  ArrayShape shape_;
};

}  // namespace

std::unique_ptr<Table> make_array_table(ArrayShape shape) {
  return std::make_unique<ArrayTable>(std::move(shape));
}

}  // namespace inquest::query
