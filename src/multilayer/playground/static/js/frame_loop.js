// Pulls frames: one request at a time, after an animation frame, and none while the page is hidden.

const WAIT = 500; // milliseconds after an error

export class FrameLoop {
  constructor(connection, store, onscene) {
    this.connection = connection;
    this.store = store;
    this.onscene = onscene;
    this.isRunning = false;
    this.isWaiting = false;
    this.fault = ""; // the last error, which is shown once
    document.addEventListener("visibilitychange", () => this.ask());
  }

  start() {
    this.isRunning = true;
    this.ask();
  }

  stop() {
    this.isRunning = false;
  }

  ask() {
    if (!this.isRunning || this.isWaiting || document.hidden) return;
    this.isWaiting = true;
    requestAnimationFrame(() => this.pull());
  }

  async pull() {
    try {
      const answer = await this.connection.request("frame", { have: this.store.have() });
      // Another scene has other layers or other data: its numbers are read with that scene, not with the old one.
      if (answer.fields.scene !== this.store.scene?.scene) await this.onscene();
      this.store.setFrame(answer);
      this.fault = "";
    } catch (error) {
      if (this.connection.isOpen) await this.pauseAfter(error);
      else this.stop();
    }
    this.isWaiting = false;
    this.ask();
  }

  /** Shows an error of a frame, and waits: the next one may succeed. */
  pauseAfter(error) {
    if (error.message !== this.fault) this.store.setMessage({ text: error.message, kind: "error", parameter: null });
    this.fault = error.message;
    return new Promise((resolve) => setTimeout(resolve, WAIT));
  }
}
