// The plane of the pictures of a table: two of its columns, or the two main directions of all of them.

import { h } from "../dom.js";
import { makeField } from "./controls.js";

export function mount(element, app) {
  const { t, store } = app;
  const view = (plane) => app.act("view", { plane });
  const kind = makeField(app, { name: "plane", kind: "names", key: "shell.plane.kind", oncommit: (value) => view(value === "pca" ? { kind: "pca" } : columnsPlane()) });
  const axes = ["x", "y"].map((axis) =>
    makeField(app, { name: `plane_${axis}`, kind: "names", key: `shell.plane.${axis}`, oncommit: (value) => view({ ...columnsPlane(), [axis]: value }) }),
  );
  const fields = [kind, ...axes];
  // There is no room for labels beside the title of the picture: they are spoken, and explained on hover.
  for (const field of fields) field.element.querySelector("label").classList.add("hidden");
  element.append(h("div", { class: "plane", role: "group", "aria-label": t("shell.plane.title") }, fields.map((field) => field.element)));

  function columnsPlane() {
    const { plane } = store.scene.view ?? {};
    if (plane?.kind === "columns") return { kind: "columns", x: plane.x, y: plane.y };
    const [x, y = x] = names();
    return { kind: "columns", x, y };
  }

  function names() {
    return store.scene.data.columns.map((column) => column.name);
  }

  store.subscribe("scene", ({ data, view: shown }) => {
    element.hidden = !data.is_table || !shown?.plane || data.columns.length < 2;
    if (element.hidden) return;
    kind.set(shown.plane.kind, ["columns", "pca"]);
    axes.forEach((axis, i) => {
      axis.element.hidden = shown.plane.kind !== "columns";
      if (!axis.element.hidden) axis.set(shown.plane[["x", "y"][i]], names());
    });
  });
}
