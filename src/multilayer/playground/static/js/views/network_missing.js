/** The buttons below wide layers, and the list of all units of a layer with the sizes of their weights. */

import { html, write } from "./drawing.js";
import { unitNorms } from "./network_layout.js";

const WIDTH = 96;

export class MissingUnits {
  constructor(network, app) {
    Object.assign(this, { network, app });
    this.box = html("div", { class: "no-export" });
    network.picture.body.append(this.box);
  }

  /** A button for each layer of which some units are not drawn. */
  build(missing, width) {
    const { t } = this.app;
    const buttons = missing.map(({ text, count, layer, x, y }) => {
      write(text, t("views.network.not_drawn", { count }));
      const button = html("button", { type: "button", class: "missing-units", "data-hint": "views.network.not_drawn_hint", text: text.textContent, onclick: () => this.#show(layer) });
      Object.assign(button.style, { left: `${Math.min(Math.max(0, x - WIDTH / 2), width - WIDTH)}px`, top: `${y - 12}px`, width: `${WIDTH}px` });
      return button;
    });
    const isHeld = this.box.contains(document.activeElement);
    this.box.replaceChildren(...buttons);
    if (isHeld) buttons[0]?.focus({ preventScroll: true });
  }

  #show(layer) {
    const { t, store } = this.app;
    const { network } = this;
    const sizes = store.scene.network.layer_sizes;
    const thetas = network.thetas();
    const norms = thetas ? unitNorms(thetas, sizes, layer) : new Array(sizes[layer - 1]).fill(null);
    const drawn = new Set(network.drawn[layer - 1]);
    const rows = Array.from(norms, (norm, unit) => [network.unitName(layer, unit), norm, t(drawn.has(unit) ? "views.network.yes" : "views.network.no")]);
    rows.sort((one, other) => other[1] - one[1]);
    const title = layer === 1 ? t("views.network.inputs") : layer === sizes.length ? t("views.network.outputs") : t("views.network.layer", { layer });
    const columns = ["unit", "size", "is_drawn"].map((name) => t(`views.network.columns.${name}`));
    network.picture.showTable([{ caption: title, columns, rows }], t("views.network.size_rule"));
  }
}
