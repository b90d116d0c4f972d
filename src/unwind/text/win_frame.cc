#include "unwind/text/win_frame.h"

#include "unwind/arch/arch.h"
#include "unwind/text/postfix.h"

namespace inquest::unwind {
namespace {

using breakpad::WinFrame;
using snapshot::Register;
using snapshot::Registers;

constexpr Register kEbx = 3, kEsp = 4, kEbp = 5, kEsi = 6, kEdi = 7, kEip = 8;
constexpr uint32_t kWord = 4;

// What an FPO record says in its fields, as programs.
constexpr std::string_view kFpo = "$eip .raSearch ^ = $esp .raSearch 4 + =";
constexpr std::string_view kFpoSavedEbp =
    "$eip .raSearch ^ = $ebp $esp .cbCalleeParams + .cbSavedRegs + 8 - ^ = $esp .raSearch 4 + =";

/// The slot at `from` or up to three above it that holds a return address; none when no slot does.
std::optional<uint32_t> find_return(const Space& space, Words& words, uint32_t from) {
  constexpr int kSlots = 4;
  for (int i = 0; i < kSlots; ++i, from += kWord) {
    auto value = words.pointer(Address{from});
    if (!value) return {};
    if (space.call_site(Address{*value}).kind != CallSite::Kind::none) return from;
  }
  return {};
}

/// Where the return address is, if esp has moved by nothing but what the record counts.
uint32_t return_search(const Space& space, Words& words, uint32_t start, uint32_t pc,
                       bool may_have_returned) {
  auto found = find_return(space, words, start);
  if (!found) return start;
  // A system call that has come back leaves a pointer to the current instruction on top.
  if (may_have_returned && *found == start && words.pointer(Address{start}) == pc) {
    found = find_return(space, words, start + kWord);
  }
  return found.value_or(start);
}

void set_registers(PostfixVariables& variables, const Registers& callee) {
  constexpr std::pair<Register, std::string_view> kNames[] = {
      {0, "$eax"},    {1, "$ecx"},    {2, "$edx"},    {kEbx, "$ebx"}, {kEsp, "$esp"},
      {kEbp, "$ebp"}, {kEsi, "$esi"}, {kEdi, "$edi"}, {kEip, "$eip"}};
  for (auto [reg, name] : kNames) {
    if (auto value = callee.get(reg)) variables.set(name, *value);
  }
}

/// What the program does not speak of stays, unless the record says that something was saved: then
/// it is not known what became of it.
void keep_registers(Registers& caller, const PostfixVariables& variables, const WinFrame& frame) {
  constexpr std::pair<Register, std::string_view> kKept[] = {
      {kEbx, "$ebx"}, {kEbp, "$ebp"}, {kEsi, "$esi"}, {kEdi, "$edi"}};
  for (auto [reg, name] : kKept) {
    if (auto value = variables.assigned(name)) {
      caller.set(reg, *value);
    } else if (frame.saved_register_size != 0 && reg != kEbp) {
      caller.forget(reg);
    }
  }
}

}  // namespace

Executed execute(const Space& space, const WinFrame& frame, uint64_t frame_rva,
                 const Registers& callee, uint32_t callee_parameters, bool exact, Words& words) {
  using Status = Executed::Status;
  Executed result;
  auto esp = callee.get(kEsp), pc = callee.get(kEip);
  if (!esp || !pc) {
    result.status = Status::no_cfa;
    return result;
  }
  std::string_view program = frame.program;
  bool is_fpo = program.empty();
  if (is_fpo) program = frame.allocates_base_pointer ? kFpoSavedEbp : kFpo;
  uint32_t locals = frame.local_size, saved = frame.saved_register_size;
  if (is_fpo && exact && frame_rva == frame.begin) {
    // Nothing was pushed yet.
    locals = saved = 0;
    program = kFpo;
  }
  auto start = static_cast<uint32_t>(*esp + callee_parameters + locals + saved);
  uint32_t search = return_search(space, words, start, static_cast<uint32_t>(*pc), is_fpo && exact);

  PostfixVariables variables;
  set_registers(variables, callee);
  variables.set(".cbCalleeParams", callee_parameters);
  variables.set(".cbSavedRegs", saved);
  variables.set(".cbLocals", locals);
  variables.set(".cbParams", frame.parameter_size);
  variables.set(".raSearch", search);
  variables.set(".raSearchStart", search);
  bool ran = run_postfix(program, variables, words);
  auto next_pc = variables.assigned("$eip"), next_esp = variables.assigned("$esp");
  if (!ran || !next_pc || !next_esp) {
    result.status = Status::no_memory;
    return result;
  }
  result.cfa = Address{*next_esp};
  result.caller = callee;
  forget_lost_in_call(result.caller, true);
  keep_registers(result.caller, variables, frame);
  result.caller.set(kEsp, *next_esp);
  result.caller.set(kEip, *next_pc);
  // A record of sizes alone may be wrong about esp: only a call before it makes it sure.
  if (is_fpo && *next_pc != 0 && space.call_site(Address{*next_pc}).kind == CallSite::Kind::none) {
    result.status = Status::no_return;
  }
  return result;
}

}  // namespace inquest::unwind
