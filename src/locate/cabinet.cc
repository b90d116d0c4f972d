#include "locate/cabinet.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <mspack.h>
#include <unistd.h>

#include "locate/store_layout.h"

namespace inquest::locate {
namespace {

constexpr const char* kMspackLibrary = "libmspack.so.0";  // the one of Debian's libmspack0

/// Loaded when the first cabinet is met: a library costs each start of a program.
struct MspackLibrary {
  decltype(&mspack_create_cab_decompressor) create = nullptr;
  decltype(&mspack_destroy_cab_decompressor) destroy = nullptr;
};

const MspackLibrary& mspack() {
  static const MspackLibrary library = [] {
    MspackLibrary found;
    void* handle = dlopen(kMspackLibrary, RTLD_NOW | RTLD_LOCAL);
    if (!handle) return found;
    found.create =
        reinterpret_cast<decltype(found.create)>(dlsym(handle, "mspack_create_cab_decompressor"));
    found.destroy =
        reinterpret_cast<decltype(found.destroy)>(dlsym(handle, "mspack_destroy_cab_decompressor"));
    return found.create && found.destroy ? found : MspackLibrary{};
  }();
  return library;
}

constexpr const char* kInput = "in";
constexpr const char* kOutput = "out";

/// libmspack's way to the world, with one input and one output. It must come first: libmspack hands
/// back a pointer to it.
struct System {
  mspack_system calls;
  Bytes input;
  int descriptor;
  uint64_t left;  ///< that may still be written
  bool too_large = false;
};

/// An open "file" of libmspack's: a place in the input, or the output.
struct Stream {
  System* system;
  bool writes;
  uint64_t at = 0;
};

Stream* stream(mspack_file* file) { return reinterpret_cast<Stream*>(file); }

mspack_file* open_stream(mspack_system* self, const char* name, int mode) {
  bool writes = mode != MSPACK_SYS_OPEN_READ;
  if (std::strcmp(name, writes ? kOutput : kInput) != 0) return nullptr;
  return reinterpret_cast<mspack_file*>(new Stream{reinterpret_cast<System*>(self), writes});
}

void close_stream(mspack_file* file) { delete stream(file); }

int read_stream(mspack_file* file, void* buffer, int bytes) {
  Stream& s = *stream(file);
  if (s.writes || bytes < 0) return -1;
  Bytes input = s.system->input;
  size_t n = std::min<size_t>(static_cast<size_t>(bytes), input.size() - s.at);
  if (n) std::memcpy(buffer, input.data() + s.at, n);
  s.at += n;
  return static_cast<int>(n);
}

int write_stream(mspack_file* file, void* buffer, int bytes) {
  Stream& s = *stream(file);
  if (!s.writes || bytes < 0) return -1;
  System& system = *s.system;
  if (static_cast<uint64_t>(bytes) > system.left) {
    system.too_large = true;
    return -1;
  }
  const char* from = static_cast<const char*>(buffer);
  for (int done = 0; done < bytes;) {
    ssize_t n = write(system.descriptor, from + done, static_cast<size_t>(bytes - done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return -1;
    done += static_cast<int>(n);
  }
  system.left -= static_cast<uint64_t>(bytes);
  s.at += static_cast<uint64_t>(bytes);
  return bytes;
}

int seek_stream(mspack_file* file, off_t offset, int mode) {
  Stream& s = *stream(file);
  int64_t size = static_cast<int64_t>(s.system->input.size());
  int64_t from = mode == MSPACK_SYS_SEEK_START ? 0
                 : mode == MSPACK_SYS_SEEK_CUR ? static_cast<int64_t>(s.at)
                                               : size;
  int64_t to = 0;
  if (s.writes || __builtin_add_overflow(from, static_cast<int64_t>(offset), &to)) return -1;
  if (to < 0 || to > size) return -1;
  s.at = static_cast<uint64_t>(to);
  return 0;
}

off_t tell_stream(mspack_file* file) { return static_cast<off_t>(stream(file)->at); }
void ignore_message(mspack_file*, const char*, ...) {}
void* allocate(mspack_system*, size_t bytes) { return std::malloc(bytes); }
void release(void* memory) { std::free(memory); }
void copy_bytes(void* from, void* to, size_t bytes) { std::memmove(to, from, bytes); }

System make_system(Bytes input, int descriptor, uint64_t limit) {
  return {.calls = {.open = open_stream,
                    .close = close_stream,
                    .read = read_stream,
                    .write = write_stream,
                    .seek = seek_stream,
                    .tell = tell_stream,
                    .message = ignore_message,
                    .alloc = allocate,
                    .free = release,
                    .copy = copy_bytes,
                    .null_ptr = nullptr},
          .input = input,
          .descriptor = descriptor,
          .left = limit};
}

mscabd_file* choose(mscabd_cabinet* cabinet, std::string_view wanted) {
  for (mscabd_file* file = cabinet->files; file; file = file->next) {
    if (same_file_name(base_name(file->filename), wanted)) return file;
  }
  bool only_one = cabinet->files && !cabinet->files->next;
  return only_one ? cabinet->files : nullptr;
}

}  // namespace

bool is_cabinet(Bytes bytes) {
  return bytes.size() >= 36 && std::memcmp(bytes.data(), "MSCF\0\0\0\0", 8) == 0;
}

Result<> unpack_cabinet(Bytes packed, std::string_view wanted, int descriptor, uint64_t limit,
                        const std::string& name) {
  auto bad = [&](std::string what, std::string advice = {}) {
    return fail(
        Error{.what = std::move(what), .file = name, .stream = "CAB", .advice = std::move(advice)});
  };
  System system = make_system(packed, descriptor, limit);
  const MspackLibrary& library = mspack();
  mscab_decompressor* cab = library.create ? library.create(&system.calls) : nullptr;
  if (!cab) return bad("libmspack cannot be used", "install libmspack0");
  struct Destroy {
    const MspackLibrary& library;
    mscab_decompressor* cab;
    ~Destroy() { library.destroy(cab); }
  } destroy{library, cab};
  mscabd_cabinet* cabinet = cab->open(cab, kInput);
  if (!cabinet) return bad("the archive is damaged", "copy it again");
  struct Close {
    mscab_decompressor* cab;
    mscabd_cabinet* cabinet;
    ~Close() { cab->close(cab, cabinet); }
  } close{cab, cabinet};
  mscabd_file* file = choose(cabinet, wanted);
  if (!file) return bad(fmt::format("{} is not in it", wanted));
  if (cab->extract(cab, file, kOutput) == MSPACK_ERR_OK) return {};
  if (system.too_large) return bad(fmt::format("unpacks to more than {} bytes", limit));
  return bad("the archive is damaged or cut", "copy it again");
}

}  // namespace inquest::locate
