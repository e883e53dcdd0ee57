// The cost as sound: the lower the cost, the lower the pitch, an octave for each factor of ten. Off until it is asked for.

const LOWEST_LOG = -4; // of the cost, to base 10
const HIGHEST_LOG = 2;
const LOWEST_PITCH = 82; // Hz, at the lowest cost
const VOLUME = 0.06;
const GLIDE = 0.04; // seconds

/** The pitch in Hz for a cost. */
export function pitch(cost) {
  const log = Math.min(HIGHEST_LOG, Math.max(LOWEST_LOG, Math.log10(Math.max(cost, 1e-12))));
  return LOWEST_PITCH * 2 ** (log - LOWEST_LOG);
}

export class Sound {
  constructor(app) {
    this.app = app;
    this.isOn = false;
    app.store.subscribe("frame", (frame) => this.follow(frame));
    document.addEventListener("visibilitychange", () => this.follow(app.store.frame));
  }

  toggle() {
    this.isOn = !this.isOn;
    if (this.isOn && !this.context) this.make();
    if (this.isOn) this.context.resume();
    this.follow(this.app.store.frame);
    this.app.announce(this.app.t(this.isOn ? "shell.sound.on" : "shell.sound.off"));
  }

  // A browser lets a page sound only after a click, so the generator is made in the first one.
  make() {
    this.context = new AudioContext();
    this.generator = new OscillatorNode(this.context, { type: "triangle" });
    this.volume = new GainNode(this.context, { gain: 0 });
    this.generator.connect(this.volume).connect(this.context.destination);
    this.generator.start();
  }

  follow(frame) {
    if (!this.context) return;
    const cost = frame?.updates?.costs.at(-1) ?? this.app.store.curves.costs.at(-1) ?? null;
    const isHeard = this.isOn && Boolean(frame?.is_playing) && cost !== null && !document.hidden;
    const now = this.context.currentTime;
    this.volume.gain.setTargetAtTime(isHeard ? VOLUME : 0, now, GLIDE);
    if (cost !== null) this.generator.frequency.setTargetAtTime(pitch(cost), now, GLIDE);
  }
}
