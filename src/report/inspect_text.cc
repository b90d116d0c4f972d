/// `inspect` for people at a terminal: what it is, its fields, its bytes.
#include <algorithm>

#include "report/page.h"
#include "report/prose.h"
#include "report/report.h"

namespace inquest::report {
namespace {

class InspectText : Page {
 public:
  InspectText(const answer::Inspect& inspect, const TextStyle& style)
      : Page(style), inspect_(inspect) {}

  std::string all() {
    out_ += paint_.bold(wrapped(headline(), "", style_.width));
    out_ += "\n";
    facts();
    if (inspect_.object) object(*inspect_.object);
    bytes();
    warnings(inspect_.warnings);
    return std::move(out_);
  }

 private:
  std::string headline() const {
    std::string text = fmt::format("{} of {}: ", inspect_.at, subject(inspect_.dump));
    const bool is_freed = inspect_.block && inspect_.block->state != "used";
    if (is_freed) text += inspect_.block->state == "unused" ? "unused heap, " : "freed, ";
    if (inspect_.type) return text + clean(inspect_.type->name);
    if (inspect_.variable) return text + clean(inspect_.variable->name);
    if (inspect_.block) return text + fmt::format("a block of {} bytes", inspect_.block->size);
    return text + (inspect_.place == "nowhere" ? "nothing is mapped there" : inspect_.place);
  }

  void fact(std::string_view name, const std::string& text) {
    if (!text.empty()) out_ += fmt::format("  {:<10} {}\n", name, clean(text));
  }

  void facts() {
    if (const auto& block = inspect_.block) {
      std::string text = fmt::format("{} bytes at {}, {}", block->size, block->at, block->state);
      if (inspect_.at != block->at) text += fmt::format(" ({} bytes in)", inspect_.at - block->at);
      if (!block->arena.empty()) text += ", " + block->arena;
      if (!block->allocator.empty()) text += " of " + block->allocator;
      fact("block", text);
    }
    if (const auto& variable = inspect_.variable) {
      std::string text = variable->name;
      if (variable->offset != 0) text += fmt::format(" + {}", variable->offset);
      if (!variable->type.empty()) text += ", " + variable->type;
      fact("variable", text + fmt::format(" at {}", variable->at));
    }
    if (const auto& type = inspect_.type) {
      std::string text = fmt::format("{} ({}", type->name, type->how);
      if (type->percent < 100) text += fmt::format(", {} % sure", type->percent);
      text += ")";
      if (type->at != inspect_.at) text += fmt::format(" at {}", type->at);
      fact("type", text);
      fact("member", type->member);
    }
    fact("code", inspect_.code);
    if (inspect_.thread != 0)
      fact("stack", fmt::format("of thread {}{}{}", inspect_.thread,
                                inspect_.frame.empty() ? "" : ", ", inspect_.frame));
    fact("module", inspect_.module);
    fact("mapping", inspect_.region);
  }

  void object(const answer::Field& object) {
    heading("Fields");
    if (object.fields.empty()) {
      line(object, 0, 0);
      return;
    }
    if (!object.value.empty() || !object.note.empty()) line(object, 0, 0);
    fields(object.fields, 0);
  }

  void fields(const std::vector<answer::Field>& all, size_t level) {
    size_t width = 0;
    for (const answer::Field& field : all)
      if (field.fields.empty()) width = std::max(width, columns(clean(field.name)));
    for (const answer::Field& field : all) {
      line(field, level, std::min<size_t>(width, 24));
      if (level < 64) fields(field.fields, level + 1);
    }
  }

  void line(const answer::Field& field, size_t level, size_t width) {
    std::string name = clean(field.name);
    std::string text(2 + level * 2, ' ');
    text += field.is_base ? paint_.dim(name) : paint_.function(name);
    if (columns(name) < width) text.append(width - columns(name), ' ');
    if (!field.value.empty()) text += (name.empty() ? "" : "  ") + clean(field.value);
    if (!field.is_base && !field.type.empty())
      text += "  " + paint_.dim(shortened(clean(field.type), 60));
    if (!field.note.empty()) text += "  " + paint_.caution("(" + clean(field.note) + ")");
    out_ += text + "\n";
  }

  void bytes() {
    if (inspect_.bytes.empty()) return;
    heading("Bytes");
    for (const answer::HexRow& row : inspect_.bytes) {
      std::string hex, text;
      for (size_t i = 0; i < 16; ++i) {
        if (i == 8) hex += ' ';
        if (i >= row.bytes.size()) {
          hex += "   ";
          continue;
        }
        hex += fmt::format(" {:02x}", row.bytes[i]);
        text += row.bytes[i] >= 0x20 && row.bytes[i] < 0x7f ? static_cast<char>(row.bytes[i]) : '.';
      }
      text.resize(16, ' ');
      out_ += fmt::format("  {} {}  {}", row.at, hex, text);
      for (const std::string& word : row.words) {
        if (!word.empty()) out_ += " " + paint_.dim(shortened(clean(word), 50));
      }
      while (out_.back() == ' ') out_.pop_back();
      out_ += "\n";
    }
  }

  const answer::Inspect& inspect_;
};

}  // namespace

std::string inspect_text(const answer::Inspect& inspect, const TextStyle& style) {
  return InspectText(inspect, style).all();
}

}  // namespace inquest::report
