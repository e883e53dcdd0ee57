// What the page knows: the scene, the newest frame, the curves so far, the selection. Modules read it and subscribe to it.

const CURVES = ["costs", "validation_costs", "validation_scores"];

/** The fields of an answer with its arrays: `scene.points` stays JSON, `scene.arrays.get("points")` is the array. */
function joined(answer) {
  const { id, arrays, ...fields } = answer.fields;
  return { ...fields, arrays: answer.arrays };
}

export class Store {
  constructor() {
    this.scene = null;
    this.frame = null;
    this.curves = emptyCurves();
    this.selection = null;
    this.cursor = null;
    this.seeds = null;
    this.message = null;
    this.subscribers = new Map();
  }

  /** Calls `callback(value)` whenever the topic changes; returns the function that ends it. */
  subscribe(topic, callback) {
    const callbacks = this.subscribers.get(topic) ?? new Set();
    this.subscribers.set(topic, callbacks.add(callback));
    return () => callbacks.delete(callback);
  }

  publish(topic) {
    for (const callback of [...(this.subscribers.get(topic) ?? [])]) {
      try {
        callback(this[topic]);
      } catch (error) {
        // A fault in one picture must not stop the others.
        console.error(error);
      }
    }
  }

  setScene(answer) {
    const before = this.scene;
    this.scene = joined(answer);
    if (before !== null && !sameLayers(before, this.scene)) this.select(null);
    if (before !== null && before.scene !== this.scene.scene) this.setSeeds(null);
    this.publish("scene");
  }

  /** Puts the answer of `view` in the scene: the plane and the points on it. */
  setView(answer) {
    const arrays = new Map([...this.scene.arrays, ...answer.arrays]);
    this.scene = { ...this.scene, view: answer.fields.view, arrays };
    this.publish("scene");
  }

  setLesson(lesson) {
    this.scene = { ...this.scene, lesson };
    this.publish("scene");
  }

  setFrame(answer) {
    // A frame of another scene has other layers or other data.
    if (answer.fields.scene !== this.scene?.scene) return;
    this.frame = joined(answer);
    this.appendCurves(this.frame);
    this.publish("frame");
  }

  appendCurves(frame) {
    const { from = 0, ...news } = frame.curves ?? {};
    if (frame.run !== this.curves.run || from === 0) this.curves = emptyCurves();
    this.curves.run = frame.run;
    for (const name of CURVES) {
      const curve = this.curves[name];
      curve.length = Math.min(curve.length, from);
      for (const value of news[name] ?? []) curve.push(value);
    }
  }

  /** What the page has already, for the request `frame`. */
  have() {
    if (this.frame === null) return {};
    return {
      scene: this.frame.scene,
      run: this.frame.run,
      epochs: this.curves.costs.length,
      view: this.frame.view,
    };
  }

  select(selection) {
    this.selection = selection;
    this.publish("selection");
  }

  setCursor(epoch) {
    if (epoch === this.cursor) return;
    this.cursor = epoch;
    this.publish("cursor");
  }

  setSeeds(seeds) {
    this.seeds = seeds;
    this.publish("seeds");
  }

  /** `{text, kind: "error" | "note", parameter}` or null. */
  setMessage(message) {
    this.message = message;
    this.publish("message");
  }
}

function emptyCurves() {
  return { run: null, costs: [], validation_costs: [], validation_scores: [] };
}

function sameLayers(one, other) {
  return String(one.network.layer_sizes) === String(other.network.layer_sizes);
}
