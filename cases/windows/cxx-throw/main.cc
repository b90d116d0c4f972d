// An exception that nobody catches.
#include "../runtime/windows.h"

namespace std {

struct __std_exception_data {
  const char* _What;
  bool _DoFree;
};

class exception {
 public:
  explicit exception(const char* what) : _Data{what, false} {}
  virtual ~exception() {}
  virtual const char* what() const { return _Data._What ? _Data._What : "Unknown exception"; }

 private:
  __std_exception_data _Data;
};

class runtime_error : public exception {
 public:
  using exception::exception;
};

}  // namespace std

struct ConfigError : std::runtime_error {
  ConfigError(const char* what, int line) : runtime_error(what), line(line) {}
  int line;
};

NOINLINE int port_of(const char* text) {
  if (text[0] < '0' || text[0] > '9') throw ConfigError("config: port is not a number", 12);
  return text[0] - '0';
}

NOINLINE int read_config() { return port_of("eighty"); }

int run_patient() { return read_config(); }
