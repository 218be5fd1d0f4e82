// What somebody types is kept on the server a second after they pause: never in the browser's storage.
const PAUSE_MS = 1000;
const RETRY_MS = 5000;
const words = JSON.parse(document.querySelector("meta[name=ui-words]")?.content ?? "{}");

function watch(form) {
  const state = form.querySelector("[data-autosave-state]");
  let timer = 0;
  let version = 0;

  const say = (text, trouble) => {
    if (!state) return;
    state.textContent = text;
    state.classList.toggle("is-trouble", trouble);
  };

  async function keep() {
    const sent = version;
    say(words.keeping, false);
    const answer = await fetch(form.dataset.autosaveUrl, {
      method: "POST",
      body: new FormData(form),
      headers: { "X-Requested-With": "autosave" },
    }).catch(() => null);
    if (sent !== version) return;
    if (answer?.ok && !answer.redirected) {
      say(words.kept, false);
      return;
    }
    // Refused is not the same as unreachable: trying again would not help, reading why does.
    const refused = answer && (answer.redirected || answer.status < 500);
    say(refused ? words.refused : words.not_kept, true);
    if (!refused) timer = setTimeout(keep, RETRY_MS);
  }

  form.addEventListener("input", () => {
    version += 1;
    clearTimeout(timer);
    timer = setTimeout(keep, PAUSE_MS);
  });
  form.addEventListener("submit", () => clearTimeout(timer));
}

document.querySelectorAll("form[data-autosave-url]").forEach(watch);
