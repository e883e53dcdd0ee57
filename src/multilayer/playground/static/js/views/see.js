/** The instruments: confusion or residuals, the vital signs of the layers, importance, diagnosis. */

import { mountConfusion } from "./confusion.js";
import { mountDiagnosis } from "./diagnosis.js";
import { html } from "./drawing.js";
import { mountImportance } from "./importance.js";
import { mountVitals } from "./vitals.js";

export function mount(element, app) {
  const box = html("div", { class: "see" });
  element.append(box);
  for (const mountOne of [mountConfusion, mountVitals, mountImportance, mountDiagnosis]) {
    const card = html("div", { class: "see-card" });
    box.append(card);
    mountOne(card, app);
  }
}
