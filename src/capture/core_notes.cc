#include "capture/core_notes.h"

#include <algorithm>
#include <ctime>
#include <elf.h>
#include <fmt/core.h>
#include <fstream>
#include <span>
#include <string.h>
#include <sys/procfs.h>
#include <sys/resource.h>
#include <unistd.h>

#include "capture/json_text.h"
#include "capture/populated_pages.h"
#include "capture/proc_files.h"

namespace inquest::capture {
namespace {

class Notes {
 public:
  void add(std::string_view owner, uint32_t type, std::span<const std::byte> description) {
    Elf64_Nhdr header{static_cast<uint32_t>(owner.size() + 1),
                      static_cast<uint32_t>(description.size()), type};
    append(std::as_bytes(std::span(&header, 1)));
    append(std::as_bytes(std::span(owner.data(), owner.size())));
    bytes_.push_back(std::byte{0});
    pad();
    append(description);
    pad();
  }
  template <class T>
  void add_record(std::string_view owner, uint32_t type, const T& record) {
    add(owner, type, std::as_bytes(std::span(&record, 1)));
  }
  void add_text(std::string_view owner, uint32_t type, std::string_view text) {
    add(owner, type, std::as_bytes(std::span(text.data(), text.size())));
  }
  std::vector<std::byte> take() { return std::move(bytes_); }

 private:
  void append(std::span<const std::byte> bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }
  void pad() { bytes_.resize((bytes_.size() + 3) / 4 * 4); }

  std::vector<std::byte> bytes_;
};

/// What is the same in the records of all threads.
struct Common {
  pid_t process = 0;
  ThreadStatus status;
  ProcessStat stat;
};

template <class TimeValue>
void set_time(TimeValue& out, uint64_t ticks) {
  static const auto per_second = static_cast<uint64_t>(std::max(1L, ::sysconf(_SC_CLK_TCK)));
  out.tv_sec = static_cast<decltype(out.tv_sec)>(ticks / per_second);
  out.tv_usec = static_cast<decltype(out.tv_usec)>(ticks % per_second * 1'000'000 / per_second);
}

elf_prstatus status_record(const ThreadImage& thread, const Common& common,
                           const siginfo_t* signal) {
  elf_prstatus record;
  ::memset(&record, 0, sizeof record);  // the padding is written to a file
  if (signal) {
    record.pr_info.si_signo = signal->si_signo;
    record.pr_info.si_code = signal->si_code;
    record.pr_info.si_errno = signal->si_errno;
    record.pr_cursig = static_cast<short>(signal->si_signo);
  }
  record.pr_sigpend = thread.pending;
  record.pr_sighold = thread.blocked;
  record.pr_pid = thread.id;
  record.pr_ppid = common.status.parent;
  record.pr_pgrp = common.stat.group;
  record.pr_sid = common.stat.session;
  // As the kernel does: the leader's record has the sums of the process, the others' their own.
  const bool is_leader = thread.id == common.process;
  const ProcessStat own =
      is_leader
          ? common.stat
          : parse_process_stat(
                read_proc(common.process, fmt::format("task/{}/stat", thread.id)).value_or(""));
  set_time(record.pr_utime, own.user_ticks);
  set_time(record.pr_stime, own.system_ticks);
  set_time(record.pr_cutime, common.stat.child_user_ticks);
  set_time(record.pr_cstime, common.stat.child_system_ticks);
  ::memcpy(&record.pr_reg, thread.general.data(),
           std::min(thread.general.size(), sizeof record.pr_reg));
  record.pr_fpvalid = thread.floating.empty() ? 0 : 1;
  return record;
}

elf_prpsinfo process_record(const ProcessImage& image, const Common& common,
                            const std::vector<std::string>& words) {
  elf_prpsinfo record;
  ::memset(&record, 0, sizeof record);
  record.pr_sname = image.signal ? 'R' : common.status.state;
  constexpr std::string_view kStates = "RSDTZW";
  size_t state = kStates.find(record.pr_sname);
  record.pr_state = static_cast<char>(state == kStates.npos ? 0 : state);
  record.pr_nice = static_cast<char>(common.stat.nice);
  record.pr_flag = common.stat.flags;
  record.pr_uid = common.status.real_user;
  record.pr_gid = common.status.real_group;
  record.pr_pid = image.process;
  record.pr_ppid = common.status.parent;
  record.pr_pgrp = common.stat.group;
  record.pr_sid = common.stat.session;
  common.status.name.copy(record.pr_fname, sizeof record.pr_fname - 1);
  std::string arguments;
  for (const auto& word : words) {
    if (!arguments.empty()) arguments += ' ';
    arguments += word;
    if (arguments.size() >= sizeof record.pr_psargs) break;
  }
  arguments.copy(record.pr_psargs, sizeof record.pr_psargs - 1);
  return record;
}

/// NT_FILE: count, page size, {begin, end, offset in pages} each, then the paths.
std::vector<std::byte> file_record(const std::vector<Mapping>& mappings) {
  std::vector<uint64_t> numbers{0, page_size()};
  std::string paths;
  for (const auto& mapping : mappings) {
    if (!mapping.name.starts_with('/')) continue;
    ++numbers[0];
    numbers.insert(numbers.end(), {mapping.range.begin.value, mapping.range.end.value,
                                   mapping.offset / page_size()});
    paths += mapping.name;
    if (mapping.deleted) paths += " (deleted)";
    paths += '\0';
  }
  auto head = std::as_bytes(std::span(numbers));
  auto tail = std::as_bytes(std::span(paths.data(), paths.size()));
  std::vector<std::byte> record(head.begin(), head.end());
  record.insert(record.end(), tail.begin(), tail.end());
  return record;
}

/// What the process might have at most: kernels' own cores do not say. "" when nothing is limited.
std::string limits_text(pid_t process) {
  std::string text;
  auto put = [&](const char* name, uint64_t value) {
    text += fmt::format("{}\"{}\":{}", text.empty() ? "" : ",", name, value);
  };
  constexpr std::pair<const char*, __rlimit_resource> kLimits[] = {
      {"address_space", RLIMIT_AS}, {"data", RLIMIT_DATA}, {"stack", RLIMIT_STACK}};
  for (auto [name, resource] : kLimits) {
    rlimit limit{};
    bool known = ::prlimit(process, resource, nullptr, &limit) == 0;
    if (known && limit.rlim_cur != RLIM_INFINITY) put(name, limit.rlim_cur);
  }
  std::ifstream file("/proc/sys/vm/max_map_count");
  if (uint64_t most = 0; file >> most) put("mappings", most);
  return text;
}

std::string inquest_text(const ProcessImage& image, const std::vector<std::string>& words,
                         std::chrono::microseconds stopped) {
  std::string text = "{\"threads\":[";
  for (const auto& thread : image.threads) {
    if (text.back() != '[') text += ',';
    text += fmt::format("{{\"id\":{},\"name\":{}}}", thread.id, json_string(thread.name));
  }
  text += fmt::format("],\"executable\":{},\"stopped_us\":{:>12},\"command_line\":{}",
                      json_string(executable_path(image.memory_thread)), stopped.count(),
                      json_array(words));
  text += fmt::format(",\"limits\":{{{}}}", limits_text(image.memory_thread));
  // As wide whenever it is written: what is written twice must be as long.
  text += fmt::format(",\"time\":{:>12}", std::time(nullptr));
  text += ",\"earlier_signals\":[";
  for (const auto& earlier : image.earlier) {
    if (text.back() != '[') text += ',';
    text += fmt::format(R"({{"thread":{},"signal":{},"code":{},"address":"{:#x}","before_us":{}}})",
                        earlier.thread, earlier.signal, earlier.code, earlier.address,
                        earlier.before.count());
  }
  text += "]}";
  text += '\0';
  return text;
}

}  // namespace

std::vector<std::byte> core_notes(const ProcessImage& image, const std::vector<Mapping>& mappings,
                                  std::chrono::microseconds stopped) {
  Common common;
  common.process = image.process;
  common.status = thread_status(image.memory_thread).value_or(ThreadStatus{});
  if (auto leader = thread_status(image.process)) common.status.name = leader->name;
  common.stat = parse_process_stat(read_proc(image.process, "stat").value_or(""));
  auto words = command_line(image.memory_thread);

  Notes notes;
  bool first = true;
  for (const auto& thread : image.threads) {
    const siginfo_t* signal = first && image.signal ? &*image.signal : nullptr;
    notes.add_record("CORE", NT_PRSTATUS, status_record(thread, common, signal));
    if (first) {
      notes.add_record("CORE", NT_PRPSINFO, process_record(image, common, words));
      if (signal) notes.add_record("CORE", NT_SIGINFO, *signal);
      if (auto auxv = read_proc(image.memory_thread, "auxv")) {
        notes.add_text("CORE", NT_AUXV, *auxv);
      }
      notes.add("CORE", NT_FILE, file_record(mappings));
    }
    if (!thread.floating.empty()) notes.add("CORE", NT_FPREGSET, thread.floating);
    for (const auto& [type, bytes] : thread.extended) notes.add("LINUX", type, bytes);
    first = false;
  }
  notes.add_text("INQUEST", kInquestNote, inquest_text(image, words, stopped));
  return notes.take();
}

}  // namespace inquest::capture
