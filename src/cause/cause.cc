#include "cause/cause.h"

#include <exception>

#include "cause/activity.h"
#include "cause/contents.h"
#include "cause/detector.h"
#include "cause/detectors/detectors.h"
#include "cause/fault/fault.h"
#include "cause/variables.h"
#include "cause/verdict.h"
#include "snapshot/exceptions.h"

namespace inquest::cause {
namespace {

/// Runs every detector. Their errors are values, but the libraries below them may throw (memory):
/// one detector that fails must not cost the others' findings.
std::vector<answer::Finding> detect_all(const Process& process, std::vector<Warning>& warnings) {
  std::vector<answer::Finding> all;
  for (const Detector& detector : detectors()) {
    try {
      auto found = detector.detect(process);
      std::move(found.begin(), found.end(), std::back_inserter(all));
    } catch (const std::exception& e) {
      warnings.push_back({fmt::format("the search for '{}' gave up: {}", detector.name, e.what())});
    }
  }
  return all;
}

/// Of a process that hangs, or that somebody thought to hang: what its threads were about.
void add_activity(const std::vector<answer::Stack>& threads, answer::Finding& finding) {
  auto evidence = activity_evidence(threads);
  std::move(evidence.begin(), evidence.end(), std::back_inserter(finding.evidence));
}

/// Says what is known when no finding is believable, and what was looked for.
answer::Finding unknown_verdict(const Process& process, const std::optional<FaultSite>& site,
                                const std::vector<answer::Finding>& findings,
                                const std::vector<answer::Stack>& threads) {
  answer::Finding verdict{.kind = answer::Kind::unknown};
  const auto& fault = process.snapshot().fault;
  if (fault && fault->signal) {
    verdict.summary =
        fmt::format("The process died of {}; nothing found says why.", signal_name(*fault->signal));
  } else if (fault && fault->exception) {
    verdict.summary = fmt::format("The process died of exception {}; nothing found says why.",
                                  snapshot::exception_words(*fault, process.snapshot().os));
  } else if (fault) {
    verdict.summary = "The process died of an exception; nothing found says why.";
  } else {
    verdict.summary = "The dump records no fault, and nothing found in it is wrong.";
  }
  if (site && site->pc) {
    verdict.evidence.push_back({.what = fmt::format("stopped at {}", process.describe(*site->pc)),
                                .thread = site->thread_id,
                                .frame = 0,
                                .address = site->pc});
  }
  if (!fault) add_activity(threads, verdict);
  std::string names;
  for (const Detector& detector : detectors()) {
    bool is_of_windows = detector.detect == detect_windows_exception;
    if (is_of_windows && process.snapshot().os != snapshot::Os::windows) continue;
    if (!names.empty()) names += ", ";
    names += detector.name;
  }
  verdict.evidence.push_back({.what = "looked for, without a finding to believe: " + names});
  for (const auto& hint : findings) {
    verdict.evidence.push_back(
        {.what = fmt::format("a hint only ({:.0f} %): {}", hint.confidence * 100, hint.summary)});
  }
  if (!process.snapshot().complete) {
    verdict.next.push_back("the dump is incomplete; take one that is not cut (ulimit -c, disk)");
  }
  verdict.next.push_back("look at the stacks of all threads: inquest stack DUMP");
  if (!fault) {
    verdict.next.push_back(
        "if it grew rather than hung: inquest memory DUMP, inquest leaks DUMP; two dumps some time "
        "apart tell what grows: inquest diff BEFORE AFTER");
  }
  return verdict;
}

}  // namespace

answer::Answer describe(const Process& process) {
  answer::Answer answer;
  answer.dump = describe_dump(process.snapshot());
  answer.threads = process.describe_stacks();
  answer.modules = process.describe_modules();
  answer.warnings = process.warnings();
  return answer;
}

answer::Answer investigate(const Process& process) {
  answer::Answer answer = describe(process);
  std::vector<Warning> more;
  std::optional<FaultSite> site = fault_site(process);
  answer.findings = detect_all(process, more);
  weigh(answer.findings);
  if (!answer.findings.empty() && answer.findings.front().confidence >= kBelievable) {
    if (answer.findings.front().kind == answer::Kind::killed)
      add_activity(answer.threads, answer.findings.front());
    answer.verdict = answer.findings.front();
  } else {
    answer.verdict = unknown_verdict(process, site, answer.findings, answer.threads);
  }
  if (site) answer.fault = describe_fault(process, *site);
  // Deeper ones are for `stack --variables`.
  constexpr size_t kNearest = 16;
  describe_variables(process, {.crashed_only = true, .own_only = true, .most_frames = kNearest},
                     answer.threads, answer.warnings);
  answer.warnings.insert(answer.warnings.end(), more.begin(), more.end());
  return answer;
}

}  // namespace inquest::cause
