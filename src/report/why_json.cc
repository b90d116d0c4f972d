/// `why` and `stack` as JSON: schema/why.schema.json, schema/stack.schema.json.
#include "report/json.h"
#include "report/report.h"

namespace inquest::report {

std::string why_json(const answer::Answer& answer) {
  Document document("inquest.why/1");
  document.member("dump", json_of(answer.dump));
  document.member("verdict", json_of(answer.verdict, true));
  if (answer.fault) document.member("fault", json_of(*answer.fault));
  document.threads("threads", answer.threads);
  document.list("modules", answer.modules);
  document.findings("findings", answer.findings);
  document.list("warnings", answer.warnings);
  return std::move(document).finish();
}

std::string stack_json(const answer::Answer& answer) {
  Document document("inquest.stack/1");
  document.member("dump", json_of(answer.dump));
  document.threads("threads", answer.threads);
  document.list("warnings", answer.warnings);
  return std::move(document).finish();
}

}  // namespace inquest::report
