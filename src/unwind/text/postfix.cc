#include "unwind/text/postfix.h"

#include <charconv>
#include <utility>

namespace inquest::unwind {
namespace {

/// A number, or a name that is looked up when its value is wanted.
struct Operand {
  std::string_view name = {};
  uint64_t value = 0;
};

class Machine {
 public:
  Machine(Words& words, const PostfixVariables& readable, PostfixVariables* writable)
      : words_(words), readable_(readable), writable_(writable) {
    stack_.reserve(8);  // as deep as compilers' programs go
  }

  bool run(std::string_view program) {
    if (program.size() > kLongestProgram) return false;
    for (;;) {
      std::string_view token = next_token(program);
      if (token.empty()) return true;
      if (!step(token)) return false;
    }
  }
  /// The only value that is left.
  std::optional<uint64_t> result() {
    if (stack_.size() != 1) return {};
    return value();
  }

 private:
  bool step(std::string_view token) {
    if (token.size() == 1) {
      switch (token[0]) {
        case '+':
        case '-':
        case '*':
        case '/':
        case '%':
        case '@':
          return combine(token[0]);
        case '^':
          return dereference();
        case '=':
          return assign();
        default:
          break;
      }
    }
    return push(token);
  }

  bool push(std::string_view token) {
    bool negative = token[0] == '-';
    std::string_view digits = negative ? token.substr(1) : token;
    int base = 10;
    if (digits.starts_with("0x")) {
      digits.remove_prefix(2);
      base = 16;
    }
    uint64_t number = 0;
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number, base);
    bool is_number =
        error == std::errc{} && !digits.empty() && end == digits.data() + digits.size();
    if (is_number) {
      stack_.push_back({.value = wrap(negative ? 0 - number : number)});
    } else {
      stack_.push_back({.name = token});
    }
    return true;
  }

  std::optional<uint64_t> value() {
    if (stack_.empty()) return {};
    Operand top = stack_.back();
    stack_.pop_back();
    if (top.name.empty()) return top.value;
    return readable_.get(top.name);
  }

  bool combine(char operation) {
    auto right = value(), left = value();
    if (!right || !left) return false;
    uint64_t result = 0;
    switch (operation) {
      case '+':
        result = *left + *right;
        break;
      case '-':
        result = *left - *right;
        break;
      case '*':
        result = *left * *right;
        break;
      default:
        if (*right == 0) return false;
        if (operation == '/') result = *left / *right;
        if (operation == '%') result = *left % *right;
        if (operation == '@') result = *left - *left % *right;  // aligned down
        break;
    }
    stack_.push_back({.value = wrap(result)});
    return true;
  }

  bool dereference() {
    auto address = value();
    if (!address) return false;
    auto word = words_.pointer(Address{*address});
    if (!word) return false;
    stack_.push_back({.value = *word});
    return true;
  }

  bool assign() {
    if (!writable_) return false;
    auto right = value();
    if (!right || stack_.empty() || stack_.back().name.empty()) return false;
    writable_->assign(stack_.back().name, *right);
    stack_.pop_back();
    return true;
  }

  uint64_t wrap(uint64_t v) const {
    return words_.pointer_size() == 4 ? static_cast<uint32_t>(v) : v;
  }

  Words& words_;
  const PostfixVariables& readable_;
  PostfixVariables* writable_;
  std::vector<Operand> stack_;
};

}  // namespace

const PostfixVariables::Variable* PostfixVariables::find(std::string_view name) const {
  for (const Variable& variable : variables_) {
    if (variable.name == name) return &variable;
  }
  return nullptr;
}
PostfixVariables::Variable* PostfixVariables::find(std::string_view name) {
  return const_cast<Variable*>(std::as_const(*this).find(name));
}

void PostfixVariables::set(std::string_view name, uint64_t value) {
  if (Variable* known = find(name)) {
    known->value = value;
  } else {
    variables_.push_back({name, value, false});
  }
}

void PostfixVariables::add(std::string_view name, uint64_t value) {
  variables_.push_back({name, value, false});
}

void PostfixVariables::assign(std::string_view name, uint64_t value) {
  set(name, value);
  find(name)->assigned = true;
}

std::optional<uint64_t> PostfixVariables::get(std::string_view name) const {
  const Variable* known = find(name);
  if (!known) return {};
  return known->value;
}

std::optional<uint64_t> PostfixVariables::assigned(std::string_view name) const {
  const Variable* known = find(name);
  if (!known || !known->assigned) return {};
  return known->value;
}

std::string_view next_token(std::string_view& text) {
  auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  size_t begin = 0;
  while (begin < text.size() && is_space(text[begin])) ++begin;
  size_t end = begin;
  while (end < text.size() && !is_space(text[end])) ++end;
  std::string_view token = text.substr(begin, end - begin);
  text.remove_prefix(end);
  return token;
}

std::optional<uint64_t> evaluate_postfix(std::string_view expression,
                                         const PostfixVariables& variables, Words& words) {
  Machine machine(words, variables, nullptr);
  if (!machine.run(expression)) return {};
  return machine.result();
}

bool run_postfix(std::string_view program, PostfixVariables& variables, Words& words) {
  Machine machine(words, variables, &variables);
  return machine.run(program);
}

}  // namespace inquest::unwind
