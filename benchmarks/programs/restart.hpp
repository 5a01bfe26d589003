// What the programs for the restart storm share: the scenario, its chance, the wheel of events, the
// admission, and what is printed. See restart.cpp.

#ifndef RESTART_HPP
#define RESTART_HPP

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <vector>

using i64 = int64_t;
using u64 = uint64_t;
using u32 = uint32_t;

constexpr int PER_CLIENT = 8;  // sockets

// The scenario ------------------------------------------------------------------------------------

constexpr i64 NS_PER_S = 1'000'000'000, NS_PER_MS = 1'000'000;
constexpr i64 CRASH_NS = 10 * NS_PER_S, UP_NS = 70 * NS_PER_S, UNTIL_NS = 400 * NS_PER_S;
constexpr i64 TIMEOUT_NS = 10 * NS_PER_S, WORK_NS = 2 * NS_PER_MS;
constexpr double BASE_MS = 1000, CAP_MS = 30'000;
constexpr double LATENCY_S = 0.04, LATENCY_SIGMA = 0.5;
constexpr int WORKERS = 8, BACKLOG = 2048;
constexpr i64 SYN_BYTES = 60, SYN_ACK_BYTES = 60, ACK_BYTES = 52, RST_BYTES = 40;
constexpr i64 REQUEST_BYTES = 499, RESPONSE_BYTES = 229, ERROR_BYTES = 160;
constexpr i64 FULL_UP = 323, FULL_DOWN = 1847, RESUMED_UP = 599, RESUMED_DOWN = 496;

[[noreturn]] inline void fail(const char* why) {
  std::fprintf(stderr, "restart: %s\n", why);
  std::exit(3);
}

// Chance ------------------------------------------------------------------------------------------

constexpr u64 GOLDEN = 0x9E3779B97F4A7C15, STRIDE = 0xD1B54A32D192ED03;
// the first eight bytes of blake2b over "latency", "tls resumed", "pod", "policy attempt: jitter"
constexpr u64 LATENCY = 0x814afd311e53f0e0, TLS = 0x57d07531c00a4c2f, POD = 0x5a655659abacf79;
constexpr u64 JITTER = 0x39b36e938bfafe33;
constexpr int BINS = 2048, FRACTION_BITS = 42, REST_BITS = 31, HALF_BITS = 21;

template <typename T>
inline T mixed(T value) {
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
  return value ^ (value >> 31);
}

template <typename T, typename N>
inline T bits_of(T first, u64 purpose, N ordinal) {
  return mixed((first ^ purpose) + ordinal * STRIDE) >> 11;
}

// Wichura's AS241, as Python's statistics.NormalDist has it, to the last bit (no fused products)
inline double normal_quantile(double p) {
  const double q = p - 0.5;
  if (std::fabs(q) <= 0.425) {
    const double r = 0.180625 - q * q;
    const double num = (((((((2.5090809287301226727e+3 * r + 3.3430575583588128105e+4) * r +
                             6.7265770927008700853e+4) * r + 4.5921953931549871457e+4) * r +
                           1.3731693765509461125e+4) * r + 1.9715909503065514427e+3) * r +
                         1.3314166789178437745e+2) * r + 3.3871328727963666080e+0) * q;
    const double den = (((((((5.2264952788528545610e+3 * r + 2.8729085735721942674e+4) * r +
                             3.9307895800092710610e+4) * r + 2.1213794301586595867e+4) * r +
                           5.3941960214247511077e+3) * r + 6.8718700749205790830e+2) * r +
                         4.2313330701600911252e+1) * r + 1.0);
    return num / den;
  }
  double r = std::sqrt(-std::log(q <= 0.0 ? p : 1.0 - p));
  double num, den;
  if (r <= 5.0) {
    r -= 1.6;
    num = (((((((7.74545014278341407640e-4 * r + 2.27238449892691845833e-2) * r +
                2.41780725177450611770e-1) * r + 1.27045825245236838258e+0) * r +
              3.64784832476320460504e+0) * r + 5.76949722146069140550e+0) * r +
            4.63033784615654529590e+0) * r + 1.42343711074968357734e+0);
    den = (((((((1.05075007164441684324e-9 * r + 5.47593808499534494600e-4) * r +
                1.51986665636164571966e-2) * r + 1.48103976427480074590e-1) * r +
              6.89767334985100004550e-1) * r + 1.67638483018380384940e+0) * r +
            2.05319162663775882187e+0) * r + 1.0);
  } else {
    r -= 5.0;
    num = (((((((2.01033439929228813265e-7 * r + 2.71155556874348757815e-5) * r +
                1.24266094738807843860e-3) * r + 2.65321895265761230930e-2) * r +
              2.96560571828504891230e-1) * r + 1.78482653991729133580e+0) * r +
            5.46378491116411436990e+0) * r + 6.65790464350110377720e+0);
    den = (((((((2.04426310338993978564e-15 * r + 1.42151175831644588870e-7) * r +
                1.84631831751005468180e-5) * r + 7.86869131145613259100e-4) * r +
              1.48753612908506148525e-2) * r + 1.36929880922735805310e-1) * r +
            5.99832206555887937690e-1) * r + 1.0);
  }
  return q < 0.0 ? -(num / den) : num / den;
}

// The quantiles of a latency: body, then tail, as stormlab.draws.Quantiles
inline std::array<i64, 2 * BINS + 1> latency_table() {
  std::array<i64, 2 * BINS + 1> table;
  const double edge = 0.5 / BINS, last = double(BINS - 1) / BINS;
  auto at = [&](double p) {
    p = std::min(std::max(p, edge / 64), 1 - edge / BINS);
    return i64(std::nearbyint(LATENCY_S * std::exp(LATENCY_SIGMA * normal_quantile(p)) * 1e9));
  };
  for (int i = 0; i < BINS; i++) table[i] = at(double(i) / BINS);
  for (int i = 0; i <= BINS; i++) table[BINS + i] = at(last + i / (double(BINS) * BINS));
  return table;
}

inline const std::array<i64, 2 * BINS + 1> table = latency_table();

inline i64 part_of(i64 width, u64 fraction, int bits) {
  return i64((unsigned __int128)(width)*fraction >> bits);
}

inline i64 latency_of_bits(u64 bits) {
  const u64 index = bits >> FRACTION_BITS, fraction = bits & ((1ull << FRACTION_BITS) - 1);
  if (__builtin_expect(index < BINS - 1, 1))
    return table[index] + part_of(table[index + 1] - table[index], fraction, FRACTION_BITS);
  const u64 inner = BINS + (fraction >> REST_BITS);
  return table[inner] + part_of(table[inner + 1] - table[inner],
                                fraction & ((1ull << REST_BITS) - 1), REST_BITS);
}

constexpr int FAILURES = 256;  // an event has eight bits for them

inline std::array<double, FAILURES> backoff_table() {
  std::array<double, FAILURES> found;
  for (int failure = 1; failure < FAILURES; failure++)
    found[failure] = std::min(CAP_MS, std::ldexp(BASE_MS, failure - 1));
  found[0] = 0;
  return found;
}

inline const std::array<double, FAILURES> backoff_ms = backoff_table();

// What all draws of a socket have in common
inline u64 first_of(u64 key, u64 place) {
  return mixed(key + (place / PER_CLIENT << 20 | place % PER_CLIENT) * GOLDEN);
}

// Full jitter after so many failures
inline i64 delay_ns(u64 first, u64 failure) {
  const double delay_ms = double(bits_of(first, JITTER, 2 * failure - 1)) * 0x1p-53 *
                          backoff_ms[std::min<u64>(failure, FAILURES - 1)];
  const i64 whole = i64(delay_ms);
  return whole * NS_PER_MS + std::lrint((delay_ms - double(whole)) * 1e6);
}

// The queue ---------------------------------------------------------------------------------------

// A time wheel of buckets of 2**SHIFT ns; longer ones are faster, as long as nothing is pushed
// into the bucket that is being handled. An event is one word: its time within the bucket, then
// LOW bits that say what it is. A bucket knows where its next event goes: into chunks of 32
// words, of which the first says where the chunk before is.
template <int SHIFT, int LOW>
class Wheel {
 public:
  // One event for each socket at most, and at least `gap_ns` from one to the next
  Wheel(i64 sockets, i64 gap_ns) {
    static_assert(SHIFT + LOW <= 64);
    if ((i64(1) << SHIFT) >= gap_ns) fail("a bucket of the wheel is too long");
    buckets = ((UNTIL_NS - UP_NS) >> SHIFT) + 1;
    next.assign(buckets, 0);
    chunks_max = sockets / (CHUNK - 1) + buckets + 2;
    words.reset(static_cast<u64*>(std::aligned_alloc(CHUNK * 8, chunks_max * CHUNK * 8)));
  }

  void push(i64 time_ns, u64 event) {
    const u64 since = u64(time_ns - UP_NS), bucket = since >> SHIFT;
    u64 place = next[bucket];
    if (place % CHUNK == 0) {
      const u64 fresh = chunk();
      words[fresh] = place;
      place = fresh + 1;
    }
    words[place] = (since & ((1ull << SHIFT) - 1)) << LOW | event;
    next[bucket] = place + 1;
  }

  // Hand every bucket over, sorted, with the time at which it begins
  template <typename Handle>
  void run(Handle handle) {
    for (i64 bucket = 0; bucket < buckets; bucket++) {
      if (next[bucket] == 0) continue;
      const size_t count = gather(bucket);
      sort(count);
      handle(sorted.data(), count, UP_NS + (bucket << SHIFT));
    }
  }

 private:
  static constexpr u64 CHUNK = 32;
  struct Free {
    void operator()(u64* memory) const { std::free(memory); }
  };
  i64 buckets;
  u64 chunks_max, used = 1, free = 0;  // the first chunk is nobody's: 0 means none
  std::vector<u64> next;
  std::unique_ptr<u64[], Free> words;
  std::vector<u64> row, sorted;
  std::vector<u32> parts;

  u64 chunk() {
    u64 found = free;
    if (found) {
      free = words[found];
    } else {
      if (used >= chunks_max) fail("the wheel is full");
      found = used++ * CHUNK;
    }
    return found;
  }

  size_t gather(i64 bucket) {
    row.clear();
    u64 place = next[bucket];
    while (place) {
      const u64 begin = (place - 1) / CHUNK * CHUNK;
      row.insert(row.end(), &words[begin + 1], &words[place]);
      place = words[begin];
      words[begin] = free;
      free = begin;
    }
    next[bucket] = 0;
    if (sorted.size() < row.size()) sorted.resize(2 * row.size());
    return row.size();
  }

  void sort(size_t count) {  // by the highest bits of the time, then by insertion
    const int bits = std::min<int>(SHIFT, 63 - __builtin_clzll(count)), down = LOW + SHIFT - bits;
    parts.assign((size_t(1) << bits) + 1, 0);
    for (u64 each : row) parts[(each >> down) + 1]++;
    for (size_t part = 0; part < size_t(1) << bits; part++) parts[part + 1] += parts[part];
    for (u64 each : row) sorted[parts[each >> down]++] = each;
    for (size_t i = 1; i < count; i++) {
      const u64 each = sorted[i];
      size_t place = i;
      while (place > 0 && sorted[place - 1] > each) {
        sorted[place] = sorted[place - 1];
        place--;
      }
      sorted[place] = each;
    }
  }
};

// The service -------------------------------------------------------------------------------------

class Admission {
 public:
  explicit Admission(i64 sockets)
      : cost_ns(std::max<i64>(1, i64(std::nearbyint(1e9 / (double(sockets) / 53))))),
        full_ns(cost_ns * std::max<i64>(1, sockets / 800)),
        credit_ns(full_ns) {}

  bool admits(i64 now_ns) {
    credit_ns = std::min(full_ns, credit_ns + now_ns - at_ns);
    at_ns = now_ns;
    if (credit_ns < cost_ns) return false;
    credit_ns -= cost_ns;
    return true;
  }

 private:
  i64 cost_ns, full_ns, credit_ns, at_ns = 0;
};

struct Counts {
  i64 connects = 0, refused = 0, closes = 0, timers = 0, established = 0, full = 0, resumed = 0,
      rejected = 0, queued = 0, started = 0, served = 0, opened = 0;
};

// What is printed ---------------------------------------------------------------------------------

inline i64 peak_bytes() {  // of this program; getrusage would tell of the one that started it, too
  i64 kib = 0;
  if (FILE* status = std::fopen("/proc/self/status", "r")) {
    char line[256];
    while (std::fgets(line, sizeof line, status))
      if (std::sscanf(line, "VmHWM: %ld kB", &kib) == 1) break;
    std::fclose(status);
  }
  return kib * 1024;
}

inline double processor_s() { return double(std::clock()) / CLOCKS_PER_SEC; }

inline void row(const char* event, i64 count, i64 up = 0, i64 down = 0) {
  if (!count) return;
  std::printf("%s %ld\n", event, count);
  if (up) std::printf("%s.up %ld\n", event, up);
  if (down) std::printf("%s.down %ld\n", event, down);
}


// Lines of "name value"; nothing where nothing happened, as the engine's counts are listed
inline void tell(const Counts& c, i64 sockets, i64 pods, double took_s, i64 bytes) {
  const i64 asked = c.full + c.resumed, closes = c.closes + c.refused, timers = closes;
  row("page.new", sockets + c.connects);
  row("page.open", sockets + c.opened);
  row("page.close", closes);
  row("page.timer_set", timers);
  row("page.timer_fired", c.connects);
  row("page.proved", c.opened);
  row("net.connect", c.connects, SYN_BYTES * c.connects);
  row("net.refused", c.refused, 0, RST_BYTES * c.refused);
  row("net.established", c.established, ACK_BYTES * c.established, SYN_ACK_BYTES * c.established);
  row("net.tls", asked, FULL_UP * c.full + RESUMED_UP * c.resumed,
      FULL_DOWN * c.full + RESUMED_DOWN * c.resumed);
  row("net.request", asked, REQUEST_BYTES * asked);
  row("net.response", c.rejected + c.served, 0,
      ERROR_BYTES * c.rejected + RESPONSE_BYTES * c.served);
  row("srv.rejected", c.rejected);
  row("srv.queued", c.queued);
  row("srv.started", c.started);
  row("srv.served", c.served);
  row("srv.accepted", c.served);
  row("srv.killed", pods);
  row("srv.up", pods);
  row("world.fault", 2);
  std::printf("attempts %ld\nprocessor_s %.6f\nbytes_per_socket %.2f\n", sockets + c.connects,
              took_s, double(bytes) / double(sockets));
}

// Run a storm that is made of sockets and seed
template <typename Storm>
void run(i64 sockets_asked, u64 seed) {
  const i64 before = peak_bytes();
  const double begin_s = processor_s();
  Storm storm(sockets_asked, seed);
  const Counts counts = storm.run();
  const double took_s = processor_s() - begin_s;
  tell(counts, storm.sockets, storm.pods, took_s, peak_bytes() - before);
}

#endif
