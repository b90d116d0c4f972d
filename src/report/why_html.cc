#include "report/report.h"
namespace inquest::report {
std::string why_html(const answer::Answer& answer) { return why_text(answer, {}); }
}  // namespace inquest::report
