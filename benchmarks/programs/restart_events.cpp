// The restart storm again, as a tuned event-driven program.
//
//   restart_events SOCKETS SEED     prints what restart.cpp prints
//
// restart.cpp is what this one scenario can be reduced to, restart_plain.cpp what one writes first.
// This is what an engineer tunes who still wants to add to the model later: a record per socket, a
// first come, first served queue per pod, an event for each thing that happens at the service (SYN,
// request, end of the work), one draw at a time. Policy, faults and service are fixed, which the
// engine's are not. Its wheel, and two tricks, are the engine's own: a socket is followed without
// events until its SYN meets a service that is up, and what only the socket itself hears of is done
// at once.
//
// Simplifications: what does not happen in this scenario ends the program instead of being
// modelled (a full accept queue, a connect time-out) or is left out (a lost SYN). Two latencies
// pass at least between two events of a socket, so that nothing is pushed into the bucket that is
// being handled. All work takes 2 ms, so that its ends are a ring and need no queue.

#include <vector>

#include "restart.hpp"

// An event for the wheel: a socket's SYN arrives, or its request. At equal times they come in the
// order of sockets.
enum Kind : u64 { SYN, ASKED };
constexpr int KIND_BITS = 1, LOW_BITS = 33;

struct Socket {
  i64 began_ns;    // its attempt
  u32 latency_ns;  // of its attempt
  u32 next;        // in its pod's queue
  uint16_t attempt;
  uint16_t pod;
};

constexpr u32 NOBODY = ~0u;

struct Work {
  i64 done_ns;
  u32 socket;
};

struct Pod {
  int busy = 0, waiting = 0;
  u32 first = NOBODY, last = NOBODY;
};

class Storm {
 public:
  Storm(i64 sockets, u64 seed)
      : sockets(sockets / PER_CLIENT * PER_CLIENT),
        pods(std::max<i64>(1, sockets / 80'000)),
        key(mixed(seed * GOLDEN + STRIDE)),
        admission(sockets),
        socket(this->sockets),
        pod(pods),
        wheel(this->sockets, 2 * table[0]),
        works(pods * WORKERS) {}

  Counts run() {
    for (i64 place = 0; place < sockets; place++) {
      Socket& each = socket[place];
      each.attempt = 1;  // the connection that is open when the run begins
      each.latency_ns = latency(place, 1);
      failed(place, each, CRASH_NS + each.latency_ns);
    }
    wheel.run([this](const u64* events, size_t count, i64 begin_ns) {
      constexpr u64 SOCKET_MASK = (1ull << (LOW_BITS - KIND_BITS)) - 1;
      const auto socket_of = [](u64 event) { return event >> KIND_BITS & SOCKET_MASK; };
      for (size_t i = 0; i < count; i++) {
        if (i + AHEAD < count) __builtin_prefetch(&socket[socket_of(events[i + AHEAD])], 1);
        const i64 now_ns = begin_ns + i64(events[i] >> LOW_BITS);
        const u64 place = socket_of(events[i]);
        work_until(now_ns);  // at equal times what arrives comes before work that ends
        if ((events[i] & ((1 << KIND_BITS) - 1)) == SYN)
          syn(place, socket[place], now_ns);
        else
          asked(place, socket[place], now_ns);
      }
    });
    work_until(UNTIL_NS + 1);
    return counts;
  }

  const i64 sockets, pods;

 private:
  const u64 key;
  Admission admission;
  std::vector<Socket> socket;
  std::vector<Pod> pod;
  Wheel<23, LOW_BITS> wheel;
  std::vector<Work> works;  // a ring: what begins first ends first
  size_t oldest = 0, at_work = 0;
  Counts counts;

  static constexpr size_t AHEAD = 8;

  // Let all work end that ends before a time
  void work_until(i64 time_ns) {
    while (at_work > 0 && works[oldest].done_ns < time_ns) {
      const Work work = works[oldest];
      oldest = oldest + 1 == works.size() ? 0 : oldest + 1;
      at_work--;
      served(socket[work.socket], work.done_ns);
    }
  }

  void push(i64 time_ns, Kind kind, u64 place) {
    if (time_ns <= UNTIL_NS) wheel.push(time_ns, place << KIND_BITS | kind);
  }

  u32 latency(u64 place, u64 attempt) const {
    return u32(latency_of_bits(bits_of(first_of(key, place), LATENCY, attempt)));
  }

  // An attempt or a connection has ended: try again until a SYN meets a service that is up
  void failed(u64 place, Socket& each, i64 now_ns) {
    const u64 first = first_of(key, place);
    while (now_ns <= UNTIL_NS) {
      if (now_ns - each.began_ns >= TIMEOUT_NS && each.attempt > 1) fail("a connect time-out came");
      counts.closes++;
      const i64 due_ns = now_ns + delay_ns(first, each.attempt);
      if (due_ns > UNTIL_NS) return;
      each.began_ns = due_ns;
      each.attempt++;
      each.latency_ns = u32(latency_of_bits(bits_of(first, LATENCY, u64(each.attempt))));
      counts.connects++;
      const i64 syn_ns = due_ns + each.latency_ns;
      if (syn_ns >= UP_NS) {
        push(syn_ns, SYN, place);
        return;
      }
      counts.refused++;
      counts.closes--;  // told with the refusals
      now_ns = syn_ns + each.latency_ns;
    }
  }

  void syn(u64 place, Socket& each, i64 now_ns) {
    const u64 bits = bits_of(first_of(key, place), POD, u64(each.attempt));
    each.pod = uint16_t((unsigned __int128)(bits) * u64(pods) >> 53);
    Pod& its = pod[each.pod];
    if (++its.waiting > BACKLOG) fail("a pod's accept queue is full");
    counts.established++;
    push(now_ns + 4 * i64(each.latency_ns), ASKED, place);
  }

  void asked(u64 place, Socket& each, i64 now_ns) {
    const bool resumed = bits_of(first_of(key, place), TLS, u64(each.attempt)) < (1ull << 52);
    counts.resumed += resumed;
    counts.full += !resumed;
    Pod& its = pod[each.pod];
    if (!admission.admits(now_ns)) {
      its.waiting--;
      counts.rejected++;
      failed(place, each, now_ns + each.latency_ns);
      return;
    }
    counts.queued += its.busy >= WORKERS;
    each.next = NOBODY;
    if (its.last == NOBODY)
      its.first = u32(place);
    else
      socket[its.last].next = u32(place);
    its.last = u32(place);
    serve(its, now_ns);
  }

  void serve(Pod& its, i64 now_ns) {
    while (its.busy < WORKERS && its.first != NOBODY) {
      const u32 place = its.first;
      its.first = socket[place].next;
      if (its.first == NOBODY) its.last = NOBODY;
      its.waiting--;
      its.busy++;
      counts.started++;
      works[(oldest + at_work++) % works.size()] = {now_ns + WORK_NS, place};
    }
  }

  void served(Socket& each, i64 now_ns) {
    Pod& its = pod[each.pod];
    its.busy--;
    counts.served++;
    const i64 told_ns = now_ns + each.latency_ns;
    if (told_ns - each.began_ns >= TIMEOUT_NS) fail("a connect time-out came");
    counts.opened += told_ns <= UNTIL_NS;
    serve(its, now_ns);
  }
};

int main(int count, char** words) {
  const i64 sockets = count == 3 ? std::atoll(words[1]) : 0;
  if (sockets < PER_CLIENT) {
    std::fprintf(stderr, "usage: restart_events SOCKETS SEED\n");
    return 2;
  }
  run<Storm>(sockets, u64(std::atoll(words[2])));
  return 0;
}
