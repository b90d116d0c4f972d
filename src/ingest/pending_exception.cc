// An exception that was being handled when a dump without an exception stream was written: somebody
// dumped the process (Task Manager, procdump) while the message box of its crash was open.
//
// Filters get an EXCEPTION_POINTERS, { record, context }, of structures that the dispatcher left on
// the stack of the thread: below the frame that failed, above all that runs since. Source: winnt.h
// (EXCEPTION_RECORD, EXCEPTION_POINTERS, CONTEXT), ntdll's KiUserExceptionDispatcher.
#include <algorithm>
#include <cstring>

#include "ingest/minidump_parts.h"

namespace inquest::ingest {
namespace {

using snapshot::Snapshot;
using snapshot::Thread;

constexpr uint64_t kMostStack = 256 << 10;  ///< bytes that are searched of each thread's
constexpr uint64_t kMostSearched = 64 << 20;
constexpr size_t kMostParameters = 15;
constexpr size_t kContext64 = 0x4d0, kContext32 = 0x2cc;

struct Pending {
  minidump::Exception exception;
  Address record;
  snapshot::Registers registers;
};

class StackSearch {
 public:
  StackSearch(const Snapshot& snapshot, const Thread& thread)
      : snapshot_(snapshot), word_(snapshot::pointer_size(snapshot.arch)), thread_(thread) {
    if (auto sp = thread.registers.sp()) begin_ = *sp;
    bytes_.resize(std::min(kMostStack, UINT64_MAX - begin_.value));
    if (begin_.value != 0) bytes_.resize(snapshot.memory.read(begin_, bytes_));
    if (begin_.value == 0) bytes_.clear();
  }

  size_t searched() const { return bytes_.size(); }

  /// The outermost: what happened while it was handled came of it.
  std::optional<Pending> find() const {
    std::optional<Pending> found;
    for (size_t at = 0; at + 2 * word_ <= bytes_.size(); at += word_) {
      const Address record{word_at(at)}, context{word_at(at + word_)};
      if (!is_here(record, record_size()) || !is_here(context, context_size())) continue;
      if (found && record <= found->record) continue;
      if (auto one = read(record, context)) found = std::move(one);
    }
    return found;
  }

 private:
  uint64_t word_at(size_t at) const {
    uint64_t word = 0;
    std::memcpy(&word, bytes_.data() + at, word_);
    return word;
  }
  uint32_t number_at(Address at) const {
    uint32_t number = 0;
    std::memcpy(&number, bytes_.data() + (at - begin_), sizeof number);
    return number;
  }
  bool is_here(Address at, size_t size) const {
    return at > begin_ && at.value % 4 == 0 && at - begin_ < bytes_.size() &&
           bytes_.size() - (at - begin_) >= size;
  }
  bool is_64() const { return word_ == 8; }
  size_t record_size() const {
    return is_64() ? 32 + 8 * kMostParameters : 20 + 4 * kMostParameters;
  }
  size_t context_size() const { return is_64() ? kContext64 : kContext32; }

  std::optional<Pending> read(Address record, Address context) const {
    Pending out{.record = record, .registers = snapshot::Registers(snapshot_.arch)};
    minidump::Exception& exception = out.exception;
    exception.thread = thread_.id;
    exception.code = number_at(record);
    exception.flags = number_at(record + 4);
    // Errors alone: others are raised and caught every day.
    if (exception.code >> 28 != 0xc) return {};
    const size_t base = static_cast<size_t>(record - begin_);
    exception.address = word_at(base + 8 + word_);
    const uint32_t count = number_at(record + 8 + 2 * word_);
    if (count > kMostParameters || !snapshot_.module_at({exception.address})) return {};
    const size_t parameters = base + (is_64() ? 32 : 20);
    for (size_t i = 0; i < count; ++i)
      exception.parameters.push_back(word_at(parameters + i * word_));
    const Bytes bytes =
        Bytes(bytes_).subspan(static_cast<size_t>(context - begin_), context_size());
    auto read = minidump::read_context(bytes, is_64() ? minidump::Cpu::x64 : minidump::Cpu::x86);
    if (!read) return {};
    out.registers = registers_of(*read);
    auto pc = out.registers.pc(), sp = out.registers.sp();
    // The frame that failed lies above what the dispatcher made for it.
    const bool fits = pc && sp && pc->value == exception.address && *sp > record && *sp > context &&
                      is_here(*sp, word_);
    return fits ? std::optional(std::move(out)) : std::nullopt;
  }

  const Snapshot& snapshot_;
  size_t word_;
  const Thread& thread_;
  Address begin_ = {};
  std::vector<std::byte> bytes_;
};

}  // namespace

void take_pending_exception(Snapshot& snapshot) {
  const bool is_known =
      snapshot.arch == snapshot::Arch::x86_64 || snapshot.arch == snapshot::Arch::x86;
  if (snapshot.os != snapshot::Os::windows || snapshot.fault || !is_known) return;
  uint64_t searched = 0;
  for (Thread& thread : snapshot.threads) {
    const StackSearch search(snapshot, thread);
    searched += search.searched();
    if (searched > kMostSearched) return;
    auto pending = search.find();
    if (!pending) continue;
    thread.registers = pending->registers;
    thread.vector_state.clear();
    thread.crashed = true;
    snapshot.fault = windows_fault(pending->exception);
    snapshot.annotations["exception.address"] = fmt::format("{:#x}", pending->exception.address);
    snapshot.annotations["exception.flags"] = fmt::format("{:#x}", pending->exception.flags);
    snapshot.warnings.push_back(
        {fmt::format("the dump names no exception; that of thread {} was found on its stack, where "
                     "it was being handled",
                     thread.id),
         "if the process went on after it, the verdict is of something that it survived"});
    return;
  }
}

}  // namespace inquest::ingest
