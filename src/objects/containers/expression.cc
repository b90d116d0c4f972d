#include "objects/containers/expression.h"

#include <charconv>
#include <optional>

#include "base/limits.h"
#include "objects/containers/spelling.h"

namespace inquest::objects {
namespace {

struct Infix {
  std::string_view sign;
  Op op;
  int rank;  ///< higher binds tighter
};
/// Longer signs first where one begins with another.
constexpr Infix kInfix[] = {
    {"??", Op::otherwise, 1},     {"||", Op::logic_or, 3},   {"&&", Op::logic_and, 4},
    {"==", Op::equal, 7},         {"!=", Op::not_equal, 7},  {"<=", Op::less_equal, 8},
    {">=", Op::greater_equal, 8}, {"<<", Op::shift_left, 9}, {">>", Op::shift_right, 9},
    {"|", Op::bit_or, 5},         {"&", Op::bit_and, 6},     {"<", Op::less, 8},
    {">", Op::greater, 8},        {"+", Op::add, 10},        {"-", Op::subtract, 10},
    {"*", Op::multiply, 11},      {"/", Op::divide, 11},     {"%", Op::modulo, 11},
};
constexpr int kConditionalRank = 2;

bool begins_name(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_'; }
bool in_name(char c) { return begins_name(c) || (c >= '0' && c <= '9'); }

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<std::vector<Term>> all() {
    TRY(expression(0));
    skip();
    if (at_ != text_.size())
      return fail(fmt::format("\"{}\" is not expected in an expression", text_.substr(at_)));
    return std::move(terms_);
  }

 private:
  void skip() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
  }
  bool take(std::string_view sign) {
    skip();
    if (!text_.substr(at_).starts_with(sign)) return false;
    at_ += sign.size();
    return true;
  }
  bool take_word(std::string_view word) {
    skip();
    std::string_view rest = text_.substr(at_);
    if (!rest.starts_with(word) || (rest.size() > word.size() && in_name(rest[word.size()])))
      return false;
    at_ += word.size();
    return true;
  }
  Result<uint32_t> add(Term term) {
    if (terms_.size() >= kLimits.expression_steps) return fail("the expression is too long");
    terms_.push_back(std::move(term));
    return static_cast<uint32_t>(terms_.size() - 1);
  }

  const Infix* infix() {
    skip();
    for (const Infix& one : kInfix) {
      if (text_.substr(at_).starts_with(one.sign)) return &one;
    }
    return nullptr;
  }

  /// Operators of at least that rank.
  Result<uint32_t> expression(int rank) {
    if (++depth_ > kLimits.type_depth) return fail("the expression is nested too deeply");
    uint32_t left = TRY(prefix());
    for (;;) {
      const Infix* one = infix();
      if (one && one->rank >= rank) {
        at_ += one->sign.size();
        // What binds to the left: the right side takes only what binds tighter.
        uint32_t right = TRY(expression(one->rank + 1));
        left = TRY(add({.op = one->op, .a = left, .b = right}));
      } else if (!one && rank <= kConditionalRank && take("?")) {
        uint32_t yes = TRY(expression(kConditionalRank));
        if (!take(":")) return fail("a \":\" is missing behind \"?\"");
        uint32_t no = TRY(expression(kConditionalRank));
        left = TRY(add({.op = Op::conditional, .a = left, .b = yes, .c = no}));
      } else {
        break;
      }
    }
    --depth_;
    return left;
  }

  Result<uint32_t> prefix() {
    if (++depth_ > kLimits.type_depth) return fail("the expression is nested too deeply");
    skip();
    std::optional<Op> op;
    if (take("*")) {
      op = Op::target;
    } else if (take("&")) {
      op = Op::address;
    } else if (take("-")) {
      op = Op::negative;
    } else if (take("!")) {
      op = Op::not_;
    }
    uint32_t term;
    if (op) {
      uint32_t operand = TRY(prefix());
      term = TRY(add({.op = *op, .a = operand}));
    } else {
      term = TRY(postfix());
    }
    --depth_;
    return term;
  }

  Result<uint32_t> postfix() {
    uint32_t term = TRY(primary());
    for (;;) {
      if (bool dot = take("."); dot || take("->")) {
        std::string name(TRY(name_here()));
        term = TRY(add({.op = dot ? Op::member : Op::arrow, .a = term, .text = std::move(name)}));
      } else if (take("[")) {
        uint32_t index = TRY(expression(0));
        if (!take("]")) return fail("a \"]\" is missing");
        term = TRY(add({.op = Op::subscript, .a = term, .b = index}));
      } else if (take_word("as")) {
        term = TRY(cast(term));
      } else {
        return term;
      }
    }
  }

  Result<std::string_view> name_here() {
    skip();
    size_t begin = at_;
    if (at_ < text_.size() && begins_name(text_[at_])) {
      while (at_ < text_.size() && in_name(text_[at_])) ++at_;
      return text_.substr(begin, at_ - begin);
    }
    return fail("a name is missing in an expression");
  }

  Result<uint32_t> primary() {
    skip();
    if (at_ == text_.size()) return fail("the expression ends too early");
    if (take("(")) {
      uint32_t inner = TRY(expression(0));
      if (!take(")")) return fail("a \")\" is missing");
      return inner;
    }
    if (take_word("this")) return add({.op = Op::self});
    if (take_word("sizeof")) {
      if (!take("(")) return fail("\"(\" is missing behind \"sizeof\"");
      skip();
      if (at_ < text_.size() && text_[at_] == '*') {  // of an expression: sizeof(*first)
        uint32_t operand = TRY(prefix());
        if (!take(")")) return fail("a \")\" is missing behind \"sizeof\"");
        return add({.op = Op::size_of, .a = operand});
      }
      std::string type = type_here();
      if (!take(")")) return fail("a \")\" is missing behind \"sizeof\"");
      if (type.empty()) return fail("a type is missing in \"sizeof()\"");
      return add({.op = Op::size_of, .text = std::move(type)});
    }
    const char c = text_[at_];
    if (c >= '0' && c <= '9') return number();
    if (c == '$') {
      size_t begin = at_++;
      while (at_ < text_.size() && in_name(text_[at_])) ++at_;
      if (at_ == begin + 1) return fail("a name is missing behind \"$\"");
      return add({.op = Op::hole, .text = std::string(text_.substr(begin, at_ - begin))});
    }
    std::string name(TRY(name_here()));
    return add({.op = Op::name, .text = std::move(name)});
  }

  Result<uint32_t> number() {
    std::string_view rest = text_.substr(at_);
    int base = 10;
    if (rest.starts_with("0x")) {
      base = 16;
      rest.remove_prefix(2);
    }
    uint64_t value = 0;
    auto [end, problem] = std::from_chars(rest.data(), rest.data() + rest.size(), value, base);
    if (problem != std::errc()) return fail("a number in an expression is not one");
    at_ = static_cast<size_t>(end - text_.data());
    return add({.op = Op::number, .number = static_cast<int64_t>(value)});
  }

  /// To the end of the brackets that we are in, or to "??".
  std::string type_here() {
    skip();
    size_t begin = at_;
    int open = 0;
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '<' || c == '(' || c == '[') {
        if (c == '[' && open == 0) break;
        ++open;
      } else if (c == '>' || c == ')' || c == ']') {
        if (open == 0) break;
        --open;
      } else if (open == 0 && (c == '?' || c == '=' || c == '!' || c == '+')) {
        break;
      }
    }
    return std::string(trimmed(text_.substr(begin, at_ - begin)));
  }

  Result<uint32_t> cast(uint32_t operand) {
    std::string type = type_here();
    if (type.empty()) return fail("a type is missing behind \"as\"");
    uint32_t index = Term::kNone;
    if (take("[")) {
      index = TRY(expression(0));
      if (!take("]")) return fail("a \"]\" is missing");
    }
    return add({.op = Op::as, .a = operand, .b = index, .text = std::move(type)});
  }

  std::string_view text_;
  size_t at_ = 0, depth_ = 0;
  std::vector<Term> terms_;
};

}  // namespace

Result<Expression> Expression::parse(std::string_view text) {
  Expression expression;
  expression.terms_ = TRY(Parser(text).all());
  return expression;
}

}  // namespace inquest::objects
