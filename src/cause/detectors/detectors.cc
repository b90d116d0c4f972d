#include "cause/detectors/detectors.h"

#include "cause/detector.h"

namespace inquest::cause {

std::span<const Detector> detectors() {
  static constexpr Detector all[] = {
      {"null dereference", detect_null_dereference},
      {"wild or non-canonical pointer", detect_wild_pointer},
      {"write to read-only memory", detect_write_to_readonly},
      {"execution of data", detect_execute_nonexecutable},
      {"misaligned access", detect_misaligned_access},
      {"bus error", detect_bus_error},
      {"division by zero", detect_divide_by_zero},
      {"illegal instruction", detect_illegal_instruction},
      {"use after free", detect_use_after_free},
      {"killed from outside", detect_killed},
      {"abort", detect_abort},
      {"report of a sanitizer", detect_sanitizer},
      {"stack smash", detect_stack_smash},
      {"uncaught exception", detect_uncaught_exception},
      {"pure virtual call", detect_pure_virtual_call},
      {"out of memory", detect_out_of_memory},
      {"stack overflow", detect_stack_overflow},
      {"fault of the allocator", detect_allocator_fault},
      {"deadlock", detect_deadlock},
      {"exception of Windows", detect_windows_exception},
  };
  return all;
}

}  // namespace inquest::cause
