// Lists under the hand: j and k move, Enter opens, x selects, any other key presses the row's own control for it.
const list = document.querySelector("[data-list]");
const rows = () => [...list.querySelectorAll("[data-row]")];
const current = () => list.querySelector("[data-row].is-at");

function moveTo(row) {
  current()?.classList.remove("is-at");
  row.classList.add("is-at");
  row.querySelector("[data-row-link]")?.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

function step(by) {
  const all = rows();
  const at = all.indexOf(current());
  const next = all[Math.min(all.length - 1, Math.max(0, at < 0 ? 0 : at + by))];
  if (next) moveTo(next);
}

function act(key) {
  const row = current();
  if (!row) return false;
  if (key === "Enter") row.querySelector("[data-row-link]")?.click();
  else if (key === "x") row.querySelector("[data-row-select]")?.click();
  else {
    const control = row.querySelector(`[data-row-key="${CSS.escape(key)}"]`);
    control?.click();
    return Boolean(control);
  }
  return true;
}

list?.addEventListener("focusin", (event) => {
  const row = event.target.closest("[data-row]");
  if (row && row !== current()) {
    current()?.classList.remove("is-at");
    row.classList.add("is-at");
  }
});

// Capture: the row's own keys come before those of the page.
document.addEventListener("keydown", (event) => {
  if (!list || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog:modal")) return;
  if (event.target.matches("textarea, select, input:not([type=checkbox], [type=radio])")) return;
  // On a link or button Enter already means that link or button.
  if (event.key === "Enter" && event.target !== document.body) return;
  const moved = { j: 1, k: -1 }[event.key];
  if (moved) step(moved);
  else if (!act(event.key)) return;
  event.preventDefault();
  event.stopPropagation();
}, { capture: true });
