// The restart storm once more, as one writes a simulator in an afternoon.
//
//   restart_plain SOCKETS SEED     prints what restart.cpp prints
//
// A priority queue of the standard library, and an event for each thing that happens, in the outage
// too: a retry falls due, a SYN arrives, a request arrives, work ends, the client is told. Chance
// and admission are as in the other programs, so that the counts are equal to the last one.
//
// Simplifications: what does not happen in this scenario ends the program (a full accept queue, a
// connect time-out) or is left out (a lost SYN).

#include <deque>
#include <queue>
#include <tuple>
#include <vector>

#include "restart.hpp"

// At equal times: what arrives at the service, what it does, what arrives at the client, timers
enum Kind : int { SYN_ARRIVES, ASKED, SERVED, TOLD_END, TOLD_OPEN, DUE };
constexpr int RANK[] = {0, 0, 1, 2, 2, 3};

struct Event {
  i64 time_ns;
  u32 socket;
  Kind kind;

  bool operator>(const Event& other) const {
    return std::tuple(time_ns, RANK[kind], socket) >
           std::tuple(other.time_ns, RANK[other.kind], other.socket);
  }
};

struct Socket {
  i64 began_ns = 0;  // its attempt
  i64 latency_ns = 0;
  u64 attempt = 0;
  u64 failures = 0;
  size_t pod = 0;
};

struct Pod {
  int busy = 0, waiting = 0;
  std::deque<u32> queue;
};

class Storm {
 public:
  Storm(i64 sockets, u64 seed)
      : sockets(sockets / PER_CLIENT * PER_CLIENT),
        pods(std::max<i64>(1, sockets / 80'000)),
        key(mixed(seed * GOLDEN + STRIDE)),
        admission(sockets),
        socket(this->sockets),
        pod(pods) {}

  Counts run() {
    for (u32 place = 0; place < sockets; place++) {  // the connections that the crash ends
      begin(place, 0);
      push(CRASH_NS + socket[place].latency_ns, TOLD_END, place);
    }
    while (!queue.empty()) {
      const Event event = queue.top();
      queue.pop();
      happens(event);
    }
    counts.closes -= counts.refused;  // told with the refusals
    return counts;
  }

  const i64 sockets, pods;

 private:
  const u64 key;
  Admission admission;
  std::vector<Socket> socket;
  std::vector<Pod> pod;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> queue;
  Counts counts;

  void push(i64 time_ns, Kind kind, u32 place) {
    if (time_ns <= UNTIL_NS) queue.push({time_ns, place, kind});
  }

  u64 bits(u32 place, u64 purpose, u64 ordinal) const {
    return bits_of(first_of(key, place), purpose, ordinal);
  }

  void begin(u32 place, i64 now_ns) {
    Socket& each = socket[place];
    each.began_ns = now_ns;
    each.attempt++;
    each.latency_ns = latency_of_bits(bits(place, LATENCY, each.attempt));
  }

  void happens(const Event& event) {
    const i64 now_ns = event.time_ns;
    const u32 place = event.socket;
    Socket& each = socket[place];
    switch (event.kind) {
      case DUE:
        begin(place, now_ns);
        counts.connects++;
        push(now_ns + each.latency_ns, SYN_ARRIVES, place);
        break;
      case SYN_ARRIVES:
        syn(place, each, now_ns);
        break;
      case ASKED:
        asked(place, each, now_ns);
        break;
      case SERVED:
        counts.served++;
        pod[each.pod].busy--;
        push(now_ns + each.latency_ns, TOLD_OPEN, place);
        serve(pod[each.pod], now_ns);
        break;
      case TOLD_OPEN:
        patient(each, now_ns);
        counts.opened++;
        break;
      case TOLD_END:
        if (each.attempt > 1) patient(each, now_ns);
        counts.closes++;
        push(now_ns + delay_ns(first_of(key, place), ++each.failures), DUE, place);
        break;
    }
  }

  static void patient(const Socket& each, i64 now_ns) {
    if (now_ns - each.began_ns >= TIMEOUT_NS) fail("a connect time-out came");
  }

  void syn(u32 place, Socket& each, i64 now_ns) {
    if (now_ns < UP_NS) {
      counts.refused++;
      push(now_ns + each.latency_ns, TOLD_END, place);
      return;
    }
    each.pod = size_t((unsigned __int128)(bits(place, POD, each.attempt)) * u64(pods) >> 53);
    if (++pod[each.pod].waiting > BACKLOG) fail("a pod's accept queue is full");
    counts.established++;
    push(now_ns + 4 * each.latency_ns, ASKED, place);
  }

  void asked(u32 place, Socket& each, i64 now_ns) {
    (bits(place, TLS, each.attempt) < (1ull << 52) ? counts.resumed : counts.full)++;
    Pod& its = pod[each.pod];
    if (!admission.admits(now_ns)) {
      its.waiting--;
      counts.rejected++;
      push(now_ns + each.latency_ns, TOLD_END, place);
      return;
    }
    counts.queued += its.busy >= WORKERS;
    its.queue.push_back(place);
    serve(its, now_ns);
  }

  void serve(Pod& its, i64 now_ns) {
    while (its.busy < WORKERS && !its.queue.empty()) {
      push(now_ns + WORK_NS, SERVED, its.queue.front());
      its.queue.pop_front();
      its.waiting--;
      its.busy++;
      counts.started++;
    }
  }
};

int main(int count, char** words) {
  const i64 sockets = count == 3 ? std::atoll(words[1]) : 0;
  if (sockets < PER_CLIENT) {
    std::fprintf(stderr, "usage: restart_plain SOCKETS SEED\n");
    return 2;
  }
  run<Storm>(sockets, u64(std::atoll(words[2])));
  return 0;
}
