#include "cause/runtime/termination.h"

#include <algorithm>
#include <map>

namespace inquest::cause {
namespace {

/// The function that a std::thread's destructor or assignment was inlined into does not name it;
/// these do.
bool is_thread_end(const Call& call) {
  return is_any(call,
                {"std::thread::~thread", "std::thread::operator=", "std::__1::thread::~thread",
                 "std::__1::thread::operator=", "_ZNSt6threadD1Ev", "_ZNSt6threadD2Ev",
                 "_ZNSt6threadaSEOS_"});
}

bool is_destructor(const Call& call) {
  std::string plain = plain_name(call.function);
  size_t colon = plain.rfind("::");
  return colon != std::string::npos && colon + 2 < plain.size() && plain[colon + 2] == '~';
}

/// The call that gcc's personality routine was asked about when it gave up, from where libgcc's
/// unwinder stands. It keeps that in its own frames, in a struct _Unwind_Context: the CFA of the
/// frame that it came from, and right behind it the return address into the frame that it has come
/// to (libgcc/unwind-dw2.c: `cfa`, `ra`). Another context stands where the throw began, further in.
/// The pair must be that of a walked frame: its stack pointer and its pc.
size_t unwound_to(const Process& process, const unwind::Stack& stack,
                  const std::vector<Call>& calls, size_t personality) {
  constexpr uint64_t kMostBytes = 16 << 10;
  size_t thrower = find_call(calls,
                             {"_Unwind_RaiseException", "_Unwind_Resume",
                              "_Unwind_Resume_or_Rethrow", "_Unwind_ForcedUnwind"},
                             personality);
  if (thrower == kNoCall) return kNoCall;
  size_t first = calls[personality].frame, last = calls[thrower].frame;
  if (last >= stack.frames.size()) return kNoCall;
  Address begin = stack.frames[first].cfa, end = stack.frames[last].cfa;
  if (begin.value == 0 || end < begin || end - begin > kMostBytes) return kNoCall;
  std::map<std::pair<uint64_t, uint64_t>, size_t> frames;
  for (size_t i = last + 1; i < stack.frames.size() && i <= calls.back().frame; ++i) {
    if (auto sp = stack.frames[i].registers.sp()) frames[{sp->value, stack.frames[i].pc.value}] = i;
  }
  size_t found = 0;
  for (Address at = begin; at + 8 < end; at = at + 8) {
    auto cfa = process.memory().read<uint64_t>(at);
    auto ra = process.memory().read<uint64_t>(at + 8);
    if (!cfa || !ra) break;
    if (auto frame = frames.find({*cfa, *ra}); frame != frames.end()) {
      found = std::max(found, frame->second);
    }
  }
  if (found == 0) return kNoCall;
  // What was inlined into the frame has no name of its own in the unwinder's tables.
  for (size_t i = calls.size(); i-- > 0;) {
    if (calls[i].frame == found) return is_own(calls[i]) ? i : kNoCall;
  }
  return kNoCall;
}

Termination::Rethrow rethrow_among(const std::vector<Call>& calls, size_t begin, size_t end) {
  for (size_t i = begin; i < std::min(end, calls.size()); ++i) {
    if (is_any(calls[i], {"std::rethrow_exception", "std::__exception_ptr::rethrow_exception"})) {
      return Termination::Rethrow::pointer;
    }
    if (is_any(calls[i], {"__cxa_rethrow"})) return Termination::Rethrow::statement;
  }
  return Termination::Rethrow::no;
}

}  // namespace

std::optional<Termination> termination_of(const Process& process) {
  auto abort = own_abort(process);
  if (!abort || !abort->stack) return {};
  Termination out;
  const auto& calls = abort->calls;

  size_t at = find_call(
      calls, {"std::terminate", "_ZSt9terminatev", "__cxxabiv1::__terminate", "std::__terminate",
              "__gnu_cxx::__verbose_terminate_handler", "demangling_terminate_handler"});
  // Some of the ways lead to the handler without std::terminate: what starts them tells as much.
  size_t own = find_own_call(calls);
  size_t way = find_call(calls, {"__cxa_call_terminate", "__gxx_personality_v0", "__cxa_throw",
                                 "__cxa_rethrow", "__cxa_pure_virtual", "__clang_call_terminate"});
  bool implied = at == kNoCall && way != kNoCall && (own == kNoCall || way < own);
  if (at == kNoCall && !implied) {
    // Without names, only the exception object can tell; an abort message tells otherwise.
    bool named =
        std::any_of(calls.begin(), calls.end(), [](const Call& c) { return !c.function.empty(); });
    if (named && abort->by_name) return {};
    if (find_abort_message(process)) return {};
    out.thrown = find_thrown(process, *abort->thread, *abort->stack, calls);
    if (!out.thrown || !out.thrown->type_known) return {};
    out.by_name = false;
    out.way = Termination::Way::uncaught;
    out.raiser = find_own_call(calls);
    out.abort = std::move(*abort);
    return out;
  }
  // std::terminate itself is the outermost of its machinery, some of which has no names.
  size_t past = implied ? way : at + 1;
  for (size_t i = past; i < calls.size() && !is_own(calls[i]); ++i) {
    if (is_any(calls[i], {"std::terminate", "_ZSt9terminatev"})) past = i + 1;
  }
  out.raiser = find_own_call(calls, past);
  size_t pure = find_call(calls, {"__cxa_pure_virtual"}, past);
  size_t clang_barrier = find_call(calls, {"__clang_call_terminate"}, past);
  size_t gcc_barrier = find_call(calls, {"__cxa_call_terminate", "__gxx_personality_v0"}, past);
  size_t thrower =
      find_call(calls,
                {"__cxa_throw", "__cxa_rethrow", "_Unwind_Resume", "_Unwind_RaiseException",
                 "_Unwind_Resume_or_Rethrow", "std::rethrow_exception"},
                past);
  // What lies outside of the program's first own call is another story.
  auto near = [&](size_t call) {
    return call != kNoCall && (out.raiser == kNoCall || call < out.raiser);
  };

  if (near(pure)) {
    out.way = Termination::Way::pure_virtual;
  } else if (near(clang_barrier)) {
    out.way = Termination::Way::noexcept_function;
    out.barrier = out.raiser = find_own_call(calls, clang_barrier + 1);
  } else if (near(gcc_barrier)) {
    out.way = Termination::Way::noexcept_function;
    out.barrier = unwound_to(process, *abort->stack, calls, gcc_barrier);
    // The unwinder's stack begins inside of the throw; without its word, the innermost destructor
    // is most often the one that may not throw.
    for (size_t i = out.raiser; out.barrier == kNoCall && i < calls.size(); ++i) {
      if (is_destructor(calls[i]) && is_own(calls[i])) out.barrier = i;
    }
  } else if (near(thrower)) {
    out.way = Termination::Way::uncaught;
  } else {
    size_t stop = out.raiser == kNoCall ? calls.size() : out.raiser;
    for (size_t i = past; i < stop; ++i) {
      if (is_thread_end(calls[i])) out.way = Termination::Way::joinable_thread;
    }
  }
  if (out.way == Termination::Way::uncaught || out.way == Termination::Way::noexcept_function ||
      out.way == Termination::Way::called) {
    out.thrown = find_thrown(process, *abort->thread, *abort->stack, calls);
  }
  out.rethrow = rethrow_among(calls, past, out.raiser);
  if (out.way == Termination::Way::noexcept_function) {
    out.barrier_is_destructor = out.barrier != kNoCall && is_destructor(calls[out.barrier]);
    if (auto list = caught_list(process, *abort->thread)) out.under_way = list->uncaught;
  }
  if (out.way == Termination::Way::uncaught && !out.thrown &&
      is_any(calls[thrower], {"__cxa_rethrow"})) {
    out.way = Termination::Way::empty_rethrow;
  }
  out.abort = std::move(*abort);
  return out;
}

}  // namespace inquest::cause
