/** What `diagnose` finds in the present network, with its advice. */

import { integer } from "../format.js";
import { html } from "./drawing.js";

export function mountDiagnosis(element, app) {
  const { t, store } = app;
  const button = html("button", { type: "button", text: t("views.diagnosis.run"), "data-hint": "views.diagnosis.run.hint", onclick: diagnose });
  const content = html("div", { class: "diagnosis", role: "region", "aria-label": t("views.diagnosis.title") }, html("p", { class: "picture-note", text: t("views.diagnosis.none") }));
  element.append(
    html("div", { class: "picture" }, html("div", { class: "picture-header" }, html("h3", { class: "picture-title", text: t("views.diagnosis.title"), "data-hint": "views.diagnosis.hint" }), html("div", { class: "picture-tools" }, button)), content),
  );
  let scene = null;
  store.subscribe("scene", (present) => {
    if (scene !== null && present.scene !== scene) content.replaceChildren(html("p", { class: "picture-note", text: t("views.diagnosis.none") }));
    scene = present.scene;
  });

  async function diagnose() {
    button.disabled = true;
    const answer = await app.act("diagnose");
    button.disabled = false;
    if (!answer) return;
    const { findings } = answer.fields;
    const summary = answer.fields.summary.charAt(0).toUpperCase() + answer.fields.summary.slice(1);
    const at = html("p", { class: "picture-note", text: t("views.diagnosis.at", { update: integer(store.frame?.update) }) });
    content.replaceChildren(html("p", { class: "diagnosis-summary", text: summary }), ...findings.map(finding), at);
    app.announce(summary);
  }

  function finding({ name, severity, where, what, advice }) {
    const place = where ? `${name}, ${where}` : name;
    return html(
      "article",
      { class: `finding severity-${severity}` },
      html("h4", {}, html("span", { class: "severity", text: severity }), ` ${place}`),
      html("p", { text: what }),
      html("p", { class: "advice", text: advice }),
    );
  }
}
