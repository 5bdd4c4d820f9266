// The WebSocket to the node: comes back by itself, and knows the node's clock.

const RETRY_MS = 1000;
const PING_MS = 1000;
const SILENT_MS = 3000; // without a word, after which the connection counts as lost
const SAMPLES = 8;
const REFUSED = 1008;

export class Connection {
  // on: {state(name, reason), message(kind, message), picture(header, jpeg)}
  constructor(on) {
    this.on = on;
    this.state = "waiting";
    this.clock = []; // {offset, error} in ms of the last answers
    this.heard = 0;
    setInterval(() => this.ping(), PING_MS);
    this.open();
  }

  open() {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}/live`);
    this.socket = socket;
    this.heard = performance.now();
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      this.clock = [];
      this.send({ do: "hello", token: sessionStorage.getItem("token") ?? "" });
      this.send({ do: "watch", on: !document.hidden });
      this.ping();
    };
    socket.onmessage = ({ data }) => {
      this.heard = performance.now();
      this.become("open");
      if (typeof data === "string") this.read(JSON.parse(data));
      else this.readPicture(data);
    };
    socket.onclose = ({ code, reason }) => {
      if (socket !== this.socket) return;
      this.become(code === REFUSED ? "refused" : "lost", reason);
      if (reason !== "wrong token") setTimeout(() => this.open(), RETRY_MS);
    };
  }

  send(message) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  ping() {
    this.send({ do: "ping", at: performance.now() });
    if (this.state === "open" && performance.now() - this.heard > SILENT_MS) this.become("lost", "");
  }

  become(state, reason = "") {
    if (state === this.state) return;
    this.state = state;
    this.on.state(state, reason);
  }

  read({ is: kind, ...message }) {
    if (kind !== "pong") {
      this.on.message(kind, message);
      return;
    }
    const now = performance.now();
    this.clock = [...this.clock, { offset: message.now - (now + message.at) / 2, error: (now - message.at) / 2 }];
    this.clock = this.clock.slice(-SAMPLES);
  }

  readPicture(buffer) {
    const length = new DataView(buffer).getUint32(0, true);
    const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
    this.on.picture(header, new Blob([new Uint8Array(buffer, 4 + length)], { type: "image/jpeg" }));
  }

  // How old what was taken at a time of the node's clock is now: {ms, error}; null while that is not known.
  age(takenMs) {
    if (takenMs === null || !this.clock.length) return null;
    const best = this.clock.reduce((a, b) => (b.error < a.error ? b : a));
    return { ms: Math.max(0, performance.now() + best.offset - takenMs), error: best.error };
  }
}
