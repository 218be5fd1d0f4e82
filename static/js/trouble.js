// When a part of the page cannot be fetched, says so in a message and leaves the page, and what was typed on it, alone.
const words = JSON.parse(document.querySelector("meta[name=ui-words]")?.content ?? "{}");
const tray = document.getElementById("toasts");

function say(text, link) {
  const toast = document.createElement("div");
  const line = document.createElement("p");
  toast.className = "toast is-warning";
  toast.dataset.toast = toast.dataset.toastStays = "";
  line.textContent = text;
  if (link) {
    const again = document.createElement("a");
    again.href = link;
    again.target = "_blank";
    again.rel = "noopener";
    again.textContent = words.sign_in;
    line.append(" ", again);
  }
  toast.append(line);
  tray?.replaceChildren(toast);
}

// A whole page as the answer to a request for a part: an error page, or the sign-in page after a session ended.
function explain(xhr) {
  if (new URL(xhr.responseURL || location.href).pathname === words.login) {
    say(words.signed_out, words.login);
    return;
  }
  const page = new DOMParser().parseFromString(xhr.responseText, "text/html");
  const heading = page.querySelector("main h1")?.textContent.trim();
  const sentence = page.querySelector("main h1 + p")?.textContent.trim();
  say(heading ? `${heading}. ${sentence ?? ""}` : words.broken);
}

const isWholePage = (xhr) => /^\s*<!doctype/i.test(xhr.responseText);

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (!isWholePage(detail.xhr)) return;
  detail.shouldSwap = false;
  explain(detail.xhr);
});
document.addEventListener("htmx:responseError", ({ detail }) => {
  if (!isWholePage(detail.xhr)) say(words.broken);
});
document.addEventListener("htmx:sendError", () => say(words.offline));
document.addEventListener("htmx:timeout", () => say(words.offline));
