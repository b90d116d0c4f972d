#include "report/diff_report.h"
#include "report/json.h"

namespace inquest::report {
namespace {

Json growth_json(const answer::Growth& growth) {
  return {{"what", growth.what},
          {"bytes", growth.bytes()},
          {"blocks", growth.blocks()},
          {"before", {{"blocks", growth.blocks_before}, {"bytes", growth.bytes_before}}},
          {"after", {{"blocks", growth.blocks_after}, {"bytes", growth.bytes_after}}}};
}

}  // namespace

std::string diff_json(const answer::Diff& diff) {
  Document document("inquest.diff/1");
  document.member("before", json_of(diff.before));
  document.member("after", json_of(diff.after));
  document.member("total", growth_json(diff.total));
  document.member("lost", growth_json(diff.lost));
  document.member("noise", diff.noise);
  document.list("owners", diff.owners, growth_json);
  document.list("sizes", diff.sizes, growth_json);
  document.list("arenas", diff.arenas, growth_json);
  document.list("warnings", diff.warnings);
  return std::move(document).finish();
}

}  // namespace inquest::report
