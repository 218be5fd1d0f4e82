// One keyboard for every page: an element with data-key="c" (or a sequence, "g q") is pressed or focused by that key.
const SEQUENCE_MS = 900;
let pending = "";
let timer = 0;

const isTyping = (target) =>
  target.isContentEditable ||
  target.matches("textarea, select, input:not([type=radio], [type=checkbox], [type=button], [type=submit])");

// A control counts only where it can be seen and no dialog lies above it.
const usable = (element) => {
  const dialog = document.querySelector("dialog:modal");
  return element.checkVisibility() && !element.disabled && (!dialog || dialog.contains(element));
};

const find = (key) =>
  [...document.querySelectorAll(`[data-key="${CSS.escape(key)}"]`)].find((element) => element.closest(".rail") || usable(element));

const startsSequence = (key) => document.querySelector(`[data-key^="${CSS.escape(`${key} `)}"]`) !== null;

function press(element) {
  if (element.matches("textarea, select, input:not([type=radio], [type=checkbox])")) {
    element.focus();
    element.select?.();
    return;
  }
  element.focus({ preventScroll: true });
  element.click();
  // What a key unfolds is shown whole where the window is high enough for it, and the choices can be read.
  if (element.matches("summary") && element.parentElement.open) element.parentElement.scrollIntoView({ block: "nearest" });
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (isTyping(event.target)) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const key = pending ? `${pending} ${event.key}` : event.key;
  pending = "";
  clearTimeout(timer);
  const element = find(key);
  if (element && !(document.querySelector("dialog:modal") && !element.closest("dialog"))) {
    event.preventDefault();
    press(element);
  } else if (startsSequence(key)) {
    pending = key;
    timer = setTimeout(() => (pending = ""), SEQUENCE_MS);
  }
});

document.querySelector("[data-focus]")?.focus();
