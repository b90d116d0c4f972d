// Score scaling divides by a factor from the configuration. The factor is -1 (a penalty) and one
// score is the smallest int: the quotient does not fit, and x86 reports that as a division error
// too.
#include <cstdlib>
#include <string>
#include <vector>

#include "../patient.h"

class Scale {
 public:
  explicit Scale(int divisor) : divisor_(divisor) {}
  NOINLINE int apply(int score) const { return score / divisor_; }

 private:
  int divisor_;
};

NOINLINE std::vector<int> parse_scores(const std::vector<std::string>& texts) {
  std::vector<int> scores;
  for (const std::string& text : texts) {
    scores.push_back(static_cast<int>(std::strtol(text.c_str(), nullptr, 10)));
  }
  return scores;
}

NOINLINE long rescale(const std::vector<int>& scores, const Scale& scale) {
  long sum = 0;
  for (int score : scores) sum += scale.apply(score);
  return sum;
}

int main() {
  const std::vector<int> scores = parse_scores({"120", "-7", "-2147483648", "33"});
  const Scale scale(parse_scores({"-1"}).front());
  std::printf("sum %ld\n", rescale(scores, scale));
}
