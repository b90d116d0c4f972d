/// Builds Linux cores: notes of threads and process, pieces of memory; whole, cut or wrong.
///
/// Layouts written from <sys/procfs.h> and <sys/user.h> as plain integers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "testkit/elf.h"

namespace inquest::testkit {

class CoreBuilder {
 public:
  explicit CoreBuilder(ElfArch arch) : arch_(arch) {}

  struct ThreadSpec {
    uint32_t id = 1;
    uint16_t signal = 0;
    std::vector<uint64_t> registers = {};  ///< words of pr_reg in its order; missing ones are 0
  };
  struct SignalSpec {
    int number = 11, code = 1;
    uint64_t address = 0;  ///< written where si_addr lies, unless sender is given
    std::optional<std::pair<uint32_t, uint32_t>> sender = {};  ///< pid, uid
  };
  struct MappedSpec {
    uint64_t begin, end, page_offset;
    std::string path;
  };

  /// Notes in the order of the calls.
  CoreBuilder& thread(const ThreadSpec& spec);
  CoreBuilder& signal(const SignalSpec& spec);
  CoreBuilder& process(uint32_t pid, std::string_view name, std::string_view arguments);
  CoreBuilder& auxv(const std::vector<std::pair<uint64_t, uint64_t>>& entries);
  CoreBuilder& files(const std::vector<MappedSpec>& mappings);
  CoreBuilder& note(std::string_view owner, uint32_t type, std::span<const std::byte> description);

  /// A PT_LOAD; memory_size 0 means that of the bytes. flags: 4 read, 2 write, 1 execute.
  CoreBuilder& memory(uint64_t address, std::vector<std::byte> bytes, uint32_t flags = 6,
                      uint64_t memory_size = 0);
  /// The program headers' count as PN_XNUM, with section 0 at the end of the file.
  CoreBuilder& extended_count() { return extended_ = true, *this; }

  std::vector<std::byte> build() const;

 private:
  struct Piece {
    uint64_t address;
    std::vector<std::byte> bytes;
    uint32_t flags;
    uint64_t memory_size;
  };
  ElfArch arch_;
  ByteBuilder notes_;
  std::vector<Piece> pieces_;
  bool extended_ = false;
};

}  // namespace inquest::testkit
