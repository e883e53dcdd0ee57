// Pulls frames: one request at a time, after an animation frame, and none while the page is hidden.

export class FrameLoop {
  constructor(connection, store, onscene) {
    this.connection = connection;
    this.store = store;
    this.onscene = onscene;
    this.isRunning = false;
    this.isWaiting = false;
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
    } catch (error) {
      if (!this.connection.isOpen) this.stop();
      else await new Promise((resolve) => setTimeout(resolve, 500));
    }
    this.isWaiting = false;
    this.ask();
  }
}
