/// Run-time type information (objects/types/rtti.h) of a Process, whose symbols help.
#pragma once

#include "cause/process.h"
#include "objects/types/dynamic_type.h"
#include "objects/types/rtti.h"

namespace inquest::cause {

using TypeInfo = objects::RttiType;

/// Borrows the process.
objects::RttiInput rtti_of(const Process& process);

inline std::optional<TypeInfo> read_type_info(const Process& process, Address at) {
  return objects::read_type_info(rtti_of(process), at);
}
inline std::optional<TypeInfo> type_of_vtable(const Process& process, Address vptr) {
  return objects::type_of_vtable(rtti_of(process), vptr);
}
/// Of either ABI; `at` is where the pointer to the virtual table lies.
inline std::optional<objects::DynamicType> dynamic_type(const Process& process, Address at) {
  return objects::dynamic_type(rtti_of(process), at);
}
inline std::optional<Address> find_base(const Process& process, Address object,
                                        const TypeInfo& type, std::string_view mangled) {
  return objects::find_base(rtti_of(process), object, type, mangled);
}

}  // namespace inquest::cause
