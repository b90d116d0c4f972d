// Positions arrive as a count and then floats. The sum is done with aligned SSE loads, but behind
// the four bytes of the count nothing is aligned to 16: the CPU raises #GP, and the signal has no
// address.
#include <cstdint>
#include <cstring>
#include <vector>
#include <xmmintrin.h>

#include "../patient.h"

class PositionPacket {
 public:
  explicit PositionPacket(std::uint32_t count) : bytes_(sizeof count + count * sizeof(float)) {
    std::memcpy(bytes_.data(), &count, sizeof count);
    for (std::uint32_t i = 0; i < count; ++i) {
      const float value = static_cast<float>(i) * 0.5f;
      std::memcpy(bytes_.data() + sizeof count + i * sizeof value, &value, sizeof value);
    }
  }

  std::uint32_t count() const {
    std::uint32_t count;
    std::memcpy(&count, bytes_.data(), sizeof count);
    return count;
  }
  const float* values() const {
    return reinterpret_cast<const float*>(bytes_.data() + sizeof(std::uint32_t));
  }

 private:
  std::vector<unsigned char> bytes_;
};

NOINLINE float sum_positions(const float* values, std::uint32_t count) {
  __m128 sum = _mm_setzero_ps();
  for (std::uint32_t i = 0; i + 4 <= count; i += 4) sum = _mm_add_ps(sum, _mm_load_ps(values + i));
  float lanes[4];
  _mm_storeu_ps(lanes, sum);
  return lanes[0] + lanes[1] + lanes[2] + lanes[3];
}

NOINLINE float centre(const PositionPacket& packet) {
  return sum_positions(packet.values(), packet.count()) / static_cast<float>(packet.count());
}

int main() {
  const PositionPacket packet(64);
  std::printf("%f\n", static_cast<double>(centre(packet)));
}
