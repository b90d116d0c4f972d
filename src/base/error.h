/// Errors as values that a user can read: what, where, and what to do about it.
///
/// A function that can fail on its input returns `Result<T>`; asserts are for our own bugs.
/// Thread safety: values, no shared state.
#pragma once

#include <cstdint>
#include <fmt/core.h>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <type_traits>
#include <utility>

namespace inquest {

/// Why an input could not be used. Printed as one line.
struct Error {
  std::string what;                     ///< "section table ends outside the file"
  std::string file = {};                ///< path of the file at fault; empty when there is none
  std::string stream = {};              ///< part of the file, such as "ELF header"; may be empty
  std::optional<uint64_t> offset = {};  ///< byte offset in `file`; absent when it has no place
  std::string advice = {};              ///< what the user can do; may be empty

  /// "FILE: STREAM at offset 0x40: WHAT; ADVICE", leaving out what is absent.
  std::string line() const;
};

template <class T = void>
using Result = tl::expected<T, Error>;

/// Something missing or doubtful that did not stop the work, and how to supply it.
struct Warning {
  std::string what;
  std::string advice = {};  ///< may be empty
  friend bool operator==(const Warning&, const Warning&) = default;
};

inline tl::unexpected<Error> fail(Error error) { return tl::unexpected<Error>(std::move(error)); }
inline tl::unexpected<Error> fail(std::string what, std::string advice = {}) {
  return tl::unexpected<Error>(Error{.what = std::move(what), .advice = std::move(advice)});
}

/// The value of a result that has one; nothing for Result<>. (tl::expected<void> has no value().)
template <class T>
T take_value(Result<T>&& result) {
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

}  // namespace inquest

/// `auto x = TRY(parse(bytes));` yields the value, or returns the error from this function.
#define TRY(expression)                                                                        \
  __extension__({                                                                              \
    auto try_result_ = (expression);                                                           \
    if (!try_result_) return tl::unexpected<::inquest::Error>(std::move(try_result_).error()); \
    ::inquest::take_value(std::move(try_result_));                                             \
  })
