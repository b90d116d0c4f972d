#include "symbols/map/map_file.h"

#include <algorithm>
#include <cstring>
#include <map>

namespace inquest::symbols {
namespace {

/// Line after line, word after word.
class Text {
 public:
  explicit Text(Bytes bytes) : rest_(reinterpret_cast<const char*>(bytes.data()), bytes.size()) {}
  bool next(std::string_view& line) {
    if (rest_.empty()) return false;
    const size_t end = std::min(rest_.find('\n'), rest_.size());
    line = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    return true;
  }

 private:
  std::string_view rest_;
};

std::string_view next_word(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  std::string_view word = line.substr(0, line.find_first_of(" \t"));
  line.remove_prefix(word.size());
  return word;
}

/// The whole word, with or without 0x or a trailing H; false when it is no number.
bool hex(std::string_view word, uint64_t& value) {
  if (word.starts_with("0x")) word.remove_prefix(2);
  if (word.ends_with('H')) word.remove_suffix(1);
  if (word.empty() || word.size() > 16) return false;
  value = 0;
  for (char c : word) {
    unsigned digit = c >= '0' && c <= '9'   ? static_cast<unsigned>(c - '0')
                     : c >= 'a' && c <= 'f' ? static_cast<unsigned>(c - 'a') + 10
                     : c >= 'A' && c <= 'F' ? static_cast<unsigned>(c - 'A') + 10
                                            : 16;
    if (digit == 16) return false;
    value = value << 4 | digit;
  }
  return true;
}

/// "0001:00000010": a section's number and an offset in it.
bool place(std::string_view word, uint64_t& section, uint64_t& offset) {
  const size_t colon = word.find(':');
  return colon != word.npos && hex(word.substr(0, colon), section) &&
         hex(word.substr(colon + 1), offset);
}

bool fits(uint64_t begin, uint64_t size) {
  return begin <= UINT32_MAX && size <= UINT32_MAX - begin;
}

class MapReader {
 public:
  explicit MapReader(uint64_t image_base) : base_(image_base) {}
  std::vector<MapSymbol> read(Bytes bytes);

 private:
  enum class Form : uint8_t { unknown, microsoft, gnu, mingw_lld };
  void recognise(std::string_view line);
  void read_microsoft(std::string_view line);
  void read_gnu(std::string_view line);
  void read_mingw(std::string_view line);
  void add(std::string_view name, uint64_t rva, uint64_t end, bool is_code);

  Form form_ = Form::unknown;
  uint64_t base_;
  struct Section {
    uint64_t length = 0;
    bool is_code = false;
  };
  std::map<uint64_t, Section> sections_;  // Microsoft's, by number
  uint64_t begin_ = 0, end_ = 0;          // of the output section that is being read
  bool is_code_ = false;
  std::vector<MapSymbol> out_;
};

void MapReader::recognise(std::string_view line) {
  if (line.find("Preferred load address is") != line.npos) {
    form_ = Form::microsoft;
    uint64_t base = 0;
    std::string_view rest = line.substr(line.find(" is ") + 4);
    if (hex(next_word(rest), base)) base_ = base;
  } else if (line.starts_with("Linker script and memory map")) {
    form_ = Form::gnu;
  } else if (line.starts_with("Address  Size     Align Out     In      Symbol")) {
    form_ = Form::mingw_lld;
  }
}

void MapReader::add(std::string_view name, uint64_t rva, uint64_t end, bool is_code) {
  if (name.empty() || rva > UINT32_MAX) return;
  end = std::min<uint64_t>(std::max(end, rva), UINT32_MAX);
  out_.push_back({name, static_cast<uint32_t>(rva), static_cast<uint32_t>(end), is_code});
}

/// Sections: "0001:00000000 00000236H .text CODE"; symbols: "0001:00000010 name 0000000000401010 f
/// app.obj".
void MapReader::read_microsoft(std::string_view line) {
  uint64_t section = 0, offset = 0, value = 0;
  if (!place(next_word(line), section, offset)) return;
  std::string_view name = next_word(line), second = next_word(line);
  if (name.ends_with('H') && hex(name, value)) {
    Section& s = sections_[section];
    if (fits(offset, value)) s.length = std::max(s.length, offset + value);
    s.is_code |= next_word(line) == "CODE";
    return;
  }
  auto known = sections_.find(section);
  if (known == sections_.end() || !hex(second, value) || value < base_) return;
  const uint64_t rva = value - base_;
  if (rva < offset) return;
  add(name, rva, rva - offset + known->second.length, known->second.is_code);
}

/// Output sections stand at the line's begin, symbols have an address and a name only.
void MapReader::read_gnu(std::string_view line) {
  uint64_t address = 0, size = 0;
  if (line.starts_with('.')) {
    std::string_view name = next_word(line);
    is_code_ = name == ".text" || name == ".init" || name == ".fini" || name.starts_with(".plt");
    begin_ = end_ = 0;
    if (hex(next_word(line), address) && hex(next_word(line), size)) {
      begin_ = address;
      end_ = address + size;
    }
    return;
  }
  if (!line.starts_with(' ') && !line.starts_with('\t')) return;
  std::string_view first = next_word(line);
  if (!first.starts_with("0x") || !hex(first, address)) return;
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  if (line.starts_with("__image_base__ =") && base_ == 0) base_ = address;
  // A size means that it is an input section; assignments are no symbols of code.
  const bool is_symbol = !line.empty() && !line.starts_with("0x") && !line.starts_with('.') &&
                         line.find(" = ") == line.npos && !line.starts_with("PROVIDE");
  if (is_symbol && address >= base_ && begin_ <= address && address < end_) {
    add(line, address - base_, end_ - base_, is_code_);
  }
}

/// Columns of fixed width; addresses are RVAs already.
void MapReader::read_mingw(std::string_view line) {
  constexpr size_t kOut = 24, kIn = 32, kSymbol = 40;
  uint64_t rva = 0, size = 0;
  std::string_view columns = line;
  if (line.size() <= kOut || !hex(next_word(columns), rva) || !hex(next_word(columns), size))
    return;
  if (line[kOut] != ' ') {
    end_ = fits(rva, size) ? rva + size : rva;
    is_code_ = line.substr(kOut).starts_with(".text");
  } else if (line.size() > kSymbol && line[kIn] == ' ' && line[kSymbol] != ' ') {
    add(line.substr(kSymbol), rva, end_, is_code_);
  }
}

std::vector<MapSymbol> MapReader::read(Bytes bytes) {
  Text text(bytes);
  for (std::string_view line; text.next(line);) {
    switch (form_) {
      case Form::unknown:
        recognise(line);
        break;
      case Form::microsoft:
        read_microsoft(line);
        break;
      case Form::gnu:
        read_gnu(line);
        break;
      case Form::mingw_lld:
        read_mingw(line);
        break;
    }
  }
  return std::move(out_);
}

}  // namespace

std::vector<MapSymbol> read_map(Bytes text, uint64_t image_base) {
  return MapReader(image_base).read(text);
}

}  // namespace inquest::symbols
