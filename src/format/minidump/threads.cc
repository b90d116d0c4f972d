// Threads: the list that every dump has, the extended one, times and start addresses, names.
#include "base/limits.h"
#include "format/minidump/reader.h"

namespace inquest::minidump {
namespace {

Thread thread_of(Reader& reader, const raw::Thread& raw) {
  Thread thread{.id = raw.id,
                .suspend_count = raw.suspend_count,
                .priority_class = raw.priority_class,
                .priority = raw.priority,
                .teb = raw.teb,
                .stack = reader.memory(raw.stack)};
  // Half a context would show registers of zero.
  Bytes context = reader.at(raw.context);
  if (context.size() == raw.context.size) {
    thread.context = context;
  } else {
    reader.skip_record();
  }
  return thread;
}

}  // namespace

void read_threads(Reader& reader, Bytes stream) {
  List list = counted_list(reader, stream, sizeof(raw::Thread), kLimits.threads);
  reader.dump.threads.reserve(list.count);
  for (uint64_t i = 0; i < list.count; ++i) {
    reader.dump.threads.push_back(thread_of(reader, list.get<raw::Thread>(i)));
  }
}

void read_threads_ex(Reader& reader, Bytes stream) {
  if (!reader.dump.threads.empty()) return;  // the same threads again
  List list = counted_list(reader, stream, sizeof(raw::ThreadEx), kLimits.threads);
  reader.dump.threads.reserve(list.count);
  for (uint64_t i = 0; i < list.count; ++i) {
    reader.dump.threads.push_back(thread_of(reader, list.get<raw::ThreadEx>(i).thread));
  }
}

void read_thread_infos(Reader& reader, Bytes stream) {
  List list = sized_list(reader, stream, 4, sizeof(raw::ThreadInfo), kLimits.threads);
  reader.dump.thread_infos.reserve(list.count);
  for (uint64_t i = 0; i < list.count; ++i) {
    auto raw = list.get<raw::ThreadInfo>(i);
    reader.dump.thread_infos.push_back({.id = raw.id,
                                        .flags = raw.flags,
                                        .exit_status = raw.exit_status,
                                        .create_time = raw.create_time,
                                        .exit_time = raw.exit_time,
                                        .kernel_time = raw.kernel_time,
                                        .user_time = raw.user_time,
                                        .start_address = raw.start_address});
  }
}

void read_thread_names(Reader& reader, Bytes stream) {
  List list = counted_list(reader, stream, sizeof(raw::ThreadName), kLimits.threads);
  reader.dump.thread_names.reserve(list.count);
  for (uint64_t i = 0; i < list.count; ++i) {
    auto raw = list.get<raw::ThreadName>(i);
    std::string name = reader.utf16(raw.name);
    if (!name.empty()) reader.dump.thread_names.push_back({raw.id, std::move(name)});
  }
}

}  // namespace inquest::minidump
