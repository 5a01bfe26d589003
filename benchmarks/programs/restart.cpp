// One storm, written by hand: a service with many sockets crashes at 10 s and is back at 70 s.
//
//   restart SOCKETS SEED [heap]     prints counts, processor seconds and memory as "name value"
//
// This is what an engine of general use is measured against: a program for the one scenario of
// benchmarks/fleet_speed.py (clients of eight sockets, policy aws-full-jitter, limited admission),
// which gives the engine's own counts under every seed, to the last byte. It draws by the same
// addresses (sim/stormlab/draws.py) and has the engine's order at equal times.
//
// What it makes use of, and the engine may not, since it holds in this scenario only:
//  - No two sockets share anything but the admission and the workers. A socket is followed without
//    any event until its request arrives at a service that is up; so each attempt that gets there
//    costs one event, and the refusals of the outage cost none.
//  - All draws hang on socket and attempt alone. So an event is one word (time within its bucket,
//    socket, attempt), there is no record per socket, and eight sockets are drawn for at once.
//  - The work is always 2 ms: when a request will be served is known when it arrives.
//  - After a rejection six latencies pass before the socket's next request. So nothing is pushed
//    into the bucket that is being handled, and a bucket is sorted once.
//  - Nothing is lost, no accept queue is full and no connect time-out comes. The last two are
//    watched over: if they could have happened the program says so and gives no result.
//
// "heap" keeps the events in std::priority_queue instead of the wheel, to see what that costs.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <queue>
#include <string>
#include <vector>
#if defined(__AVX512F__)
#include <immintrin.h>
#pragma GCC diagnostic ignored "-Wuninitialized"  // inside of GCC 12's own header
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#pragma GCC diagnostic ignored "-Wpsabi"  // vectors are handed over inside this file only

using i64 = int64_t;
using u64 = uint64_t;
using u32 = uint32_t;
constexpr int LANES = 8;
typedef u64 Words __attribute__((vector_size(64)));
typedef i64 Times __attribute__((vector_size(64)));
typedef double Floats __attribute__((vector_size(64)));

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

[[noreturn]] void fail(const char* why) {
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
double normal_quantile(double p) {
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
std::array<i64, 2 * BINS + 1> latency_table() {
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

const std::array<i64, 2 * BINS + 1> table = latency_table();

inline Words gathered(const i64* from, Words index) {
#if defined(__AVX512F__)
  return (Words)_mm512_i64gather_epi64((__m512i)index, from, 8);
#else
  Words found;
  for (int lane = 0; lane < LANES; lane++) found[lane] = u64(from[index[lane]]);
  return found;
#endif
}

inline Words product_32(Words a, Words b) {  // of the lower halves of words
#if defined(__AVX512F__)
  return (Words)_mm512_mul_epu32((__m512i)a, (__m512i)b);
#else
  return (a & 0xFFFFFFFF) * (b & 0xFFFFFFFF);
#endif
}

i64 tail_latency_ns(u64 bits) {
  const u64 fraction = bits & ((1ull << FRACTION_BITS) - 1), inner = fraction >> REST_BITS;
  const i64 low = table[BINS + inner], high = table[BINS + inner + 1];
  return low + i64(((unsigned __int128)(high - low) * (fraction & ((1u << REST_BITS) - 1))) >>
                   REST_BITS);
}

inline bool any(Times mask) {
#if defined(__AVX512F__)
  return _mm512_test_epi64_mask((__m512i)mask, (__m512i)mask) != 0;
#else
  u64 found = 0;
  for (int lane = 0; lane < LANES; lane++) found |= u64(mask[lane]);
  return found != 0;
#endif
}

inline int count(Times mask) {  // of lanes that are set
#if defined(__AVX512F__)
  return __builtin_popcount(_mm512_test_epi64_mask((__m512i)mask, (__m512i)mask));
#else
  int found = 0;
  for (int lane = 0; lane < LANES; lane++) found += mask[lane] != 0;
  return found;
#endif
}

template <typename N>
inline Times latencies_ns(Words first, N attempt) {
  const Words bits = bits_of(first, LATENCY, attempt);
  const Words index = bits >> FRACTION_BITS;
  const Words fraction = bits & ((1ull << FRACTION_BITS) - 1);
  const Words low = gathered(table.data(), index);
  const Words width = gathered(table.data() + 1, index) - low;
  const Words part = product_32(width, fraction >> HALF_BITS) +
                     (product_32(width, fraction & ((1u << HALF_BITS) - 1)) >> HALF_BITS);
  Times found = Times(low + (part >> (FRACTION_BITS - HALF_BITS)));
  const Times tail = index == Words{} + (BINS - 1);
  if (__builtin_expect(any(tail), 0))
    for (int lane = 0; lane < LANES; lane++)
      if (tail[lane]) found[lane] = tail_latency_ns(bits[lane]);
  return found;
}

constexpr i64 TWO_TO_52 = 0x4330000000000000;  // the bits of this float

// Full jitter: what failure number `failure` (the first is 1) is followed by; rounding half to even
template <typename N, typename F>
inline Times delays_ns(Words first, N failure, F base_ms) {
  const Words bits = bits_of(first, JITTER, 2 * failure - 1);
  const Floats delay_ms = __builtin_convertvector(bits, Floats) * 0x1p-53 * base_ms;
  const Times whole = __builtin_convertvector(delay_ms, Times);
  const Floats part = (delay_ms - __builtin_convertvector(whole, Floats)) * 1e6 + 0x1p52;
  return whole * NS_PER_MS + (Times(part) - TWO_TO_52);
}

constexpr int FAILURES = 256;  // an event has eight bits for them

std::array<double, FAILURES> backoff_table() {
  std::array<double, FAILURES> found;
  for (int failure = 1; failure < FAILURES; failure++)
    found[failure] = std::min(CAP_MS, std::ldexp(BASE_MS, failure - 1));
  found[0] = 0;
  return found;
}

const std::array<double, FAILURES> backoff_ms = backoff_table();

// The queues --------------------------------------------------------------------------------------

constexpr int ATTEMPT_BITS = 8, SOCKET_BITS = 24, LOW_BITS = ATTEMPT_BITS + SOCKET_BITS;
constexpr u64 ATTEMPT_MASK = (1u << ATTEMPT_BITS) - 1, SOCKET_MASK = (1u << SOCKET_BITS) - 1;

inline u64 event_of(i64 socket, u64 attempt) { return u64(socket) << ATTEMPT_BITS | attempt; }

// Buckets of 2**24 ns (17 ms). A bucket is where its next event goes: chunks of 32 words, of which the
// first says where the chunk before is; an event is (time within the bucket, socket, attempt).
class Wheel {
 public:
  explicit Wheel(i64 sockets) {
    if ((i64(1) << SHIFT) >= 6 * table[0]) fail("a bucket is longer than a socket's attempt");
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
    words[place] = (since & ((1ull << SHIFT) - 1)) << LOW_BITS | event;
    next[bucket] = place + 1;
  }

  // Hand every bucket over, sorted; what is handed over must stay in place until it is handled.
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
  static constexpr int SHIFT = 24;  // longer buckets are faster: this is the longest allowed
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
    if (sorted.size() < row.size() + LANES) sorted.resize(2 * row.size() + LANES);
    return row.size();
  }

  void sort(size_t count) {  // by the highest bits of the time, then by insertion
    const int bits = std::min<int>(SHIFT, 63 - __builtin_clzll(count)), down = LOW_BITS + SHIFT - bits;
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

// The same by a heap; eight events at a time, of which none follows from another.
class Heap {
 public:
  explicit Heap(i64 sockets) {
    std::vector<Entry> memory;
    memory.reserve(sockets);
    heap = std::priority_queue<Entry, std::vector<Entry>, std::greater<>>({}, std::move(memory));
  }

  void push(i64 time_ns, u64 event) { heap.push({time_ns, event}); }

  template <typename Handle>
  void run(Handle handle) {
    u64 found[LANES];
    while (!heap.empty()) {
      const i64 begin_ns = heap.top().first;
      size_t count = 0;
      while (count < LANES && !heap.empty() && heap.top().first < begin_ns + 6 * table[0]) {
        found[count++] = u64(heap.top().first - begin_ns) << LOW_BITS | heap.top().second;
        heap.pop();
      }
      handle(found, count, begin_ns);
    }
  }

 private:
  using Entry = std::pair<i64, u64>;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> heap;
};

// The service -------------------------------------------------------------------------------------

struct Pod {
  std::array<i64, WORKERS> done_ns;  // when its last requests are served; the oldest comes next
  u32 oldest = 0;
};

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

// An upper bound of how many handshakes wait in each pod: those that were there in a slice of time
class Waiting {
 public:
  explicit Waiting(size_t pods) : pods(pods), change(size_t(pods) * (SLICES + 1)) {}

  void add(size_t pod, i64 from_ns, i64 to_ns) {
    change[slice(from_ns) * pods + pod]++;
    change[(slice(to_ns) + 1) * pods + pod]--;
  }

  int most() const {
    int found = 0;
    for (size_t pod = 0; pod < pods; pod++) {
      int waiting = 0;
      for (size_t slice = 0; slice <= SLICES; slice++)
        found = std::max(found, waiting += change[slice * pods + pod]);
    }
    return found;
  }

 private:
  static constexpr int SHIFT = 24;
  static constexpr size_t SLICES = ((UNTIL_NS - UP_NS) >> SHIFT) + 1;
  static size_t slice(i64 time_ns) {
    return size_t((std::min(time_ns, UNTIL_NS) - UP_NS) >> SHIFT);
  }
  size_t pods;
  std::vector<int32_t> change;
};

struct Counts {
  i64 connects = 0, refused = 0, closes = 0, timers = 0, established = 0, full = 0, resumed = 0,
      rejected = 0, queued = 0, started = 0, served = 0, opened = 0;
};

template <typename Queue>
class Storm {
 public:
  Storm(i64 sockets, u64 seed)
      : clients(sockets / LANES),
        sockets(clients * LANES),
        pods(int(std::max<i64>(1, sockets / 80'000))),
        key(mixed(seed * GOLDEN + STRIDE)),
        admission(sockets),
        waiting(pods),
        pod(pods),
        queue(this->sockets) {
    if (this->sockets > i64(SOCKET_MASK)) fail("more sockets than an event has room for");
    for (Pod& each : pod) each.done_ns.fill(-1);
  }

  Counts run() {
    for (i64 client = 0; client < clients; client++) outage(client);
    queue.run([this](const u64* events, size_t count, i64 begin_ns) {
      for (size_t i = 0; i < count; i += LANES)
        requests(events + i, int(std::min<size_t>(LANES, count - i)), begin_ns);
    });
    if (waiting.most() >= BACKLOG) fail("a pod's accept queue may have been full");
    return counts;
  }

  const i64 clients, sockets;
  const int pods;

 private:
  const u64 key;
  Admission admission;
  Waiting waiting;
  std::vector<Pod> pod;
  Queue queue;
  Counts counts;

  // A client's sockets from the crash to their first SYN that meets a service
  void outage(i64 client) {
    const Words who = (Words{} + (u64(client) << 20)) | Words{0, 1, 2, 3, 4, 5, 6, 7};
    const Words first = mixed(key + who * GOLDEN);
    Times now_ns = CRASH_NS + latencies_ns(first, u64(1));
    Times asked_ns{}, attempts{}, out = Times{} - 1;
    for (u64 failure = 1; any(out); failure++) {
      if (failure + 1 >= FAILURES) fail("more attempts than an event has room for");
      const Times latency_ns = latencies_ns(first, failure + 1);
      const Times syn_ns = now_ns + delays_ns(first, failure, backoff_ms[failure]) + latency_ns;
      counts.connects += count(out);
      const Times meets = out & (syn_ns >= UP_NS);
      asked_ns = meets ? syn_ns + 4 * latency_ns : asked_ns;
      attempts = meets ? Times{} + i64(failure + 1) : attempts;
      out &= ~meets;
      counts.refused += count(out);
      now_ns = syn_ns + latency_ns;
    }
    counts.closes += LANES;
    for (int lane = 0; lane < LANES; lane++)
      queue.push(asked_ns[lane], event_of(client * LANES + lane, u64(attempts[lane])));
    counts.established += LANES;
  }

  // Up to eight requests that arrive one after another
  void requests(const u64* events, int count, i64 begin_ns) {
    Words event{};
    std::memcpy(&event, events, count * sizeof(u64));
    const Words attempt = event & ATTEMPT_MASK, socket = (event >> ATTEMPT_BITS) & SOCKET_MASK;
    const Words first = mixed(key + ((socket / LANES << 20) | socket % LANES) * GOLDEN);
    const Times now_ns = Times(event >> LOW_BITS) + begin_ns;
    const Times latency_ns = latencies_ns(first, attempt);
    const Times resumed = Times(bits_of(first, TLS, attempt)) < (i64(1) << 52);
    Words place{};
    if (pods > 1) {  // bits * pods >> 53
      const Words bits = bits_of(first, POD, attempt);
      place = ((bits >> 26) * u64(pods) + ((bits & ((1u << 26) - 1)) * u64(pods) >> 26)) >> 27;
    }
    Floats base_ms;
    for (int lane = 0; lane < LANES; lane++) base_ms[lane] = backoff_ms[attempt[lane]];
    const Times next_ns = latencies_ns(first, attempt + 1);
    const Times told_ns = now_ns + latency_ns;
    const Times due_ns = told_ns + delays_ns(first, attempt, base_ms);
    for (int lane = 0; lane < count; lane++) {
      const i64 asked_ns = now_ns[lane];
      counts.resumed += resumed[lane] != 0;
      counts.full += resumed[lane] == 0;
      const i64 syn_ns = asked_ns - 4 * latency_ns[lane];
      if (admission.admits(asked_ns)) {
        const i64 start_ns = serve(pod[place[lane]], asked_ns, latency_ns[lane]);
        waiting.add(place[lane], syn_ns, start_ns);
        continue;
      }
      waiting.add(place[lane], syn_ns, asked_ns);
      counts.rejected++;
      retry(event[lane], told_ns[lane], due_ns[lane], next_ns[lane]);
    }
  }

  i64 serve(Pod& pod, i64 now_ns, i64 latency_ns) {
    i64& worker_ns = pod.done_ns[pod.oldest];
    pod.oldest = (pod.oldest + 1) % WORKERS;
    counts.queued += worker_ns >= now_ns;
    const i64 start_ns = std::max(now_ns, worker_ns);
    worker_ns = start_ns + WORK_NS;
    counts.started += start_ns <= UNTIL_NS;
    counts.served += worker_ns <= UNTIL_NS;
    counts.opened += worker_ns + latency_ns <= UNTIL_NS;
    if (worker_ns - now_ns + 6 * latency_ns >= TIMEOUT_NS) fail("a connect time-out came");
    return start_ns;
  }

  void retry(u64 event, i64 told_ns, i64 due_ns, i64 latency_ns) {
    counts.closes += told_ns <= UNTIL_NS;
    counts.connects += due_ns <= UNTIL_NS;
    const i64 syn_ns = due_ns + latency_ns, asked_ns = syn_ns + 4 * latency_ns;
    counts.established += syn_ns <= UNTIL_NS;
    if (asked_ns > UNTIL_NS) return;
    if ((event & ATTEMPT_MASK) + 2 >= FAILURES) fail("more attempts than an event has room for");
    queue.push(asked_ns, (event & ((1ull << LOW_BITS) - 1)) + 1);
  }
};

// What is printed ---------------------------------------------------------------------------------

i64 peak_bytes() {  // of this program; getrusage would tell of the one that started it, too
  i64 kib = 0;
  if (FILE* status = std::fopen("/proc/self/status", "r")) {
    char line[256];
    while (std::fgets(line, sizeof line, status))
      if (std::sscanf(line, "VmHWM: %ld kB", &kib) == 1) break;
    std::fclose(status);
  }
  return kib * 1024;
}

double processor_s() { return double(std::clock()) / CLOCKS_PER_SEC; }

void row(const char* event, i64 count, i64 up = 0, i64 down = 0) {
  if (!count) return;
  std::printf("%s %ld\n", event, count);
  if (up) std::printf("%s.up %ld\n", event, up);
  if (down) std::printf("%s.down %ld\n", event, down);
}

template <typename Queue>
void tell(i64 sockets_asked, u64 seed) {
  const i64 before = peak_bytes();
  const double begin_s = processor_s();
  Storm<Queue> storm(sockets_asked, seed);
  const Counts c = storm.run();
  const double took_s = processor_s() - begin_s;
  const i64 memory = peak_bytes() - before, sockets = storm.sockets;
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
  row("srv.killed", storm.pods);
  row("srv.up", storm.pods);
  row("world.fault", 2);
  std::printf("attempts %ld\nprocessor_s %.6f\nbytes_per_socket %.2f\n", sockets + c.connects,
              took_s, double(memory) / double(sockets));
}

int main(int count, char** words) {
  const i64 sockets = count > 2 ? std::atoll(words[1]) : 0;
  if (sockets < LANES || count > 4 || (count == 4 && std::string(words[3]) != "heap")) {
    std::fprintf(stderr, "usage: restart SOCKETS SEED [heap]\n");
    return 2;
  }
  const u64 seed = u64(std::atoll(words[2]));
  if (count == 4)
    tell<Heap>(sockets, seed);
  else
    tell<Wheel>(sockets, seed);
  return 0;
}
