// Keeps "3 h ago" true while a page stands open, in the page's own language.
const words = JSON.parse(document.querySelector("meta[name=ui-words]")?.content ?? "{}");
const MINUTE = 60;
const HOUR = 3600;
const DAY = 86400;

function ago(seconds) {
  if (seconds < MINUTE) return words.now;
  const [unit, size] = seconds < HOUR ? ["min", MINUTE] : seconds < DAY ? ["h", HOUR] : ["d", DAY];
  return words[unit].replace("%(n)d", Math.floor(seconds / size));
}

function refresh() {
  for (const time of document.querySelectorAll("time[data-relative]")) {
    const seconds = (Date.now() - Date.parse(time.dateTime)) / 1000;
    // What lies ahead, and what is older than a week, keeps the words of the server.
    if (seconds >= 0 && seconds < 7 * DAY) time.textContent = ago(seconds);
  }
}

if (words.now) setInterval(refresh, MINUTE * 1000);
