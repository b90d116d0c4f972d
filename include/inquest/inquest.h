/// Inquest as a library: why did this process die?
///
///   inquest::Request request;
///   request.dump = "core.4711";
///   inquest::Reply reply = inquest::why(request);
///   if (!reply.ok) return complain(reply.error);
///   log(reply.cause, reply.summary);
///
/// Needs only the standard library. No exception leaves it. Functions are safe from several threads
/// at once; each call is independent. Strings are UTF-8. Nothing is printed.
#pragma once

#include <string>
#include <vector>

namespace inquest {

struct Request {
  std::string dump;                       ///< path of a Linux core, as it is or packed
  std::vector<std::string> symbols = {};  ///< folders or debuginfod URLs, first wins
  std::vector<std::string> images = {};   ///< folders of executables and libraries
  /// Whether INQUEST_SYMBOL_PATH, DEBUGINFOD_URLS and the like are heeded.
  bool use_environment = true;
  /// Whether compiled symbol caches are read. (They are written by the `inquest` program only.)
  bool use_symbol_cache = true;
};

struct Frame {
  unsigned long long pc = 0;
  std::string trust;     ///< "context", "cfi", "pe", "fp", "recovered", "scan"
  std::string module;    ///< empty when pc is in none
  std::string function;  ///< demangled; empty when not known
  std::string file;      ///< empty when not known
  unsigned line = 0;     ///< 0 when not known
  bool inlined = false;
};

struct Reply {
  bool ok = false;
  std::string error = {};    ///< one line; empty when ok
  std::string cause = {};    ///< KIND, such as "null-dereference"; "unknown" is an answer
  double confidence = 0;     ///< 0..1
  std::string summary = {};  ///< one sentence that a programmer can act on
  std::vector<std::string> evidence = {};
  std::vector<Frame> stack = {};  ///< of the crashed thread, innermost first
  /// Everything, as `inquest why --format json` prints it (schema/why.schema.json).
  std::string json = {};
};

/// Opens the dump, finds its symbols, investigates. Never throws; a file that cannot be used gives
/// ok == false and an error with the file, the offset and what to do.
Reply why(const Request& request);

/// "0.1.0"
const char* version();

}  // namespace inquest
