#include "locate/file_facts.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mapped_file.h"
#include "format/elf/file.h"
#include "format/pdb/msf.h"
#include "locate/identity.h"
#include "locate/store_layout.h"

namespace inquest::locate {
namespace {

constexpr size_t kHead = 64 << 10;  // of a text file, where its first records are

std::string_view head_of(Bytes file) {
  return {reinterpret_cast<const char*>(file.data()), std::min(file.size(), kHead)};
}

/// Reads a few bytes before anything is mapped: most files of a build folder are none of ours.
FileKind kind_of(const std::string& path) {
  int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return FileKind::other;
  std::array<std::byte, 64> head{};
  struct stat status{};
  ssize_t n = 0;
  // A path in a dump is a claim: it may name a device or a pipe, which must not be read.
  if (fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode)) {
    n = pread(descriptor, head.data(), head.size(), 0);
  }
  close(descriptor);
  if (n <= 0) return FileKind::other;
  Bytes bytes = Bytes(head).first(static_cast<size_t>(n));
  if (n >= SELFMAG && !std::memcmp(head.data(), ELFMAG, SELFMAG)) return FileKind::elf;
  if (pdb::is_msf(bytes) || head_of(bytes).starts_with("Microsoft C/C++ program")) {
    return FileKind::pdb;
  }
  if (pe::is_image(bytes)) return FileKind::pe;
  if (head_of(bytes).starts_with("MODULE ")) return FileKind::sym;
  if (lower_case(path).ends_with(".map")) return FileKind::map;
  return FileKind::other;
}

template <class T>
void take(Result<T> result, T& out, std::string& damage) {
  if (result) {
    out = *std::move(result);
  } else {
    damage = result.error().what;
  }
}

void read_elf(const std::string& path, FileFacts& facts) {
  auto file = elf::File::open(path);
  if (!file || (*file)->type() == ET_CORE) {
    facts.kind = FileKind::other;
    return;
  }
  facts.build_id = hex((*file)->build_id());
  facts.breakpad_id = breakpad_id((*file)->build_id());
}

std::string_view next_word(std::string_view& text) {
  size_t begin = text.find_first_not_of(' ');
  if (begin == text.npos) return {};
  text.remove_prefix(begin);
  std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  return word;
}

}  // namespace

std::string_view name(FileKind kind) {
  switch (kind) {
    case FileKind::other:
      return "other";
    case FileKind::elf:
      return "ELF file";
    case FileKind::pe:
      return "image";
    case FileKind::pdb:
      return "PDB";
    case FileKind::sym:
      return "Breakpad symbols";
    case FileKind::map:
      return "linker map";
  }
  return {};
}

std::optional<SymModule> read_sym_module(Bytes file) {
  std::string_view line = head_of(file);
  line = line.substr(0, std::min<size_t>(line.find_first_of("\r\n"), 4096));
  if (next_word(line) != "MODULE") return {};
  SymModule module;
  module.os = next_word(line);
  module.arch = next_word(line);
  module.id = next_word(line);
  line.remove_prefix(std::min(line.size(), line.find_first_not_of(' ')));
  module.name = line;  // may hold spaces
  if (module.id.empty()) return {};
  return module;
}

bool sym_has_functions(Bytes file) {
  std::string_view head = head_of(file);
  return head.find("\nFUNC ") != head.npos || head.find("\nFILE ") != head.npos;
}

std::optional<uint32_t> read_map_timestamp(Bytes file) {
  constexpr std::string_view kWords = "Timestamp is ";
  std::string_view head = head_of(file);
  size_t at = head.find(kWords);
  if (at == head.npos) return {};
  head.remove_prefix(at + kWords.size());
  uint32_t stamp = 0;
  auto [end, error] =
      std::from_chars(head.data(), head.data() + std::min<size_t>(head.size(), 8), stamp, 16);
  if (error != std::errc()) return {};
  return stamp;
}

std::vector<std::string> FileFacts::index_keys() const {
  if (!damage.empty()) return {};
  switch (kind) {
    case FileKind::elf:
      if (build_id.empty()) return {};
      return {build_id, "bp:" + lower_case(breakpad_id)};
    case FileKind::pe: {
      std::vector<std::string> keys{"pe:" + lower_case(pe.store_id()),
                                    fmt::format("stamp:{:08x}", pe.timestamp)};
      if (!pe.debug_id.empty()) keys.push_back("id:" + lower_case(pe.debug_id));
      return keys;
    }
    case FileKind::pdb: {
      std::vector<std::string> keys{"pdb:" + lower_case(pdb.debug_id())};
      std::string other = "pdb:" + lower_case(fmt::format("{}{:X}", pdb.guid, pdb.age));
      if (other != keys[0]) keys.push_back(other);
      return keys;
    }
    case FileKind::sym:
      return {"sym:" + lower_case(sym.id)};
    case FileKind::map:
    case FileKind::other:
      return {};
  }
  return {};
}

FileFacts read_facts(const std::string& path) {
  FileFacts facts{.kind = kind_of(path)};
  if (facts.kind == FileKind::other) return facts;
  if (facts.kind == FileKind::elf) {
    read_elf(path, facts);
    return facts;
  }
  auto mapped = MappedFile::open(path);
  if (!mapped) return {};
  Bytes bytes = (*mapped)->bytes();
  switch (facts.kind) {
    case FileKind::pe:
      take(pe::read_identity(bytes, path), facts.pe, facts.damage);
      break;
    case FileKind::pdb:
      take(pdb::read_identity(bytes, path), facts.pdb, facts.damage);
      break;
    case FileKind::sym:
      if (auto module = read_sym_module(bytes)) {
        facts.sym = *module;
      } else {
        facts.damage = "its MODULE line has no id";
      }
      break;
    case FileKind::map:
      facts.map_timestamp = read_map_timestamp(bytes);
      break;
    default:
      break;
  }
  return facts;
}

}  // namespace inquest::locate
