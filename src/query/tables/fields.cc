// The members of typed objects, a member a row: bases and members of members too.
#include <algorithm>

#include "base/limits.h"
#include "cause/object_space.h"
#include "query/tables/tables.h"
#include "query/typed.h"
#include "query/values.h"

namespace inquest::query {
namespace {

enum FieldColumn : size_t {
  kFieldObject,
  kFieldElement,
  kFieldPath,
  kFieldOffset,
  kFieldType,
  kFieldValue,
  kFieldPointer
};

struct Field {
  std::string path = {};
  uint64_t offset = 0;
  symbols::TypeId type = {};
  symbols::Member member = {};
};

/// The members that hold values of a class, in order of offset; those of a type are found once.
class Layout {
 public:
  Layout(const symbols::TypeReader& reader, symbols::TypeId type) : reader_(reader) {
    add(type, "", 0, 0);
    std::ranges::stable_sort(fields_, {}, &Field::offset);
  }
  const std::vector<Field>& fields() const { return fields_; }

 private:
  static constexpr size_t kMostFields = 4096, kDeepest = 16;

  void add(symbols::TypeId type, const std::string& path, uint64_t offset, size_t depth) {
    symbols::TypeId plain = reader_.resolve(type);
    for (const symbols::Member& member : reader_.members(plain)) {
      if (fields_.size() >= kMostFields) return;
      if (member.is_virtual_base) continue;
      std::string name = path;
      if (!member.name.empty()) name += (path.empty() ? "" : ".") + member.name;
      symbols::TypeKind kind = reader_.type(reader_.resolve(member.type)).kind;
      bool is_class = kind == symbols::TypeKind::class_ || kind == symbols::TypeKind::union_;
      if (is_class && depth < kDeepest) {
        add(member.type, name, offset + member.offset, depth + 1);
      } else {
        fields_.push_back({name, offset + member.offset, member.type, member});
      }
    }
  }

  const symbols::TypeReader& reader_;
  std::vector<Field> fields_;
};

class FieldsCursor : public Cursor {
 public:
  FieldsCursor(Sources& sources, const Constraints& constraints)
      : sources_(sources), typed_(Typed::of(sources)), last_(typed_.blocks().size()) {
    if (constraints.impossible()) last_ = 0;
    if (auto at = constraints.number(kFieldObject)) narrow({static_cast<uint64_t>(*at)});
  }

  bool next() override {
    ++field_;
    while (!layout_ || field_ >= layout_->fields().size()) {
      field_ = 0;
      if (layout_ && ++element_ < elements_.count) continue;
      if (!enter_next_block()) return false;
    }
    return true;
  }

  void cell(size_t column, Cell& out) override {
    const Field& field = layout_->fields()[field_];
    switch (column) {
      case kFieldObject:
        return out.address(block().address());
      case kFieldElement:
        return out.integer(element_);
      case kFieldPath:
        return out.text(field.path);
      case kFieldOffset:
        return out.integer(offset());
      case kFieldType:
        if (field.type) out.text_if_any(reader_->type(field.type).name);
        return;
      case kFieldValue:
        return out.text_if_any(value().value);
      case kFieldPointer:
        if (auto pointer = pointer_in(value())) out.integer(*pointer);
        return;
    }
  }

  int64_t row() const override {
    return static_cast<int64_t>((block().begin + offset()) << 8 | (field_ & 0xFF));
  }

 private:
  void narrow(Address at) {
    const heap::Block* block = sources_.heaps().block_at(at);
    auto id = block ? static_cast<objects::BlockId>(block - sources_.heaps().blocks.data()) : 0;
    auto found = std::ranges::equal_range(typed_.blocks(), id);
    next_ = static_cast<size_t>(found.begin() - typed_.blocks().begin());
    last_ = block ? std::min(last_, next_ + found.size()) : next_;
  }

  const heap::Block& block() const { return sources_.heaps().blocks[typed_.blocks()[next_ - 1]]; }
  uint64_t offset() const {
    return elements_.first + element_ * info_->size + layout_->fields()[field_].offset;
  }

  bool enter_next_block() {
    while (next_ < last_ && !sources_.interrupted()) {
      objects::BlockType type = typed_.typing().of(typed_.blocks()[next_++]);
      const objects::TypeInfo* info = typed_.info(type.type);
      if (!info || !info->reader || !info->id) continue;
      if (info != info_) layout_ = std::make_unique<Layout>(*info->reader, info->id);
      info_ = info;
      if (reader_ != info->reader) {
        reader_ = info->reader;
        values_.emplace(cause::object_space(sources_.process(), *reader_),
                        objects::ValueOptions{.depth = 0, .width = 0});
      }
      unsigned word = snapshot::pointer_size(sources_.process().arch());
      elements_ = elements_of(type, info->size, block().size, word);
      element_ = 0;
      if (elements_.count > 0) return true;
    }
    return false;
  }

  objects::Field value() {
    const Field& field = layout_->fields()[field_];
    return shown(values_->read_member({block().address() + offset(), {field.type, 0}},
                                      field.member.bit_size, field.member.bit_offset));
  }

  Sources& sources_;
  const Typed& typed_;
  size_t next_ = 0, last_;
  const objects::TypeInfo* info_ = nullptr;
  const symbols::TypeReader* reader_ = nullptr;
  std::unique_ptr<Layout> layout_ = {};
  Elements elements_ = {};
  uint64_t element_ = 0;
  size_t field_ = 0;
  std::optional<objects::ValueReader> values_ = {};  ///< of reader_
};

class FieldsTable : public Table {
 public:
  FieldsTable()
      : Table("fields", "the members of typed objects, where debug information describes the type",
              {{"object", Type::address, "objects.address", Search::equal, 20},
               {"element", Type::integer, "which of an array"},
               {"path", Type::text, "stats.rank"},
               {"offset", Type::integer, "in the block"},
               {"type", Type::text, "of the member"},
               {"value", Type::text, "of numbers, enumerations, pointers, text in place"},
               {"pointer", Type::address, "what a pointer or reference points to"}}) {}

  std::unique_ptr<Cursor> open(Sources& sources, const Constraints& constraints) const override {
    return std::make_unique<FieldsCursor>(sources, constraints);
  }
  double guessed_rows() const override { return 1e7; }
};

}  // namespace

std::unique_ptr<Table> fields_table() { return std::make_unique<FieldsTable>(); }

}  // namespace inquest::query
