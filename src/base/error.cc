#include "base/error.h"

namespace inquest {

std::string Error::line() const {
  std::string text;
  if (!file.empty()) text += file + ": ";
  if (!stream.empty()) text += stream;
  if (offset) text += fmt::format("{}at offset {:#x}", stream.empty() ? "" : " ", *offset);
  if (!stream.empty() || offset) text += ": ";
  text += what;
  if (!advice.empty()) text += "; " + advice;
  return text;
}

}  // namespace inquest
