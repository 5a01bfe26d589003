// A client that keeps every promise: jittered backoff with a cap, forgotten once a connection has
// lasted; one socket at a time; a heartbeat; nothing is left behind when it is closed.
const FIRST_MS = 1_000;
const CAP_MS = 20_000;
const STABLE_MS = 10_000;
const PATIENCE_MS = 10_000; // for the handshake
const BEAT_MS = 20_000;
const ANSWER_MS = 5_000;

export default class Client {
  private socket: WebSocket | null = null;
  private timers: Record<string, ReturnType<typeof setTimeout>> = {};
  private failures = 0;

  constructor(private readonly url: string) {
    this.connect();
  }

  close(): void {
    this.drop();
  }

  reconnect(): void {
    this.drop();
    this.connect();
  }

  private connect(): void {
    const socket = new WebSocket(this.url);
    this.socket = socket;
    this.after("patience", PATIENCE_MS, () => this.lost());
    socket.onopen = () => {
      clearTimeout(this.timers.patience);
      this.after("stable", STABLE_MS, () => (this.failures = 0));
      this.after("beat", BEAT_MS, () => this.beat());
      socket.send("hello");
    };
    socket.onmessage = () => clearTimeout(this.timers.answer);
    socket.onclose = () => this.lost();
  }

  private beat(): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send("ping");
    this.after("answer", ANSWER_MS, () => this.lost());
    this.after("beat", BEAT_MS, () => this.beat());
  }

  private lost(): void {
    this.drop();
    const ceiling = Math.min(CAP_MS, FIRST_MS * 2 ** Math.min(this.failures, 10));
    this.failures += 1;
    this.after("retry", ceiling * Math.random(), () => this.connect());
  }

  private drop(): void {
    for (const name of Object.keys(this.timers)) clearTimeout(this.timers[name]);
    const socket = this.socket;
    this.socket = null;
    if (socket === null) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  private after(name: string, delay_ms: number, action: () => void): void {
    clearTimeout(this.timers[name]);
    this.timers[name] = setTimeout(action, delay_ms);
  }
}
