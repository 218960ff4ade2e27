// Sets theme and language before the first paint. Reads storage, changes nothing.
(() => {
  const root = document.documentElement;
  const read = (key) => {
    try {
      return localStorage.getItem(key);
    } catch {
      return null;
    }
  };
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = read("tidepool.theme") || (dark ? "dark" : "light");
  root.lang = read("tidepool.language") || (/^zh/i.test(navigator.language) ? "zh-CN" : "en");
})();
