// One storm, written by hand: a service with many sockets crashes at 10 s and is back at 70 s.
//
//   restart SOCKETS SEED [heap]     prints counts, processor seconds and memory as "name value"
//
// This is what an engine of general use is measured against: a program for the one scenario of
// stormlab_models.bench.worker (clients of eight sockets, policy aws-full-jitter, limited admission),
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
// restart_events.cpp does without most of this and takes about three times as long.
//
// "heap" keeps the events in std::priority_queue instead of the wheel, to see what that costs.

#include <cstring>
#include <queue>
#include <string>
#include <vector>

#pragma GCC diagnostic ignored "-Wpsabi"  // vectors are handed over inside this file only
#include "restart.hpp"

#if defined(__AVX512F__)
#include <immintrin.h>
#pragma GCC diagnostic ignored "-Wuninitialized"  // inside of GCC 12's own header
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

constexpr int LANES = PER_CLIENT;
typedef u64 Words __attribute__((vector_size(64)));
typedef i64 Times __attribute__((vector_size(64)));
typedef double Floats __attribute__((vector_size(64)));

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
      if (tail[lane]) found[lane] = latency_of_bits(bits[lane]);
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

// The events --------------------------------------------------------------------------------------

constexpr int ATTEMPT_BITS = 8, SOCKET_BITS = 24, LOW_BITS = ATTEMPT_BITS + SOCKET_BITS;
constexpr u64 ATTEMPT_MASK = (1u << ATTEMPT_BITS) - 1, SOCKET_MASK = (1u << SOCKET_BITS) - 1;

inline u64 event_of(i64 socket, u64 attempt) { return u64(socket) << ATTEMPT_BITS | attempt; }

// A heap in place of the wheel; eight events at a time, of which none follows from another.
class Heap {
 public:
  Heap(i64 sockets, i64 gap_ns) : gap_ns(gap_ns) {
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
      while (count < LANES && !heap.empty() && heap.top().first < begin_ns + gap_ns) {
        found[count++] = u64(heap.top().first - begin_ns) << LOW_BITS | heap.top().second;
        heap.pop();
      }
      handle(found, count, begin_ns);
    }
  }

 private:
  using Entry = std::pair<i64, u64>;
  const i64 gap_ns;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> heap;
};

// The service -------------------------------------------------------------------------------------

struct Pod {
  std::array<i64, WORKERS> done_ns;  // when its last requests are served; the oldest comes next
  u32 oldest = 0;
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
        queue(this->sockets, 6 * table[0]) {
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

int main(int count, char** words) {
  const i64 sockets = count > 2 ? std::atoll(words[1]) : 0;
  if (sockets < LANES || count > 4 || (count == 4 && std::string(words[3]) != "heap")) {
    std::fprintf(stderr, "usage: restart SOCKETS SEED [heap]\n");
    return 2;
  }
  const u64 seed = u64(std::atoll(words[2]));
  if (count == 4)
    run<Storm<Heap>>(sockets, seed);
  else
    run<Storm<Wheel<24, LOW_BITS>>>(sockets, seed);
  return 0;
}
