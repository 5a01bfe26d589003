// The client that one writes by hand on the first day. It works, until something happens.
export default class Client {
  private socket!: WebSocket;
  private attempts = 0;

  constructor(private readonly url: string) {
    this.connect();
    window.addEventListener("online", () => this.connect());
  }

  connect(): void {
    this.socket = new WebSocket(this.url);
    const pings = setInterval(() => this.socket.send("ping"), 20_000);
    this.socket.onopen = () => {
      this.attempts = 0;
    };
    this.socket.onclose = (event) => {
      clearInterval(pings);
      if (event.code === 1000 || event.code === 1001) return;
      setTimeout(() => this.connect(), Math.min(30_000, 1_000 * 2 ** this.attempts++));
    };
  }

  close(): void {
    this.socket.close();
  }

  reconnect(): void {
    this.connect();
  }
}
