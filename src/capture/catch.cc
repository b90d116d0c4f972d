#include <algorithm>
#include <cstring>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <span>
#include <string.h>
#include <unistd.h>

#include "base/cursor.h"
#include "capture/capture.h"
#include "capture/json_text.h"
#include "capture/proc_files.h"
#include "capture/sparse_file.h"

namespace inquest::capture {
namespace {

constexpr size_t kBlock = 1 << 20;

struct ElfHeader {
  u8 ident[16];
  le16 type, machine;
  le32 version;
  le64 entry, program_headers, section_headers;
  le32 flags;
  le16 header_size, program_header_size, program_headers_count, section_header_size, sections_count,
      names;
};
static_assert(sizeof(ElfHeader) == 64);
struct ProgramHeader {
  le32 type, flags;
  le64 offset, address, physical, file_size, memory_size, align;
};
static_assert(sizeof(ProgramHeader) == 56);

/// What only the living half of a dying process says; the kernel keeps it until we have read all.
std::string facts(pid_t pid) {
  std::string text =
      fmt::format("{{\"schema\":\"inquest.core-facts/1\",\"pid\":{},\"threads\":[", pid);
  for (pid_t thread : threads_of(pid)) {
    if (text.back() != '[') text += ',';
    text += fmt::format("{{\"id\":{},\"name\":{}}}", thread, json_string(thread_name(thread)));
  }
  return text + fmt::format("],\"executable\":{},\"command_line\":{}}}\n",
                            json_string(executable_path(pid)), json_array(command_line(pid)));
}

/// Where the ELF says that its last segment ends; absent for what is not a 64-bit ELF core.
/// (A 32-bit one is stored as well, only not checked.)
std::optional<uint64_t> claimed_end(const SparseFile& file, uint64_t size) {
  std::vector<std::byte> head(std::min<uint64_t>(size, 16 << 20));
  ssize_t got = ::pread(file.descriptor(), head.data(), head.size(), 0);
  if (got < 0) return {};
  Cursor cursor(Bytes(head).first(static_cast<size_t>(got)), "ELF header of the core");
  auto header = cursor.read<ElfHeader>();
  if (cursor.failed() || ::memcmp(header.ident, ELFMAG, SELFMAG) != 0 ||
      header.ident[EI_CLASS] != ELFCLASS64 || header.program_header_size != sizeof(ProgramHeader)) {
    return {};
  }
  cursor.seek(header.program_headers);
  uint64_t end = 0;
  for (unsigned i = 0; i < header.program_headers_count && !cursor.failed(); ++i) {
    auto segment = cursor.read<ProgramHeader>();
    uint64_t past = segment.offset + segment.file_size;
    if (past >= segment.offset) end = std::max(end, past);
  }
  return end;
}

/// Reads the whole stream. Returns how many bytes came; `stored` tells of a failure to store them.
uint64_t receive(int input, SparseFile& file, Result<>& stored, bool& interrupted) {
  ::fcntl(input, F_SETPIPE_SZ, kBlock);  // fewer turns; not a pipe, or not allowed: all the same
  std::vector<std::byte> block(kBlock);
  uint64_t received = 0;
  size_t filled = 0;
  for (bool more = true; more;) {
    ssize_t got = ::read(input, block.data() + filled, block.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) interrupted = true;
    more = got > 0;
    if (more) filled += static_cast<size_t>(got);
    if (more && filled < block.size()) continue;
    stored = file.write_sparse(received, Bytes(block).first(filled));
    if (!stored) break;
    received += filled;
    filled = 0;
  }
  return received;
}

}  // namespace

Result<CoreWritten> catch_from_kernel(int input_descriptor, const std::string& path, pid_t pid) {
  CoreWritten written{.path = path, .pid = pid};
  std::string facts_text = facts(pid);  // first: the process may be let go any time
  auto file = TRY(SparseFile::create(path));

  Result<> stored;
  bool interrupted = false;
  written.bytes = receive(input_descriptor, file, stored, interrupted);
  if (written.bytes == 0) {
    if (!stored) return fail(stored.error());
    return fail(
        Error{.what = "nothing came through the pipe",
              .file = path,
              .advice = "`inquest catch` is started by the kernel, see docs/core-pattern.md"});
  }
  // There is no second chance: what came is kept even when the rest is lost.
  if (!stored) {
    written.warnings.push_back({fmt::format("the core is cut: {}", stored.error().line())});
  } else {
    auto end = claimed_end(file, written.bytes);
    if (interrupted || (end && *end > written.bytes)) {
      written.warnings.push_back(
          {fmt::format("the core is cut: {} bytes came of {}", written.bytes, end.value_or(0)),
           "the sender was stopped, or a limit on its size was in force"});
    } else if (!end) {
      written.warnings.push_back({"what came is not a 64-bit ELF core; it is kept as it is"});
    }
  }
  TRY(file.resize(written.bytes));
  TRY(file.commit());
  written.disk_bytes = file.bytes_on_disk();

  auto beside = SparseFile::create(path + ".json");
  Result<> noted = beside ? Result<>{} : fail(beside.error());
  if (noted) noted = beside->write(0, std::as_bytes(std::span(facts_text)));
  if (noted) noted = beside->commit();
  if (!noted) written.warnings.push_back({noted.error().line()});
  return written;
}

}  // namespace inquest::capture
