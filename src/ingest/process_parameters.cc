#include "ingest/process_parameters.h"

#include <algorithm>

#include "format/minidump/text.h"

namespace inquest::ingest {
namespace {

/// Offsets of TEB.ProcessEnvironmentBlock, PEB.ProcessParameters and
/// RTL_USER_PROCESS_PARAMETERS.CommandLine. Source: winternl.h and the layouts that WinDbg's `dt`
/// prints, the same since Windows 2000.
struct Layout {
  uint64_t peb, parameters, command_line;
};
constexpr Layout kLayout64{.peb = 0x60, .parameters = 0x20, .command_line = 0x70};
constexpr Layout kLayout32{.peb = 0x30, .parameters = 0x10, .command_line = 0x40};

/// A UNICODE_STRING: 16-bit length and capacity in bytes, then a pointer. Empty when not there.
std::string read_unicode_string(const snapshot::Memory& memory, Address at, unsigned word) {
  auto length = memory.read<le16>(at);
  auto buffer = memory.read_pointer(at + word, word);
  if (!length || !buffer || *length == 0) return {};
  std::vector<std::byte> text(*length);
  if (memory.read(Address{*buffer}, text) != text.size()) return {};
  return minidump::utf8_of_utf16(text);
}

}  // namespace

void read_process_parameters(snapshot::Snapshot& snapshot) {
  if (snapshot.os != snapshot::Os::windows) return;
  const unsigned word = snapshot::pointer_size(snapshot.arch);
  const Layout& layout = word == 8 ? kLayout64 : kLayout32;
  const snapshot::Memory& memory = snapshot.memory;
  constexpr size_t kTries = 64;  // all threads have the same PEB
  for (size_t i = 0; i < std::min(kTries, snapshot.threads.size()); ++i) {
    const auto& teb = snapshot.threads[i].tls;
    auto peb = teb ? memory.read_pointer(Address{*teb} + layout.peb, word) : std::nullopt;
    if (!peb || *peb == 0) continue;
    auto parameters = memory.read_pointer(Address{*peb} + layout.parameters, word);
    if (!parameters || *parameters == 0) return;
    snapshot.process.arguments =
        read_unicode_string(memory, Address{*parameters} + layout.command_line, word);
    return;
  }
}

}  // namespace inquest::ingest
