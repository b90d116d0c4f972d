#include "cause/fault/access.h"

#include <algorithm>
#include <array>

namespace inquest::cause {
namespace {

using snapshot::Arch;

/// Where a jump, call or return was about to go, when the instruction faulted on that.
std::optional<Address> branch_target(const Process& process, const FaultSite& site) {
  const auto& instruction = *site.instruction;
  if (instruction.flow == Flow::ret) {
    auto sp = site.registers.sp();
    if (!sp) return {};
    auto value = process.memory().read_pointer(*sp, pointer_size(process.arch()));
    return value ? std::optional(Address{*value}) : std::nullopt;
  }
  if (instruction.flow != Flow::call && instruction.flow != Flow::jump) return {};
  if (instruction.target) return instruction.target;
  const Operand* operand = instruction.explicit_operand(0);
  if (!operand) return {};
  if (operand->kind == Operand::Kind::reg && operand->reg) {
    auto value = site.registers.get(*operand->reg);
    return value ? std::optional(Address{*value}) : std::nullopt;
  }
  auto slot = effective_address(instruction, *operand, site.registers, site.segment_base);
  if (!slot) return {};
  auto value = process.memory().read_pointer(*slot, pointer_size(process.arch()));
  return value ? std::optional(Address{*value}) : std::nullopt;
}

void choose_operand(FaultSite& site, int index, Address address) {
  const Operand& operand = site.instruction->operands[static_cast<size_t>(index)];
  site.operand = index;
  site.size = operand.size;
  // A read-modify-write is refused as a write: the processor asks for both at once.
  site.access = operand.write ? AccessKind::write : AccessKind::read;
  if (!site.address) site.address = address;
}

/// Finds the operand that explains the address that the system reported.
void explain_reported(FaultSite& site) {
  site.address = site.reported;
  site.address_from_system = true;
  if (!site.instruction) return;
  // The whole operand first; then, for repeated string instructions, what is near: they work on
  // blocks, and the registers stand at the block's start.
  for (uint64_t reach : {uint64_t{0}, uint64_t{64}}) {
    for (size_t i = 0; i < site.instruction->operands.size(); ++i) {
      const Operand& operand = site.instruction->operands[i];
      if (operand.kind != Operand::Kind::memory || operand.address_only) continue;
      auto at = effective_address(*site.instruction, operand, site.registers, site.segment_base);
      if (!at) continue;
      uint64_t span = std::max<uint64_t>(operand.size, 1) + reach;
      if (*site.reported - *at < span || (reach && *at - *site.reported < reach)) {
        return choose_operand(site, static_cast<int>(i), *at);
      }
    }
  }
  for (size_t i = 0; i < site.instruction->operands.size(); ++i) {
    const Operand& operand = site.instruction->operands[i];
    if (operand.vector_index) return choose_operand(site, static_cast<int>(i), *site.reported);
  }
}

/// A general protection fault names no address: a non-canonical or misaligned operand explains it.
void explain_unreported(const Process& process, FaultSite& site) {
  if (!site.instruction || process.arch() != Arch::x86_64) return;
  int misaligned = -1;
  Address misaligned_at;
  for (size_t i = 0; i < site.instruction->operands.size(); ++i) {
    const Operand& operand = site.instruction->operands[i];
    if (operand.kind != Operand::Kind::memory || operand.address_only) continue;
    auto at = effective_address(*site.instruction, operand, site.registers, site.segment_base);
    if (!at) continue;
    Address last = *at + (operand.size ? operand.size - 1 : 0);
    if (!is_canonical(*at) || !is_canonical(last)) {
      return choose_operand(site, static_cast<int>(i), *at);
    }
    if (operand.alignment && at->value % operand.alignment != 0 && misaligned < 0) {
      misaligned = static_cast<int>(i);
      misaligned_at = *at;
    }
  }
  if (misaligned >= 0) return choose_operand(site, misaligned, misaligned_at);
  auto target = branch_target(process, site);
  if (target && !is_canonical(*target)) {
    site.address = target;
    site.access = AccessKind::execute;
  }
}

/// Whether the processor was refused the instruction itself.
bool could_not_execute(const Process& process, const FaultSite& site) {
  if (!site.pc) return false;
  if (site.reported_access == AccessKind::execute || (site.reported && site.reported == site.pc))
    return true;
  const auto* region = process.snapshot().region_at(*site.pc);
  if (region) return region->access && !region->access->execute;
  return !process.snapshot().regions.empty() && !process.snapshot().module_at(*site.pc);
}

}  // namespace

void decode_site(const Process& process, FaultSite& site) {
  site.instruction.reset();
  site.text.clear();
  if (!site.pc) return;
  std::array<std::byte, 16> bytes;
  size_t n = process.memory().read(*site.pc, bytes);
  site.instruction = decode(process.arch(), Bytes(bytes).first(n), *site.pc);
  site.text = disassemble(process.arch(), Bytes(bytes).first(n), *site.pc);
}

void explain_access(const Process& process, FaultSite& site) {
  bool memory_fault = site.is(sig::segv) || site.is(sig::bus);
  if (!memory_fault) return;
  if (could_not_execute(process, site)) {
    site.address = site.pc;
    site.address_from_system = site.reported == site.pc;
    site.access = AccessKind::execute;
    return;
  }
  bool has_address = site.reported && site.code != sig::si_kernel;
  if (has_address) {
    explain_reported(site);
  } else {
    explain_unreported(process, site);
  }
  if (site.access == AccessKind::none && site.reported_access) site.access = *site.reported_access;
}

}  // namespace inquest::cause
