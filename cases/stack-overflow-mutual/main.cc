// A recursive-descent calculator: expression, term and factor call each other in a ring. The
// formula that a player sent is a million opening parentheses.
#include <string>

#include "../patient.h"

class Calculator {
 public:
  explicit Calculator(const std::string& text) : p_(text.c_str()) {}

  NOINLINE long expression() {
    long value = term();
    while (*p_ == '+') {
      ++p_;
      value += term();
    }
    return value;
  }

 private:
  NOINLINE long term() {
    long value = factor();
    while (*p_ == '*') {
      ++p_;
      value *= factor();
    }
    return value;
  }

  NOINLINE long factor() {
    if (*p_ == '(') {
      ++p_;
      const long value = expression();
      if (*p_ == ')') ++p_;
      return value;
    }
    long value = 0;
    while (*p_ >= '0' && *p_ <= '9') value = value * 10 + (*p_++ - '0');
    return value;
  }

  const char* p_;
};

NOINLINE long evaluate(const std::string& formula) {
  Calculator calculator(formula);
  return calculator.expression();
}

int main() {
  std::printf("%ld\n", evaluate("2*(3+4)"));
  std::printf("%ld\n", evaluate(std::string(1'000'000, '(') + "1"));
}
