#include "symbols/pdb/names.h"

#include <algorithm>

#include "symbols/pdb/lines.h"
#include "symbols/pdb/type_layout.h"

namespace inquest::symbols::pdb {
namespace {

constexpr uint64_t kHeaderSize = 28;  // of the publics stream
constexpr uint32_t kCrossExports = 0xf8;
constexpr size_t kMostAtOneAddress = 16;
constexpr size_t kLongestPdbName = 8192;  // MSVC hashes what is longer than 4096

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

/// MSVC names unnamed namespaces by a hash of the file: "?A0xc3a0617d::crash".
std::string readable(std::string_view name) {
  constexpr std::string_view kHash = "?A0x";
  std::string out;
  for (size_t at = 0; at < name.size();) {
    const size_t hash = name.find(kHash, at);
    out += name.substr(at, hash - at);
    if (hash == name.npos) break;
    out += "`anonymous namespace'";
    at = std::min(name.find_first_not_of("0123456789abcdefABCDEF", hash + kHash.size()),
                  name.size());
  }
  return out;
}

/// "method" of "ns::Class<a::b>::method".
std::string_view last_part(std::string_view name) {
  int depth = 0;
  for (size_t i = name.size(); i-- > 0;) {
    if (name[i] == '>') ++depth;
    if (name[i] == '<' && depth > 0) --depth;
    if (depth == 0 && name[i] == ':' && i > 0 && name[i - 1] == ':') return name.substr(i + 1);
  }
  return name;
}

/// Whether a mangled name can be of the function that the compiler called `recorded`: special
/// members have codes of their own, of others the mangled name begins with the word.
bool can_be(std::string_view mangled, std::string_view recorded) {
  std::string_view word = last_part(recorded);
  if (mangled.starts_with("_Z")) {
    return mangled.find(word.substr(0, word.find_first_of("<("))) != mangled.npos;
  }
  if (mangled.starts_with("??$")) {
    mangled.remove_prefix(3);
    word = word.substr(0, word.find('<'));
  } else if (mangled.starts_with("??")) {
    return word.find_first_of("~`") != word.npos || word.starts_with("operator") ||
           recorded.find("::") != recorded.npos;
  } else {
    mangled.remove_prefix(1);
  }
  return mangled.starts_with(word) && mangled.size() > word.size() && mangled[word.size()] == '@';
}

}  // namespace

Publics::Publics(std::shared_ptr<const PdbFile> pdb) : pdb_(std::move(pdb)) {
  std::vector<std::byte> scratch;
  Cursor cursor(pdb_->msf().read(pdb_->publics_stream(), 0, kHeaderSize, scratch), "publics");
  const uint64_t hash_bytes = cursor.read<le32>(), map_bytes = cursor.read<le32>();
  if (cursor.failed()) return;
  map_at_ = kHeaderSize + hash_bytes;
  const uint64_t size = pdb_->msf().size(pdb_->publics_stream());
  if (map_at_ < size) count_ = std::min(map_bytes, size - map_at_) / 4;
}

Bytes Publics::record(size_t index) {
  const Msf& msf = pdb_->msf();
  Cursor map(msf.read(pdb_->publics_stream(), map_at_ + index * 4, 4, map_scratch_), "publics");
  const uint64_t at = map.read<le32>();
  if (map.failed()) return {};
  Cursor size(msf.read(pdb_->records_stream(), at, 2, scratch_), "symbol records");
  const uint64_t n = size.read<le16>();
  Records records(msf.read(pdb_->records_stream(), at, 2 + n, scratch_));
  Record record;
  if (!records.next(record) || record.kind != S_PUB32) return {};
  return record.data;
}

std::optional<uint32_t> Publics::rva(size_t index) {
  Cursor cursor(record(index), "S_PUB32");
  auto head = cursor.read<PublicHead>();
  if (cursor.failed()) return {};
  return pdb_->rva(head.section, head.offset);
}

std::optional<Publics::Public> Publics::get(size_t index) {
  Cursor cursor(record(index), "S_PUB32");
  auto head = cursor.read<PublicHead>();
  std::string_view name = cursor.c_string();
  auto rva = pdb_->rva(head.section, head.offset);
  if (cursor.failed() || !rva || name.empty() || name.size() > kLongestPdbName) return {};
  return Public{std::string(name), *rva, head.flags};
}

std::vector<std::string> Publics::at(uint32_t wanted) {
  size_t low = 0, high = count_;
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    // Those without an address stand at the end: their section is none.
    if (rva(middle).value_or(UINT32_MAX) < wanted) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  std::vector<std::string> names;
  for (; low < count_ && names.size() < kMostAtOneAddress; ++low) {
    auto symbol = get(low);
    if (!symbol || symbol->rva != wanted) break;
    names.push_back(std::move(symbol->name));
  }
  return names;
}

Names::Names(std::shared_ptr<const PdbFile> pdb)
    : pdb_(pdb),
      publics_(pdb),
      ids_(std::shared_ptr<const Msf>(pdb, &pdb->msf()), kIpiStream),
      types_(std::shared_ptr<const Msf>(pdb, &pdb->msf()), kTpiStream) {}

FunctionName Names::function(uint32_t rva, std::string_view recorded) {
  for (std::string& name : publics_.at(rva)) {
    const bool is_mangled = name.starts_with("?") || name.starts_with("_Z");
    if (is_mangled && can_be(name, recorded)) return {std::move(name), true};
  }
  return {readable(recorded), false};
}

/// A name for each module that it imports from, and the ids there.
uint32_t Names::imported(uint32_t id, Bytes imports) {
  const uint32_t module = (id >> 20) & 0x7ff, index = id & 0xfffff;
  Cursor cursor(imports, "imported ids");
  for (uint32_t i = 0; cursor.remaining() >= 8; ++i) {
    const uint32_t name = cursor.read<le32>();
    const uint32_t count = cursor.count(4);
    Bytes ids = cursor.take(uint64_t{count} * 4);
    if (i != module) continue;
    if (index >= count || cursor.failed()) return 0;
    Cursor at(ids.subspan(uint64_t{index} * 4));
    const Exports& exports = exports_of(pdb_->string(name));
    auto found = exports.find(at.read<le32>());
    return found == exports.end() ? 0 : found->second;
  }
  return 0;
}

const Names::Exports& Names::exports_of(std::string_view module_name) {
  if (modules_.empty()) {
    for (uint32_t i = 0; i < pdb_->modules().size(); ++i) {
      modules_.try_emplace(lower(pdb_->modules()[i].name), i);
    }
  }
  static const Exports kNone;
  auto module = modules_.find(lower(module_name));
  if (module == modules_.end()) return kNone;
  auto [slot, is_new] = exports_.try_emplace(module->second);
  if (!is_new) return slot->second;
  const ModuleInfo& info = pdb_->modules()[module->second];
  StreamBytes stream(pdb_->msf(), info.stream);
  Cursor cursor(subsection(c13_of(info, stream.bytes()), kCrossExports), "exported ids");
  while (cursor.remaining() >= 8) {
    const uint32_t own = cursor.read<le32>(), global = cursor.read<le32>();
    slot->second.try_emplace(own, global);
  }
  return slot->second;
}

std::string Names::inlinee(uint32_t id, Bytes imports) {
  constexpr uint32_t kImported = 0x80000000;
  if (id & kImported) id = imported(id, imports);
  auto [slot, is_new] = inlinees_.try_emplace(id);
  if (is_new) slot->second = readable(name_of_id(id));
  return slot->second;
}

std::string Names::scope_of(uint32_t id) {
  auto record = ids_.at(id);
  if (!record || record->kind != LF_STRING_ID) return {};
  Cursor cursor(record->data, "LF_STRING_ID");
  cursor.read<le32>();
  return std::string(cursor.c_string()) + "::";
}

std::string Names::name_of_id(uint32_t id) {
  auto record = ids_.at(id);
  if (!record) return {};
  Cursor cursor(record->data, "inlined function");
  const uint32_t parent = cursor.read<le32>();
  cursor.read<le32>();  // its type
  std::string_view name = cursor.c_string();
  if (record->kind == LF_FUNC_ID) return scope_of(parent) + std::string(name);
  if (record->kind != LF_MFUNC_ID) return {};
  auto owner = types_.at(parent);
  std::string scope = owner ? tag_of(*owner).name : std::string{};
  if (scope.empty()) return std::string(name);
  // "{ctor}" and "{dtor}" are MSVC's; people write the name of the class.
  std::string own(last_part(scope));
  own.resize(std::min(own.find('<'), own.size()));
  if (name == "{dtor}") own.insert(0, "~");
  const bool is_special = name == "{ctor}" || name == "{dtor}";
  return scope + "::" + (is_special ? own : std::string(name));
}

}  // namespace inquest::symbols::pdb
