#include "base/unpack_stream.h"

#include <algorithm>
#include <lz4frame.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

namespace inquest {
namespace {

using State = UnpackStream::State;

class ZlibStream final : public UnpackStream {
 public:
  ZlibStream(Bytes packed, bool gzip) : packed_(packed), gzip_(gzip) {
    ready_ = inflateInit2(&z_, gzip ? 16 + MAX_WBITS : MAX_WBITS) == Z_OK;
  }
  ~ZlibStream() override {
    if (ready_) inflateEnd(&z_);
  }
  ZlibStream(const ZlibStream&) = delete;
  ZlibStream& operator=(const ZlibStream&) = delete;

  State step(std::span<std::byte> out, size_t& produced) override {
    produced = 0;
    if (!ready_) return State::too_big;
    while (produced < out.size()) {
      // zlib counts in 32 bits.
      constexpr size_t kMost = 1u << 30;
      uInt room = static_cast<uInt>(std::min(out.size() - produced, kMost));
      uInt given = static_cast<uInt>(std::min(packed_.size(), kMost));
      z_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(packed_.data()));
      z_.avail_in = given;
      z_.next_out = reinterpret_cast<Bytef*>(out.data() + produced);
      z_.avail_out = room;
      int code = inflate(&z_, Z_NO_FLUSH);
      packed_ = packed_.subspan(given - z_.avail_in);
      produced += room - z_.avail_out;
      if (code == Z_STREAM_END) {
        // `cat a.gz b.gz` is one stream to gzip.
        if (!gzip_ || packing_of(packed_) != Packing::gzip) return State::done;
        if (inflateReset(&z_) != Z_OK) return State::damaged;
        continue;
      }
      if (code != Z_OK && code != Z_BUF_ERROR) return State::damaged;
      if (packed_.empty() && z_.avail_out != 0) return State::cut;
    }
    return State::more;
  }

 private:
  z_stream z_{};
  Bytes packed_;
  bool gzip_;
  bool ready_ = false;
};

class ZstdStream final : public UnpackStream {
 public:
  explicit ZstdStream(Bytes packed) : in_{packed.data(), packed.size(), 0} {}
  ~ZstdStream() override { ZSTD_freeDCtx(context_); }
  ZstdStream(const ZstdStream&) = delete;
  ZstdStream& operator=(const ZstdStream&) = delete;

  State step(std::span<std::byte> out, size_t& produced) override {
    produced = 0;
    if (!context_) return State::too_big;
    ZSTD_outBuffer to{out.data(), out.size(), 0};
    while (to.pos < to.size) {
      size_t before = in_.pos + to.pos;
      size_t code = ZSTD_decompressStream(context_, &to, &in_);
      produced = to.pos;
      if (ZSTD_isError(code)) {
        // A window over the library's own bound (128 MiB) is refused by it.
        return State::damaged;
      }
      if (code == 0 && in_.pos == in_.size) return State::done;
      // A frame has ended; what follows is another frame, or rubbish that need not matter.
      if (code == 0) {
        Bytes rest{static_cast<const std::byte*>(in_.src) + in_.pos, in_.size - in_.pos};
        if (packing_of(rest) != Packing::zstd) return State::done;
      }
      if (in_.pos == in_.size && to.pos < to.size) return State::cut;
      if (in_.pos + to.pos == before && code != 0) return State::damaged;
    }
    return State::more;
  }

 private:
  ZSTD_DCtx* context_ = ZSTD_createDCtx();
  ZSTD_inBuffer in_;
};

class XzStream final : public UnpackStream {
 public:
  explicit XzStream(Bytes packed) {
    constexpr uint64_t kMemory = 256ull << 20;  // `xz -9` needs 65 MiB
    ready_ = lzma_stream_decoder(&z_, kMemory, LZMA_CONCATENATED) == LZMA_OK;
    z_.next_in = reinterpret_cast<const uint8_t*>(packed.data());
    z_.avail_in = packed.size();
  }
  ~XzStream() override { lzma_end(&z_); }
  XzStream(const XzStream&) = delete;
  XzStream& operator=(const XzStream&) = delete;

  State step(std::span<std::byte> out, size_t& produced) override {
    produced = 0;
    if (!ready_) return State::too_big;
    z_.next_out = reinterpret_cast<uint8_t*>(out.data());
    z_.avail_out = out.size();
    lzma_ret code = lzma_code(&z_, LZMA_FINISH);
    produced = out.size() - z_.avail_out;
    switch (code) {
      case LZMA_OK:
        return z_.avail_in == 0 && z_.avail_out != 0 ? State::cut : State::more;
      case LZMA_STREAM_END:
        return State::done;
      case LZMA_BUF_ERROR:
        return State::cut;
      case LZMA_MEMLIMIT_ERROR:
      case LZMA_MEM_ERROR:
        return State::too_big;
      default:
        return State::damaged;
    }
  }

 private:
  lzma_stream z_ = LZMA_STREAM_INIT;
  bool ready_ = false;
};

class Lz4Stream final : public UnpackStream {
 public:
  explicit Lz4Stream(Bytes packed) : packed_(packed) {
    ready_ = !LZ4F_isError(LZ4F_createDecompressionContext(&context_, LZ4F_VERSION));
  }
  ~Lz4Stream() override {
    if (ready_) LZ4F_freeDecompressionContext(context_);
  }
  Lz4Stream(const Lz4Stream&) = delete;
  Lz4Stream& operator=(const Lz4Stream&) = delete;

  State step(std::span<std::byte> out, size_t& produced) override {
    produced = 0;
    if (!ready_) return State::too_big;
    while (produced < out.size()) {
      size_t room = out.size() - produced;
      size_t given = packed_.size();
      size_t code =
          LZ4F_decompress(context_, out.data() + produced, &room, packed_.data(), &given, nullptr);
      if (LZ4F_isError(code)) return State::damaged;
      packed_ = packed_.subspan(given);
      produced += room;
      if (code == 0 && packing_of(packed_) != Packing::lz4) return State::done;
      if (room == 0 && given == 0) return packed_.empty() ? State::cut : State::damaged;
    }
    return State::more;
  }

 private:
  LZ4F_dctx* context_ = nullptr;
  Bytes packed_;
  bool ready_ = false;
};

}  // namespace

std::unique_ptr<UnpackStream> UnpackStream::open(Bytes packed, Packing packing) {
  switch (packing) {
    case Packing::none:
      return nullptr;
    case Packing::zlib:
      return std::make_unique<ZlibStream>(packed, false);
    case Packing::gzip:
      return std::make_unique<ZlibStream>(packed, true);
    case Packing::zstd:
      return std::make_unique<ZstdStream>(packed);
    case Packing::xz:
      return std::make_unique<XzStream>(packed);
    case Packing::lz4:
      return std::make_unique<Lz4Stream>(packed);
  }
  return nullptr;
}

}  // namespace inquest
