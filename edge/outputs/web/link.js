// The event stream; opens itself again, and sends whom mien does not know to the login page.

const SILENCE = 4_000; // ms without any event: the connection is dead, however it looks
const AGAIN = 2_000;   // ms until another try where the browser gives up trying
const KINDS = ["person", "expression", "camera", "model", "health"];

export class Link {
  // Handlers: observe(observation), report(state), tell(event).
  constructor(handlers) {
    this.handlers = handlers;
    this.live = false;
    setInterval(() => performance.now() - this.heard > SILENCE && this.open(), 1000);
  }

  open() {
    this.source?.close();
    this.heard = performance.now();
    const source = this.source = new EventSource("/api/v1/events");
    const hear = (handle) => (event) => {
      this.heard = performance.now();
      handle(JSON.parse(event.data));
    };
    source.onmessage = hear(this.handlers.observe);
    source.addEventListener("state", hear(this.handlers.report));
    for (const kind of KINDS) source.addEventListener(kind, hear(this.handlers.tell));
    source.onerror = () => {
      this.live = false;
      if (source.readyState === EventSource.CLOSED) this.refused();
    };
  }

  // The browser does not tell why a stream was refused.
  async refused() {
    this.heard = performance.now();
    try {
      const answer = await fetch("/api/v1/cameras");
      if (answer.status === 401) return location.replace("/login");
    } catch {
      // not there: try again
    }
    setTimeout(() => this.open(), AGAIN);
  }
}
