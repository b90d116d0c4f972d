// The functions of libZydis that we call, each handed on to the library, which is loaded when the
// first instruction is decoded: most reports need none, and each library costs each start. Without
// it nothing can be decoded, and what is told of instructions is left out.
#include <Zydis/Zydis.h>
#include <dlfcn.h>

namespace inquest::cause {
namespace {

constexpr const char* kZydisLibrary = "libZydis.so.4.0";  // the one of Debian's libzydis4.0

void* zydis() {
  static void* const library = dlopen(kZydisLibrary, RTLD_NOW | RTLD_LOCAL);
  return library;
}

template <typename Function>
Function* zydis_function(const char* name) {
  return zydis() ? reinterpret_cast<Function*>(dlsym(zydis(), name)) : nullptr;
}

}  // namespace
}  // namespace inquest::cause

#define HAND_ON(name, absent, ...)                                                     \
  static auto* const function = inquest::cause::zydis_function<decltype(name)>(#name); \
  return function ? function(__VA_ARGS__) : absent

extern "C" {

ZyanStatus ZydisDecoderInit(ZydisDecoder* decoder, ZydisMachineMode mode, ZydisStackWidth width) {
  HAND_ON(ZydisDecoderInit, ZYAN_STATUS_FAILED, decoder, mode, width);
}

ZyanStatus ZydisDecoderDecodeFull(const ZydisDecoder* decoder, const void* buffer, ZyanUSize length,
                                  ZydisDecodedInstruction* instruction,
                                  ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT]) {
  HAND_ON(ZydisDecoderDecodeFull, ZYAN_STATUS_FAILED, decoder, buffer, length, instruction,
          operands);
}

ZyanStatus ZydisCalcAbsoluteAddress(const ZydisDecodedInstruction* instruction,
                                    const ZydisDecodedOperand* operand, ZyanU64 address,
                                    ZyanU64* result) {
  HAND_ON(ZydisCalcAbsoluteAddress, ZYAN_STATUS_FAILED, instruction, operand, address, result);
}

ZyanStatus ZydisFormatterInit(ZydisFormatter* formatter, ZydisFormatterStyle style) {
  HAND_ON(ZydisFormatterInit, ZYAN_STATUS_FAILED, formatter, style);
}

ZyanStatus ZydisFormatterSetProperty(ZydisFormatter* formatter, ZydisFormatterProperty property,
                                     ZyanUPointer value) {
  HAND_ON(ZydisFormatterSetProperty, ZYAN_STATUS_FAILED, formatter, property, value);
}

ZyanStatus ZydisFormatterFormatInstruction(const ZydisFormatter* formatter,
                                           const ZydisDecodedInstruction* instruction,
                                           const ZydisDecodedOperand* operands, ZyanU8 count,
                                           char* buffer, ZyanUSize length, ZyanU64 address,
                                           void* user_data) {
  HAND_ON(ZydisFormatterFormatInstruction, ZYAN_STATUS_FAILED, formatter, instruction, operands,
          count, buffer, length, address, user_data);
}

const char* ZydisMnemonicGetString(ZydisMnemonic mnemonic) {
  HAND_ON(ZydisMnemonicGetString, nullptr, mnemonic);
}

const char* ZydisISAExtGetString(ZydisISAExt extension) {
  HAND_ON(ZydisISAExtGetString, nullptr, extension);
}

ZydisRegisterClass ZydisRegisterGetClass(ZydisRegister reg) {
  HAND_ON(ZydisRegisterGetClass, ZYDIS_REGCLASS_INVALID, reg);
}

ZyanI8 ZydisRegisterGetId(ZydisRegister reg) { HAND_ON(ZydisRegisterGetId, -1, reg); }

ZydisRegister ZydisRegisterGetLargestEnclosing(ZydisMachineMode mode, ZydisRegister reg) {
  HAND_ON(ZydisRegisterGetLargestEnclosing, ZYDIS_REGISTER_NONE, mode, reg);
}

}  // extern "C"
