// "?" opens a sheet of every key that works on this page, read from the page itself.
const sheet = document.getElementById("key-sheet");
const list = sheet?.querySelector("[data-key-list]");
const opener = document.querySelector("[data-dialog=key-sheet]");

function row(key, label) {
  const line = document.createElement("div");
  const name = document.createElement("dt");
  const keys = document.createElement("dd");
  name.textContent = label;
  for (const part of key.split(" ")) {
    const cap = document.createElement("kbd");
    cap.className = "key";
    cap.textContent = part;
    keys.append(cap);
  }
  line.append(name, keys);
  return line;
}

function fill() {
  const found = new Map();
  for (const element of document.querySelectorAll("[data-key-label]")) {
    const key = element.dataset.key ?? element.dataset.rowKey;
    // A key may mean one thing in a closed menu and another beside it: what can be pressed now is what counts.
    const live = element.checkVisibility() || element.closest(".rail");
    if (key && live && !found.has(key)) found.set(key, element.dataset.keyLabel);
  }
  if (document.querySelector("[data-list]")) {
    for (const key of ["j", "k", "Enter", "x"]) found.set(key, list.dataset[`label${key[0].toUpperCase()}${key.slice(1)}`]);
  }
  found.set("Esc", list.dataset.labelClose).set("?", list.dataset.labelSheet);
  list.replaceChildren(...[...found].map(([key, label]) => row(key, label)));
}

if (sheet && opener) {
  opener.hidden = false;
  opener.dataset.key = "?";
  // Before the dialog opens, so that it opens at its right height.
  opener.addEventListener("click", fill, { capture: true });
}
